"""Writing deadlines: one statement however many rows."""

from collections.abc import Sequence

from django.db import connection

from apps.core import clock
from apps.journal.events import Ref
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
THRESHOLDS = ("state", "next_check_at", "warned_at", "breached_at", "level", "ended_at")
ENDING = ("state", "next_check_at", "paused_at", "breached_at", "ended_at")
EVERYTHING = tuple(TYPES)

_INSERT = """
INSERT INTO sla_deadline (id, created_at, subject_type, subject_id, metric, purpose, policy_id, department_id, state,
    started_at, due_at, warn_at, next_check_at, paused_at, level, hand_by, hand_reason)
SELECT v.id, v.created_at, v.subject_type, v.subject_id, v.metric, v.purpose, v.policy_id, v.department_id, 'open',
    v.started_at, v.due_at, v.warn_at, CASE WHEN p.began_at IS NULL THEN v.next_check_at END,
    CASE WHEN p.began_at IS NOT NULL THEN GREATEST(p.began_at, v.started_at) END, 0, '', ''
FROM (VALUES {rows}) AS v (id, created_at, subject_type, subject_id, metric, purpose, policy_id, department_id,
    started_at, due_at, warn_at, next_check_at, pausable)
LEFT JOIN sla_pause p ON p.subject_id = v.subject_id AND p.ended_at IS NULL AND v.pausable
ON CONFLICT (subject_id, metric) WHERE state = 'open' DO NOTHING
RETURNING id, paused_at
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s::bigint, %s, %s, %s::timestamptz, %s::timestamptz, %s)"


def insert(new: Sequence[Deadline], subject: Ref, pausable: Sequence[bool]) -> list[Deadline]:
    """Insert open deadlines of one subject with one statement; those it holds open already are left out.

    What is pausable begins paused while the subject waits for the customer.
    """
    created_at, params = clock.now(), []
    for d, can_pause in zip(new, pausable, strict=True):
        params += [
            d.id, created_at, subject.type, subject.id, d.metric, d.purpose, d.policy_id, d.department_id,
            d.started_at, d.due_at, d.warn_at, d.next_check_at, can_pause,
        ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(rows=", ".join([_ROW] * len(new))), params)
        paused = dict(cursor.fetchall())
    inserted = [d for d in new if d.id in paused]
    for d in inserted:
        d.created_at, d.paused_at = created_at, paused[d.id]
        if d.paused_at is not None:
            d.next_check_at = None
    return inserted


def save(changed: Sequence[Deadline], columns: Sequence[str]) -> None:
    """Write `columns` of locked rows with one UPDATE."""
    if not changed:
        return
    arrays = ", ".join(f"%s::{TYPES[c]}[]" for c in columns)
    sets = ", ".join(f"{c} = v.{c}" for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE sla_deadline d SET {sets} FROM unnest(%s::uuid[], {arrays}) AS v (id, {', '.join(columns)})"
            " WHERE d.id = v.id",
            [[d.id for d in changed], *([getattr(d, c) for d in changed] for c in columns)],
        )
