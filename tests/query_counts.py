"""The checked-in number of SQL queries per page: a page that asks more fails with the list of what it asked."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.feedback.selectors import desk_rules
from apps.sla import rules
from apps.triage import rulebook

FILE = Path(__file__).parent / "query_counts.json"
UPDATE = "UPDATE_QUERY_COUNTS"


@contextmanager
def count_queries(name: str) -> Iterator[None]:
    """Fails when the block sends more queries than `name` has in query_counts.json; UPDATE_QUERY_COUNTS=1 writes it."""
    with rules_at_hand(), CaptureQueriesContext(connection) as captured:
        yield
    if os.environ.get(UPDATE):
        _write(name, len(captured))
        return
    allowed = json.loads(FILE.read_text()).get(name)
    asked = "\n".join(f"{i:3} {query['sql']}" for i, query in enumerate(captured.captured_queries, 1))
    assert allowed is not None, f"{name} has no number yet: run with {UPDATE}=1. It sent {len(captured)}:\n{asked}"
    assert len(captured) <= allowed, f"{name} sent {len(captured)} queries, {allowed} are allowed:\n{asked}"


@contextmanager
def rules_at_hand() -> Iterator[None]:
    """Rules in memory are asked for their version once a second: a count must not depend on when that was."""
    rules.current()
    rulebook.current()
    desk_rules.rules()
    with (
        patch.object(rules, "CHECK_SECONDS", inf),
        patch.object(rulebook, "CHECK_EVERY_SECONDS", inf),
        patch.object(desk_rules, "RULES_SECONDS", inf),
    ):
        yield


def _write(name: str, count: int) -> None:
    with FILE.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # several test processes may write at once
        counts = json.load(handle)
        counts[name] = count
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps(counts, indent=2, sort_keys=True) + "\n")
