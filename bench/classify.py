"""Reading a text by the keyword library, in one thread."""

import argparse
import csv
import time
from itertools import islice
from statistics import median

from apps.triage.services.classify import classify
from bench.report import line
from bench.texts import texts

GOAL = 20


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench classify", description=__doc__)
    parser.add_argument("--csv", help="texts from the column `text` of a UTF-8 file, instead of made-up ones")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    sample = _from_file(options.csv) if options.csv else list(islice(texts(), 20_000))
    classify(sample[0])  # reads the library
    rounds = []
    for _ in range(options.rounds):
        began = time.process_time()  # not slowed by neighbours
        for text in sample:
            classify(text)
        rounds.append((time.process_time() - began) / len(sample) * 1e6)
    other = sum(classify(text).category == "other" for text in sample)
    line("classify", "text", median(rounds), "µs", goal=GOAL, ratio=round(GOAL / median(rounds), 3), texts=len(sample),
         characters=round(sum(map(len, sample)) / len(sample)), share_of_other=round(other / len(sample), 4))  # fmt: skip


def _from_file(name: str) -> list[str]:
    with open(name, encoding="utf-8-sig", newline="") as handle:
        return [row["text"] for row in csv.DictReader(handle)]
