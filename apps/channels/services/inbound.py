"""What comes through a door: kept first, once per sender's id, and made something of afterwards (INT-01, INT-14).

A row is committed before anybody is answered. `handle` leases rows, one at a time: what its handler wants from outside
(`fetches`) is brought without any lock, then the handler runs in the transaction that marks the row. Whatever goes
wrong is noted on the row, which is tried again and never lost.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.channels import events
from apps.channels.models import Door, Inbound
from apps.channels.services import doors
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.core.models import Upload, new_id
from apps.feedback.models import Message, Ticket
from apps.journal import doorbell
from apps.journal import events as journal

log = logging.getLogger(__name__)

HANDLE = "channels.handle"
LEASE = timedelta(seconds=120)  # longer than the task's hard limit of 60 s: it only runs out when the worker is dead
MOST_ATTEMPTS = 5
LONGEST_ID = 120
PAUSES = [timedelta(seconds=s) for s in (15, 60, 300, 900)]  # after the first, second, … attempt


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of an item: the ticket it opened or went to, and the message it became there."""

    ticket: Ticket
    message: Message | None = None


Payload = dict[str, Any]
Handler = Callable[[Inbound, Payload], Handled | None]
Fetcher = Callable[[Inbound, Payload], Sequence[Upload]]
F = TypeVar("F", bound=Callable[..., Any])

_handlers: dict[str, Handler] = {}
_fetchers: dict[str, Fetcher] = {}


def handles(kind: str) -> Callable[[F], F]:
    """Register `fn(inbound, payload) -> Handled | None` for the doors of a kind; None means that nothing is to be done.

    It runs in a transaction and calls nobody outside. What `fetches` brought is in `inbound.uploads`.
    """
    return _registered(_handlers, kind)


def fetches(kind: str) -> Callable[[F], F]:
    """Register `fn(inbound, payload) -> uploads`, called outside of any transaction before the handler."""
    return _registered(_fetchers, kind)


def _registered(registry: dict[str, Any], kind: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        registry[str(kind)] = function
        return function

    return register


def thread_key(door: Door, thread: str) -> str:
    """The column that finds a conversation again: a keyed digest of who is at the other end of which door."""
    return blind_index(f"{door.pk}:{thread}") if thread else ""


# Keeping ------------------------------------------------------------------------------------------------------------

_COLUMNS = Inbound._meta.concrete_fields
_INSERT = (
    f"INSERT INTO {Inbound._meta.db_table} ({', '.join(str(f.column) for f in _COLUMNS)})"
    f" VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT (door_id, external_id) DO NOTHING"
)


def keep(door: Door, external_id: str, payload: Payload, *, thread: str = "") -> Inbound:
    """Keep what came, committed when this returns (outside of a transaction of the caller's); a repeat finds its row.

    `external_id` (no personal data) is what the sender gives every repeat of it; a digest is kept of one longer than 120
    characters. `thread` is who is at the other end, kept as a digest. `is_new` tells whether it came for the first time.
    """
    now = clock.now()
    if not external_id.isprintable() or len(external_id) > LONGEST_ID:
        external_id = hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()
    row = Inbound(
        id=new_id(),
        door=door,
        external_id=external_id,
        thread=thread_key(door, thread),
        payload=json.dumps(payload, cls=DjangoJSONEncoder),
        at=now,
        next_try_at=now,
    )
    values = [f.get_db_prep_save(getattr(row, f.attname), connection) for f in _COLUMNS]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, values)
            inserted = cursor.rowcount == 1
        if inserted:
            doorbell.ring(HANDLE)
    if not inserted:
        return Inbound.objects.get(door=door, external_id=external_id)
    row._state.adding, row._state.db, row.is_new = False, connection.alias, True
    return row


# Handling -----------------------------------------------------------------------------------------------------------


def handle(limit: int = 100, *, seconds: float = 25.0) -> int:
    """Handle what waits, `limit` items or `seconds` at most; returns how many. Items of one conversation go in order."""
    until, handled = time.monotonic() + seconds, 0
    while handled < limit and time.monotonic() < until and (row := _claim()) is not None:
        _run(row)
        handled += 1
    return handled


@transaction.atomic
def _claim() -> Inbound | None:
    """The item that has waited longest, leased to this worker; not before an earlier one of its conversation.

    An earlier item that failed doesn't hold up the others.
    """
    waiting = Inbound.objects.filter(state=Inbound.State.RECEIVED)
    earlier = waiting.filter(door=OuterRef("door"), thread=OuterRef("thread"), pk__lt=OuterRef("pk"), error="")
    due = waiting.filter(next_try_at__lte=clock.now()).exclude(Exists(earlier.exclude(thread="")))
    for row in locks.claim(due.select_related("door").order_by("at", "id"), 1):
        row.attempts += 1
        row.next_try_at = clock.now() + LEASE
        row.save(update_fields=["attempts", "next_try_at"])
        return row
    return None


def _run(row: Inbound) -> None:
    lease = row.next_try_at
    try:
        payload = json.loads(row.payload)
        fetch = _fetchers.get(row.door.kind)
        uploads = list(fetch(row, payload)) if fetch else []
        with transaction.atomic():
            fresh = locks.row(Inbound, row.pk)
            if fresh.state != Inbound.State.RECEIVED or fresh.next_try_at != lease:
                return  # the lease ran out; its new holder decides
            fresh.door, fresh.uploads = row.door, uploads
            _finish(fresh, _handlers[row.door.kind](fresh, payload))
    except Exception as error:
        log.warning("incoming item %s of door %s: %s", row.pk, row.door_id, _words(error))
        _note_failure(row.pk, lease, error)
        if isinstance(error, SoftTimeLimitExceeded):
            raise


def _finish(row: Inbound, handled: Handled | None) -> None:
    row.state = Inbound.State.HANDLED if handled else Inbound.State.IGNORED
    row.ticket, row.message = (handled.ticket, handled.message) if handled else (None, None)
    row.error = ""
    row.save(update_fields=["state", "ticket", "message", "error"])


@transaction.atomic
def _note_failure(row_id: UUID, lease: Any, error: Exception) -> None:
    row = locks.row(Inbound, row_id)
    if row.state != Inbound.State.RECEIVED or row.next_try_at != lease:
        return
    row.error = _words(error)
    if row.attempts >= MOST_ATTEMPTS:
        row.state = Inbound.State.FAILED
    else:
        row.next_try_at = clock.now() + PAUSES[row.attempts - 1]
    row.save(update_fields=["error", "state", "next_try_at"])
    if isinstance(error, doors.Unreachable):
        doors.failed(row.door, error)


def _words(error: Exception) -> str:
    """For staff and engineers: codes and places. A text of somebody else's may hold a name, a key or an address."""
    if isinstance(error, DomainErrors):
        return "; ".join(f"{each.field or ''} {each.code}".strip() for each in error.errors)
    if isinstance(error, DomainError):
        return error.code
    if isinstance(error, doors.Unreachable):
        return str(error)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    code = place.tb_frame.f_code
    return f"{type(error).__name__} in {PurePath(code.co_filename).name}:{place.tb_lineno} {code.co_name}"


# By hand ------------------------------------------------------------------------------------------------------------


def try_again(row: Inbound, *, actor: Actor) -> Inbound:
    """Have an item that failed handled again, from its first attempt on.

    Raises DomainError `core.not_allowed`, `channels.not_failed`.
    """
    with transaction.atomic():
        fresh = _failed(row, actor)
        fresh.state, fresh.attempts, fresh.next_try_at = Inbound.State.RECEIVED, 0, clock.now()
        fresh.save(update_fields=["state", "attempts", "next_try_at"])
        journal.record(events.ITEM_TRIED_AGAIN, subject=fresh, actor=actor)
        doorbell.ring(HANDLE)
    return fresh


def set_aside(row: Inbound, *, actor: Actor, reason: str) -> Inbound:
    """Leave an item that failed as it is: nothing more is to be done about it. It stays readable with its reason.

    Raises DomainError `core.not_allowed`, `channels.not_failed`, `core.required` on `reason`.
    """
    if not reason.strip():
        raise DomainError("core.required", field="reason")
    with transaction.atomic():
        fresh = _failed(row, actor)
        fresh.state = Inbound.State.IGNORED
        fresh.save(update_fields=["state"])
        journal.record(events.ITEM_SET_ASIDE, subject=fresh, actor=actor, reason=reason.strip())
    return fresh


def _failed(row: Inbound, actor: Actor) -> Inbound:
    if not actor.can("channels.change_inbound"):
        raise DomainError("core.not_allowed")
    fresh = locks.row(Inbound, row.pk)
    if fresh.state != Inbound.State.FAILED:
        raise DomainError("channels.not_failed")
    return fresh
