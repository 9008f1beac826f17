"""The one engine for calls that must take effect exactly once (REF-02, VOI-06): refunds and tax operations run on it.

A call and its number are committed before anything leaves. No lock is held across a call. Whatever happens after the
request has left is unknown until the other side is asked under the same number; nothing else is tried meanwhile. The
janitor (`sweep`) is one query and runs the same code as a callback does: a callback only makes us ask.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.db import transaction
from django.db.models import Q

from apps.billing.adapters.base import NotSent, Outcome, Proof
from apps.billing.models.outbound import OutboundCall
from apps.billing.states import OPEN_ATTEMPTS, AttemptState
from apps.core import clock, locks

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # as long as a worker may hold a call; every call times out well within it
SLOWER_AFTER = 5  # questions at the other side's own pace, then less and less often
# The longest pause by the call's age: as long as it is young, what was lost is found within minutes.
LONGEST_PAUSES = ((timedelta(hours=1), timedelta(minutes=2)), (timedelta(days=1), timedelta(minutes=10)))
LONGEST_PAUSE = timedelta(minutes=30)
C = TypeVar("C", bound=OutboundCall)


@dataclass(frozen=True)
class Line(Generic[C]):
    """One kind of call. `send` and `query` reach out, raise `NotSent` when nothing left, and hold no lock; `settle` writes
    down what an outcome proves, and answers whether the call is over.
    """

    model: type[C]
    send: Callable[[C], Outcome]
    query: Callable[[C], Outcome]
    settle: Callable[[C, Outcome], bool]


@dataclass(frozen=True, slots=True)
class Swept:
    """How many calls were worked on, and how many of them are over now."""

    worked: int
    settled: int


def sweep(line: Line[C], limit: int = 50) -> Swept:
    """Send what waits to be sent, ask after what is open and due. Safe to run in many processes at once."""
    worked = settled = 0
    for _ in range(limit):
        call = claim(line.model)
        if call is None:
            break
        worked += 1
        try:
            settled += work(line, call)
        except Exception:
            # What cannot be written down stays open under its lease and is asked about again; the others don't wait for it.
            logger.exception("%s %s: its outcome could not be written down", call._meta.label, call.pk)
    return Swept(worked, settled)


def claim(model: type[C]) -> C | None:
    """One due call that nobody works on, leased to us and committed before anything leaves."""
    now = clock.now()
    with transaction.atomic():
        due = model._default_manager.filter(
            Q(lease_until=None) | Q(lease_until__lt=now), state__in=OPEN_ATTEMPTS, next_query_at__lte=now
        ).order_by("next_query_at")
        found = locks.claim(due, 1)
        if not found:
            return None
        call = found[0]
        call.lease_until = now + LEASE
        if call.state == AttemptState.CREATED:
            # From here on it may have left: whoever finds it in this state asks first.
            call.state, call.sent_at, call.is_fresh = AttemptState.SENT, now, True
        call.save(update_fields=["lease_until", "state", "sent_at"])
        return call


def work(line: Line[C], call: C) -> bool:
    """Send a fresh call, ask after any other; keep what is proven. Whether it is over now."""
    try:
        outcome = line.send(call) if call.is_fresh else _ask(line, call)
    except NotSent as error:
        return _not_sent(call, str(error))
    except Exception as error:  # every exception after sending means unknown, whatever its type
        logger.warning("%s %s: %s", call._meta.label, call.pk, type(error).__name__)
        outcome = Outcome(Proof.UNKNOWN, answer={"error": type(error).__name__})
    return line.settle(call, outcome)


def _ask(line: Line[C], call: C) -> Outcome:
    """Question before anything else; what the other side never heard of is sent again, the same under the same number."""
    outcome = line.query(call)
    return line.send(call) if outcome.proof == Proof.NOT_FOUND else outcome


def _not_sent(call: OutboundCall, why: str) -> bool:
    """Nothing left: again later under the same number. One that left before stays what it was."""
    with transaction.atomic():
        fresh = locks.row(type(call), call.pk)
        if fresh.state in OPEN_ATTEMPTS:
            fresh.queries += 1
            fresh.lease_until = None
            fresh.next_query_at = clock.now() + pause(fresh, 30)
            fresh.answer = {"not_sent": why[:200]}
            if call.is_fresh:
                fresh.state = AttemptState.CREATED
            fresh.save()
    return False


def note(call: OutboundCall, outcome: Outcome, *, ask_after: int) -> bool:
    """Write an outcome on a locked open call, and whether it is over. `ask_after` are seconds to the next question."""
    call.queries += 1
    call.lease_until = None
    call.answer = outcome.answer
    if outcome.proof in (Proof.SUCCEEDED, Proof.FAILED):
        succeeded = outcome.proof == Proof.SUCCEEDED
        call.state = AttemptState.SUCCEEDED if succeeded else AttemptState.FAILED
        call.failure = "" if succeeded else outcome.failure[:60]
        call.settled_at, call.next_query_at = clock.now(), None
    else:
        known = outcome.proof == Proof.PROCESSING
        call.state = AttemptState.PROCESSING if known else AttemptState.UNKNOWN
        call.next_query_at = clock.now() + pause(call, ask_after)
    call.save()
    return call.settled_at is not None


def pause(call: OutboundCall, seconds: int) -> timedelta:
    """The other side's own pace first, then twice as long each time, up to what the call's age allows."""
    own, age = timedelta(seconds=seconds), clock.now() - call.created_at
    slower = own * 2 ** min(max(0, call.queries - SLOWER_AFTER), 12)
    longest = next((most for young, most in LONGEST_PAUSES if age < young), LONGEST_PAUSE)
    return max(own, min(slower, longest))
