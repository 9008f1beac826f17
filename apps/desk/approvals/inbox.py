"""The inbox of one person: what waits for them, the next due first, and how much it is."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from apps.core import idempotency
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.idempotency import Answer
from apps.desk.approvals import BY_NAME, SOURCES
from apps.desk.approvals.base import REQUIRED, Case, Row, Verb
from apps.sla import selectors as sla
from apps.sla.models import Deadline
from apps.sla.states import CONTACT

COUNT_SECONDS = 20  # how old the number in the sidebar may be
_LAST = datetime.max.replace(tzinfo=UTC)
logger = logging.getLogger(__name__)


def waiting(actor: Actor, only: str = "") -> list[Row]:
    """Everything that this actor may decide now, sorted by due time; with `only`, of one source."""
    sources = [BY_NAME[only]] if only in BY_NAME else SOURCES
    rows = [row for source in sources for row in source.rows(actor)]
    rows = _with_due(rows)
    if only not in BY_NAME:
        _asked(lambda: cache.set(_key(actor), len(rows), COUNT_SECONDS))
    return sorted(rows, key=lambda row: (row.due_at or _LAST, row.since))


def _with_due(rows: list[Row]) -> list[Row]:
    subjects = {pk for row in rows if row.due_at is None for pk in row.due_of}
    if not subjects:
        return rows
    open_ones = sla.open_by_subject(subjects)
    first = {pk: next((d.due_at for d in due if _counts(d)), None) for pk, due in open_ones.items()}
    return [replace(row, due_at=_earliest(first.get(pk) for pk in row.due_of)) if row.due_of else row for row in rows]


def _counts(deadline: Deadline) -> bool:
    return deadline.paused_at is None and not deadline.is_timer and deadline.metric not in CONTACT


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def count(actor: Actor) -> int:
    """How much waits, at most COUNT_SECONDS old."""
    kept = known_count(actor)
    return len(waiting(actor)) if kept is None else kept


def known_count(actor: Actor) -> int | None:
    """The number that is at hand without asking the database; None where there is none."""
    kept: int | None = _asked(lambda: cache.get(_key(actor)))
    return kept


def forget_count(actor: Actor) -> None:
    _asked(lambda: cache.delete(_key(actor)))


def _key(actor: Actor) -> str:
    return f"desk.approvals.{actor.user_id}"


def _asked(cached: Callable[[], Any]) -> Any:
    try:
        return cached()
    except (RedisError, OSError):
        logger.warning("the cache does not answer", exc_info=True)
        return None


def case(source: str, pk: UUID, actor: Actor) -> Case | None:
    return BY_NAME[source].case(pk, actor) if source in BY_NAME else None


def verb_of(found: Case, name: str) -> Verb | None:
    return next((verb for verb in found.verbs if verb.name == name), None)


def decide(found: Case, verb: Verb, words: str, *, actor: Actor, token: str) -> str:
    """Do it once, however often the form was sent, and say what was done.

    Raises what the room's service raises, and DomainError `reason.missing`.
    """
    if verb.words == REQUIRED and not words.strip():
        raise DomainError("reason.missing", field="words")

    def work() -> Answer:
        with transaction.atomic():
            verb.perform(found.subject, actor, words)
        return Answer(200, str(verb.done))

    typed = hashlib.sha256(repr((found.row.key, verb.name, words)).encode()).hexdigest()
    try:
        if not token:
            return str(work().body)
        return str(idempotency.once(f"desk:{actor.user_id}", f"{token[:60]}-{typed[:32]}", typed, work).body)
    except DomainErrors as errors:
        raise errors.errors[0] from errors
    finally:
        forget_count(actor)
