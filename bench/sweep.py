"""The sweep over a million open deadlines, and the cost of starting the clocks of one ticket."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from bench.report import line, say

NONE_DUE_GOAL, BREACHES_GOAL = 2.0, 100.0  # ms
BREACHES = 1_000
INSERT = """
INSERT INTO sla_deadline (id, created_at, subject_type, subject_id, metric, purpose, policy_id, department_id, state,
    started_at, due_at, warn_at, next_check_at, level, hand_by, hand_reason)
SELECT uuidv7(), now(), 'feedback.ticket', uuidv7(), 'resolution', 'obligation', %(policy)s, NULL,
    'open', %(now)s - interval '1 day', %(now)s + n * interval '1 second', %(now)s + n * interval '0.8 second',
    %(now)s + n * interval '0.8 second', 0, '', ''
FROM generate_series(1, %(rows)s) AS n
"""
OVERDUE = """
UPDATE sla_deadline SET warned_at = due_at - interval '1 hour', due_at = %(now)s, next_check_at = %(now)s
WHERE id IN (SELECT id FROM sla_deadline WHERE breached_at IS NULL ORDER BY id LIMIT %(breaches)s)
"""


def main(arguments: list[str]) -> None:
    """Django must be set up on a scratch database."""
    parser = argparse.ArgumentParser(prog="script/bench sweep", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="open deadlines")
    parser.add_argument("--rounds", type=int, default=20, help="batches of 1,000 breaches")
    options = parser.parse_args(arguments)
    _sweeps(options.rows, options.rounds)
    _starts()


def _sweeps(rows: int, rounds: int) -> None:
    from apps.core import clock
    from apps.journal import receivers
    from apps.sla import events
    from apps.sla.models import Policy
    from apps.sla.services.sweep import sweep

    now = clock.now()
    say(f"inserting {rows:,} open deadlines")
    _sql(INSERT, now=now, policy=Policy.objects.get(code="resolution").pk, rows=rows)
    _sql("VACUUM ANALYZE sla_deadline")
    _measure("none_due", NONE_DUE_GOAL, 200, lambda: sweep(now=now), rows=rows)
    _measure(
        "1000_breaches", BREACHES_GOAL, rounds, lambda: _breach(now),
        before=lambda: _sql(OVERDUE, now=now, breaches=BREACHES), rows=rows,
        deliveries=BREACHES * len(receivers.names_for(events.BREACHED)), bad=0,
    )  # fmt: skip
    _measure("none_due_afterwards", NONE_DUE_GOAL, 200, lambda: sweep(now=now), rows=rows)


def _breach(now: datetime) -> None:
    from apps.sla.services.sweep import sweep

    result = sweep(now=now)
    if (result.checked, result.breached) != (BREACHES, BREACHES):
        sys.exit(f"the sweep did something else: {result}")


def _starts(times: int = 3_000) -> None:
    """Three clocks of a subject that is not inserted yet, as at a ticket's intake."""
    from django.db import transaction

    from apps.core import clock
    from apps.sla.models import Policy
    from apps.sla.services import deadlines

    facts = deadlines.Facts("complaint", "normal", "online", "normal", None)
    metrics, at = ("first_response", "acceptance", "resolution"), clock.now() - timedelta(minutes=1)
    subjects = [Policy() for _ in range(times + 1)]  # any noun will do
    with transaction.atomic():
        deadlines.start(subjects.pop(), metrics, facts, at=at)
        whole, python = time.perf_counter(), time.process_time()
        for subject in subjects:
            deadlines.start(subject, metrics, facts, at=at)
        whole, python = time.perf_counter() - whole, time.process_time() - python
        transaction.set_rollback(True)
    line("sweep", "start_3_clocks", whole / times * 1e6, "µs", python=round(python / times * 1e6))


def _measure(
    name: str, goal: float, rounds: int, act: Callable[[], object], before: Callable[[], object] | None = None,
    **more: object,
) -> None:  # fmt: skip
    taken = []
    for _ in range(rounds):
        if before:
            before()
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1_000)
    spread = {"best": round(min(taken), 2), "worst": round(max(taken), 2)}
    line("sweep", name, median(taken), "ms", goal=goal, ratio=round(median(taken) / goal, 3), **spread, **more)


def _sql(statement: str, **values: object) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


if __name__ == "__main__":
    from bench import scratch

    with scratch.database():
        main(sys.argv[1:])
