"""Reading a text by the keyword library, and by the learned models where the keywords are unsure; in one thread."""

import argparse
import csv
import time
from itertools import islice
from statistics import median

from apps.triage import rulebook
from apps.triage.folding import fold
from apps.triage.learning.targets import CLEAR_TONE
from apps.triage.services.classify import classify, listen
from bench.report import line
from bench.texts import texts

GOAL_SURE = 20  # µs; the keywords stand alone
GOAL_ASKED = 150  # the learned models have their say


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench classify", description=__doc__)
    parser.add_argument("--csv", help="texts from the column `text` of a UTF-8 file, instead of made-up ones")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    sample = _from_file(options.csv) if options.csv else list(islice(texts(), 20_000))
    asked = [not _is_sure(text) for text in sample]
    for name, wanted, goal in (("keywords sure", False, GOAL_SURE), ("models asked", True, GOAL_ASKED)):
        some = [text for text, is_asked in zip(sample, asked, strict=True) if is_asked == wanted]
        if some:
            _measure(name, some, goal, options.rounds, len(sample))


def _is_sure(text: str) -> bool:
    said = listen(rulebook.current(), fold(text))
    return said.clear and abs(said.tone) >= CLEAR_TONE


def _measure(name: str, sample: list[str], goal: int, count: int, whole: int) -> None:
    rounds = []
    for _ in range(count):
        began = time.process_time()  # not slowed by neighbours
        for text in sample:
            classify(text)
        rounds.append((time.process_time() - began) / len(sample) * 1e6)
    other = sum(classify(text).category == "other" for text in sample)
    line("classify", name, median(rounds), "µs", goal=goal, ratio=round(goal / median(rounds), 3), texts=len(sample),
         share=round(len(sample) / whole, 3), characters=round(sum(map(len, sample)) / len(sample)),
         share_of_other=round(other / len(sample), 4))  # fmt: skip


def _from_file(name: str) -> list[str]:
    with open(name, encoding="utf-8-sig", newline="") as handle:
        return [row["text"] for row in csv.DictReader(handle)]
