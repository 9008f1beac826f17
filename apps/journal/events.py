"""Recording what happened. One statement writes the events and the deliveries to their receivers."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from apps.core import arrays, clock
from apps.core.actors import Actor
from apps.journal import doorbell, receivers
from apps.journal.models import Event


@dataclass(frozen=True, slots=True)
class Ref:
    """A subject by type (`app.model`) and id, for whoever has no object at hand."""

    type: str
    id: UUID


def ref(subject: models.Model | Ref) -> Ref:
    return subject if isinstance(subject, Ref) else Ref(subject._meta.label_lower, subject.pk)


@dataclass(slots=True)
class NewEvent:
    """An event to be recorded. `data` must be JSON and hold no personal data."""

    kind: str
    subject: models.Model | Ref
    actor: Actor
    data: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    at: datetime | None = None


_CANONICAL = DjangoJSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the same value is always the same bytes."""
    return _CANONICAL.encode(value).encode()


def commitment(salt: bytes, data: dict[str, Any], reason: str) -> bytes:
    """What the leaf knows of the free part of an event."""
    return _commitment(salt, canonical(data), reason)


def _commitment(salt: bytes, data: bytes, reason: str) -> bytes:
    return hashlib.sha256(salt + b"[" + data + b"," + canonical(reason) + b"]").digest()


def digest(text: str, *, of: models.Model) -> str:
    """What an event keeps of a text that lives in a row of its own: changing the row later does not go unnoticed.

    SHA-256 over the row's id and the text, hexadecimal. `verification.witness` compares.
    """
    return hashlib.sha256(f"{of.pk}\x1f{text}".encode()).hexdigest()


def record(
    kind: str,
    *,
    subject: models.Model | Ref,
    actor: Actor,
    data: dict[str, Any] | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> Event:
    """Record one event inside the caller's transaction and return it with its id (ARC-02)."""
    return record_many([NewEvent(kind, subject, actor, data or {}, reason, at)])[0]


def record_many(new: Sequence[NewEvent]) -> list[Event]:
    """Record events in order with one statement; their deliveries are written by the same statement.

    Raises RuntimeError outside a transaction: an event without its change, or the reverse, must not exist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("events are recorded inside the transaction of what they tell")
    if not new:
        return []
    built = [_build(n) for n in new]
    events = [event for event, _ in built]
    names = _receivers_of({e.kind for e in events})
    with connection.cursor() as cursor:
        cursor.execute(*_statement(built, names))
        for event, (event_id,) in zip(events, cursor.fetchall(), strict=True):
            event.id = event_id
    if names:
        doorbell.ring("journal.deliver")
    return events


def _build(new: NewEvent) -> tuple[Event, bytes]:
    """The event and its data in canonical form."""
    subject = ref(new.subject)
    # What the database returns must hash like what was given: JSON text has no tuples, Decimals or datetimes.
    data = json.loads(canonical(new.data)) if new.data else {}
    text, salt = canonical(data), os.urandom(16)
    event = Event(
        kind=new.kind,
        subject_type=subject.type,
        subject_id=subject.id,
        actor_kind=new.actor.kind,
        actor_label=new.actor.label,
        actor_id=new.actor.user_id,
        at=new.at or clock.now(),
        reason=new.reason,
        data=data,
        salt=salt,
        commitment=_commitment(salt, text, new.reason),
    )
    return event, text


def _receivers_of(kinds: Iterable[str]) -> list[tuple[str, str]]:
    return [(kind, name) for kind in kinds for name in receivers.names_for(kind)]


_COLUMNS = {
    "kind": "text", "subject_type": "text", "subject_id": "uuid", "actor_kind": "text", "actor_label": "text",
    "actor_id": "bigint", "at": "timestamptz", "reason": "text", "data": "jsonb", "salt": "bytea", "commitment": "bytea",
}  # fmt: skip
_ROW = f"({', '.join(f'%s::{type_}' for type_ in _COLUMNS.values())})"
_ARRAYS = ", ".join(f"%s::{type_}[]" for type_ in _COLUMNS.values())
_FEW = 10  # up to here parameters are quicker, beyond it one array a column, by far


def _statement(built: list[tuple[Event, bytes]], names: list[tuple[str, str]]) -> tuple[str, list[Any]]:
    rows = [_row(event, text) for event, text in built]
    params: list[Any]
    if len(rows) <= _FEW:
        source, params = f"VALUES {', '.join([_ROW] * len(rows))}", [value for row in rows for value in row]
    else:
        source, params = f"SELECT * FROM unnest({_ARRAYS})", [arrays.literal(c) for c in zip(*rows, strict=True)]
    insert = f"INSERT INTO journal_event ({', '.join(_COLUMNS)}) {source}"
    if not names:
        return f"{insert} RETURNING id", params
    for pair in names:
        params += pair
    pairs = ", ".join(["(%s, %s)"] * len(names))
    return (
        f"WITH e AS ({insert} RETURNING id, kind, at),"
        " d AS (INSERT INTO journal_delivery (event_id, receiver, due_at, attempts, error)"
        f" SELECT e.id, r.name, e.at, 0, '' FROM e JOIN (VALUES {pairs}) AS r (kind, name) ON r.kind = e.kind)"
        " SELECT id FROM e ORDER BY id",
        params,
    )


def _row(e: Event, data: bytes) -> tuple[Any, ...]:
    who = (e.actor_kind, e.actor_label, e.actor_id)
    return (e.kind, e.subject_type, str(e.subject_id), *who, e.at, e.reason, data.decode(), e.salt, e.commitment)
