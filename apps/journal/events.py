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

from apps.core import clock
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


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the same value is always the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder).encode()


def commitment(salt: bytes, data: dict[str, Any], reason: str) -> bytes:
    """What the leaf knows of the free part of an event."""
    return hashlib.sha256(salt + canonical([data, reason])).digest()


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
    events = [_build(n) for n in new]
    names = _receivers_of({e.kind for e in events})
    with connection.cursor() as cursor:
        cursor.execute(*_statement(events, names))
        for event, (event_id,) in zip(events, cursor.fetchall(), strict=True):
            event.id = event_id
    if names:
        doorbell.ring("journal.deliver")
    return events


def _build(new: NewEvent) -> Event:
    subject = ref(new.subject)
    # What the database returns must hash like what was given: JSON text has no tuples, Decimals or datetimes.
    data = json.loads(canonical(new.data)) if new.data else {}
    salt = os.urandom(16)
    return Event(
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
        commitment=commitment(salt, data, new.reason),
    )


def _receivers_of(kinds: Iterable[str]) -> list[tuple[str, str]]:
    return [(kind, name) for kind in kinds for name in receivers.names_for(kind)]


_EVENT_COLUMNS = "kind, subject_type, subject_id, actor_kind, actor_label, actor_id, at, reason, data, salt, commitment"
_EVENT_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)"


def _statement(events: list[Event], names: list[tuple[str, str]]) -> tuple[str, list[Any]]:
    params: list[Any] = []
    for e in events:
        params += [
            e.kind, e.subject_type, str(e.subject_id), e.actor_kind, e.actor_label, e.actor_id, e.at, e.reason,
            canonical(e.data).decode(), e.salt, e.commitment,
        ]  # fmt: skip
    insert = f"INSERT INTO journal_event ({_EVENT_COLUMNS}) VALUES {', '.join([_EVENT_ROW] * len(events))}"
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
