"""Bringing events to their receivers, each exactly once.

A batch of deliveries is claimed with SKIP LOCKED; every receiver runs in its own savepoint; marks and effects commit
together. A worker killed in the middle leaves nothing behind but rows that are still due.
Receivers of one event, and events of one subject, may be delivered in any order.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import receivers
from apps.journal.models import Delivery

log = logging.getLogger(__name__)

BATCH = 50
MAX_ATTEMPTS = 12
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(hours=1)


def drain(*, seconds: float = 20.0) -> int:
    """Deliver what is due until nothing is left or `seconds` have passed. Returns how many were done."""
    done = 0
    until = time.monotonic() + seconds
    while True:
        claimed, delivered = _deliver_batch()
        done += delivered
        if not claimed or time.monotonic() > until:
            return done


def _deliver_batch() -> tuple[int, int]:
    with transaction.atomic():
        due = Delivery.objects.filter(done_at=None, due_at__lte=clock.now()).order_by("due_at", "id")
        batch = locks.claim(due.select_related("event"), BATCH)
        done = [delivery.pk for delivery in batch if _deliver(delivery)]
        if done:
            Delivery.objects.filter(pk__in=done).update(done_at=clock.now(), error="")
    return len(batch), len(done)


def _deliver(delivery: Delivery) -> bool:
    try:
        with transaction.atomic():
            receivers.get(delivery.receiver)(delivery.event)
        return True
    except Exception as error:  # whatever a receiver does must not stop the others
        log.exception("receiver %s failed on event %s", delivery.receiver, delivery.event_id)
        delivery.attempts += 1
        delivery.error = f"{type(error).__name__}: {error}"[:2000]
        delivery.due_at = _next_try(delivery.attempts)
        delivery.save(update_fields=["attempts", "error", "due_at"])
        return False


def _next_try(attempts: int) -> datetime | None:
    if attempts >= MAX_ATTEMPTS:
        return None
    return clock.now() + min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY)


def retry(delivery_id: int, *, actor: Actor) -> None:
    """Make a delivery that was given up due again. Raises DomainError `core.not_allowed`."""
    if not actor.can("journal.change_delivery"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        delivery = locks.row(Delivery, delivery_id)
        if delivery.done_at is None:
            delivery.due_at, delivery.attempts = clock.now(), 0
            delivery.save(update_fields=["due_at", "attempts"])
