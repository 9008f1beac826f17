"""Writing deadlines: one statement however many rows."""

from collections.abc import Sequence
from functools import cache

from django.db import connection

from apps.core import arrays, clock
from apps.sla.models import Deadline

# What may change after the insert, with its type in PostgreSQL.
TYPES = {
    "policy_id": "uuid",
    "department_id": "bigint",
    "state": "text",
    "due_at": "timestamptz",
    "warn_at": "timestamptz",
    "next_check_at": "timestamptz",
    "paused_at": "timestamptz",
    "warned_at": "timestamptz",
    "breached_at": "timestamptz",
    "level": "smallint",
    "ended_at": "timestamptz",
    "hand_due_at": "timestamptz",
    "hand_set_at": "timestamptz",
    "hand_by": "text",
    "hand_reason": "text",
}
TIMES = ("policy_id", "department_id", "due_at", "warn_at", "next_check_at", "paused_at")
THRESHOLDS = ("next_check_at", "warned_at", "breached_at", "level")
FIRED = ("state", "next_check_at", "ended_at")
ENDING = ("state", "next_check_at", "paused_at", "breached_at", "ended_at")
EVERYTHING = tuple(TYPES)

_INSERT = """INSERT INTO sla_deadline (created_at, subject_type, subject_id, department_id, started_at, state, level,
    hand_by, hand_reason, id, metric, purpose, policy_id, due_at, warn_at, next_check_at, paused_at) VALUES """
# What the rows share stands under one name each: it is quoted once.
_SHARED = "%(now)s, %(type)s, %(subject)s, %(department)s, %(start)s, 'open', 0, '', ''"
_OWN = ("id", "metric", "purpose", "policy_id", "due_at", "warn_at", "next_check_at", "paused_at")
_UNLESS_OPEN = " ON CONFLICT (subject_id, metric) WHERE state = 'open' DO NOTHING RETURNING id"


def insert(new: Sequence[Deadline], *, subject_is_new: bool) -> list[Deadline]:
    """Insert open deadlines of one subject, start and department with one statement; returns those inserted.

    What is open already stays as it is. A subject that is new itself has nothing open, which spares the database a
    fifth of the work.
    """
    first, now = new[0], clock.now()
    # Text is quoted twice as quickly as ids and moments are.
    params: dict[str, str | int | None] = {
        "now": str(now), "type": first.subject_type, "subject": str(first.subject_id), "start": str(first.started_at),
        "department": first.department_id,
    }  # fmt: skip
    for i, deadline in enumerate(new):
        deadline.created_at = now
        for name in _OWN:
            value = getattr(deadline, name)
            params[f"{name}{i}"] = None if value is None else str(value)
    statement = _INSERT + ", ".join([_row(i) for i in range(len(new))])
    with connection.cursor() as cursor:
        if subject_is_new:
            cursor.execute(statement, params)
            return list(new)
        cursor.execute(statement + _UNLESS_OPEN, params)
        inserted = {row[0] for row in cursor.fetchall()}
    return [d for d in new if d.id in inserted]


@cache
def _row(i: int) -> str:
    return f"({_SHARED}, {', '.join(f'%({name}{i})s' for name in _OWN)})"


def save(changed: Sequence[Deadline], columns: Sequence[str]) -> None:
    """Write `columns` of locked rows with one UPDATE."""
    if not changed:
        return
    types = ", ".join(f"%s::{TYPES[c]}[]" for c in columns)
    sets = ", ".join(f"{c} = v.{c}" for c in columns)
    ids = arrays.literal([d.id for d in changed])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE sla_deadline d SET {sets} FROM unnest(%s::uuid[], {types}) AS v (id, {', '.join(columns)})"
            " WHERE d.id = v.id AND d.id = ANY (%s::uuid[])",  # by index, whatever the statistics say
            [ids, *(arrays.literal([getattr(d, c) for d in changed]) for c in columns), ids],
        )
