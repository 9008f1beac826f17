"""Taking in feedback over HTTP: ours, with everything that happens at once, against one INSERT by a bare DRF view."""

import argparse
import json
import random
from itertools import count, islice
from statistics import median

from django.db import connection

from apps.accounts.services import api_keys
from apps.core.actors import system
from bench import load, web
from bench.report import line, ratio, say
from bench.texts import texts

GOAL = 0.5
BODIES = 2_000
RETURNING_PERCENT = 30  # of the senders have written before
PERSON = b"00000000"  # where a request holds the last digits of the sender's phone


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench intake", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="per round and side")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    key = api_keys.create("bench", ["tickets:read", "tickets:write"], actor=system("bench")).clear
    sides = {"ours": _cycle(_ours(key)), "bare": _cycle(_bare())}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    with web.server() as server:
        for make in sides.values():
            load.run(server, make, _made, 1.0)  # warm
        before = _tickets()
        answered = 0
        for number in range(options.rounds):
            for name, make in sides.items():
                result = load.run(server, make, _made, options.seconds)
                rates[name].append(result.per_second)
                costs[name].append(result.cpu_ms)
                answered += len(result.milliseconds) - result.bad if name == "ours" else 0
                line("intake", name, result.per_second, "tickets/s", round=number + 1, bad=result.bad,
                     cpu_ms=result.cpu_ms, p50_ms=result.percentile(50), p95_ms=result.percentile(95))  # fmt: skip
                if result.bad:
                    say(f"bad answer: {result.first_bad}")
    line("intake", "ratio", median(rates["ours"]), "tickets/s", ratio=ratio(rates["ours"], rates["bare"]), goal=GOAL,
         cpu_ratio=ratio(costs["bare"], costs["ours"]), lost=answered - (_tickets() - before), gaps=_gaps())  # fmt: skip


def _made(status: int, body: bytes) -> bool:
    return status == 201 and b'"number":"' in body


def _cycle(requests: list[bytes]) -> load.Make:
    """Each request in turn, for all threads; most come from somebody new, some from one of fifty who wrote before."""
    position = count(10_000_000)

    def make() -> bytes:
        number = next(position)
        person = number % 50 if number % 100 < RETURNING_PERCENT else number
        return requests[number % len(requests)].replace(PERSON, b"%08d" % person)

    return make


def _ours(key: str) -> list[bytes]:
    made = []
    choose = random.Random(1)
    for text in islice(texts(), BODIES):
        body = {
            "text": text,
            "contact": {"name": "张三", "phone": f"138{PERSON.decode()}"},
            "kind": choose.choice(["complaint", "complaint", "fault", "inquiry", "suggestion"]),
            "channel": "app",
            "product": "QC-100",
            "place": "浙江杭州",
        }
        raw = json.dumps(body, ensure_ascii=False).encode()
        made.append(load.request("POST", "/api/v1/tickets/", raw, authorization=f"Bearer {key}"))
    return made


def _bare() -> list[bytes]:
    made = []
    for text in islice(texts(), BODIES):
        body = {
            "description": text,
            "title": text[:60],
            "kind": "complaint",
            "channel": "app",
            "product_text": "QC-100",
            "place": "浙江杭州",
        }
        made.append(load.request("POST", "/bare/tickets/", json.dumps(body, ensure_ascii=False).encode()))
    return made


def _tickets() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM feedback_ticket")
        return int(cursor.fetchone()[0])


def _gaps() -> int:
    """Numbers missing or used twice, by serial."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(split_part(number, '-', 2)::bigint) - count(DISTINCT number) FROM feedback_ticket")
        return int(cursor.fetchone()[0])
