"""Money leaves exactly once (REF-02 … REF-04).

An attempt and its number are committed before the first call. No lock is held across a call. Whatever happens after the
request has left is unknown until the provider is asked again under the same number; nothing else is tried meanwhile.
The janitor (`sweep`) is one query and runs the same code as a callback does: a callback only makes us ask.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Q

from apps.billing.adapters import registry
from apps.billing.adapters.base import NotSent, Outcome, Proof, RefundAdapter, RefundOrder
from apps.billing.models import Refund, RefundAttempt
from apps.billing.services import refunds
from apps.billing.states import OPEN_ATTEMPTS, AttemptState, RefundState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import gates, transitions
from apps.journal.doorbell import ring

logger = logging.getLogger(__name__)

PAYER = system("payer")
LEASE = timedelta(seconds=60)  # as long as a worker may hold an attempt; calls time out well within it
SLOWER_AFTER = 5  # queries at the provider's own pace, then less and less often
LONGEST_PAUSE = timedelta(minutes=30)


def begin(refund: Refund, *, actor: Actor, method: str = "refund") -> RefundAttempt:
    """Note an attempt for an approved refund; the worker sends it. Raises what gates and `transitions.apply` raise."""
    with transaction.atomic():
        fresh = refunds.locked(refund)
        if refusal := gates.refusal(fresh, "pay", {}):
            raise refusal
        if RefundAttempt.objects.filter(refund=fresh, state__in=OPEN_ATTEMPTS).exists():
            raise DomainError("refund.being_paid")
        position = (fresh.attempts.aggregate(last=Max("position"))["last"] or 0) + 1
        attempt = RefundAttempt(
            refund=fresh, position=position, channel=fresh.channel, method=method, amount=fresh.amount,
            number=f"R{fresh.number.replace('-', '')}{position:02d}", next_query_at=clock.now(),
        )  # fmt: skip
        transitions.apply(fresh, "send", actor=actor, attempt=attempt)
        attempt.save(force_insert=True)
    ring("billing.pay")
    return attempt


@dataclass(frozen=True, slots=True)
class Swept:
    """How many attempts were worked on, and how many of them are settled now."""

    worked: int
    settled: int


def sweep(limit: int = 50) -> Swept:
    """Send what waits to be sent, ask after what is open and due. Safe to run in many processes at once."""
    worked = settled = 0
    for _ in range(limit):
        attempt = _claim()
        if attempt is None:
            break
        worked += 1
        settled += work(attempt)
    return Swept(worked, settled)


def _claim() -> RefundAttempt | None:
    """One due attempt that nobody works on, leased to us and committed before anything leaves."""
    now = clock.now()
    with transaction.atomic():
        due = RefundAttempt.objects.filter(
            Q(lease_until=None) | Q(lease_until__lt=now), state__in=OPEN_ATTEMPTS, next_query_at__lte=now
        ).order_by("next_query_at")
        found = locks.claim(due, 1)
        if not found:
            return None
        attempt = found[0]
        attempt.lease_until = now + LEASE
        if attempt.state == AttemptState.CREATED:
            # From here on it may have left: whoever finds it in this state asks first.
            attempt.state, attempt.sent_at = AttemptState.SENT, now
            attempt.is_fresh = True
        attempt.save(update_fields=["lease_until", "state", "sent_at"])
        return attempt


def work(attempt: RefundAttempt) -> bool:
    """Send a fresh attempt, ask after any other; keep what the provider proves. Whether it is settled now."""
    adapter = registry.refund_adapter(attempt.channel)
    order = order_of(attempt)
    try:
        outcome = adapter.send(order) if attempt.is_fresh else _ask(adapter, order)
    except NotSent as error:
        return _not_sent(attempt, str(error))
    except Exception as error:  # every exception after sending means unknown, whatever its type
        logger.warning("attempt %s: %s", attempt.number, type(error).__name__)
        outcome = Outcome(Proof.UNKNOWN, answer={"error": type(error).__name__})
    return settle(attempt, outcome, adapter)


def _ask(adapter: RefundAdapter, order: RefundOrder) -> Outcome:
    """Query before anything else; what the provider never heard of is sent again with the same number and amount."""
    outcome = adapter.query(order)
    return adapter.send(order) if outcome.proof == Proof.NOT_FOUND else outcome


def order_of(attempt: RefundAttempt) -> RefundOrder:
    refund = Refund.objects.select_related("payment").get(pk=attempt.refund_id)
    payment = refund.payment
    return RefundOrder(
        number=attempt.number,
        amount=attempt.amount,
        reason=refund.number,
        method=attempt.method,
        payment_number=payment.number if payment else "",
        provider_payment_number=payment.provider_number if payment else "",
        paid=payment.amount if payment else attempt.amount,
        payee_name=refund.payee_name,
        payee_account=refund.payee_account,
        payee_bank=refund.payee_bank,
    )


def _not_sent(attempt: RefundAttempt, why: str) -> bool:
    """Nothing left: try again later under the same number. One that left before stays what it was."""
    state = AttemptState.CREATED if attempt.is_fresh else attempt.state
    RefundAttempt.objects.filter(pk=attempt.pk, state__in=OPEN_ATTEMPTS).update(
        state=state, lease_until=None, next_query_at=clock.now() + _pause(attempt, 30), answer={"not_sent": why[:200]},
        queries=attempt.queries + 1,
    )  # fmt: skip
    return False


def settle(attempt: RefundAttempt, outcome: Outcome, adapter: RefundAdapter) -> bool:
    """Write down what was proven. Late, repeated and out-of-order answers change nothing twice (REF-04).

    Returns whether the attempt is in a final state now.
    """
    with transaction.atomic():
        refund = refunds.locked(Refund.objects.get(pk=attempt.refund_id))
        fresh = locks.row(RefundAttempt, attempt.pk)
        if fresh.state not in OPEN_ATTEMPTS:
            return _after_the_end(refund, fresh, outcome)
        fresh.queries += 1
        fresh.lease_until = None
        fresh.answer = outcome.answer
        fresh.provider_number = outcome.provider_number or fresh.provider_number
        if outcome.proof in (Proof.SUCCEEDED, Proof.FAILED):
            _end(refund, fresh, outcome)
            return True
        known = outcome.proof == Proof.PROCESSING
        fresh.state = AttemptState.PROCESSING if known else AttemptState.UNKNOWN
        every = adapter.first_query if fresh.queries == 1 else adapter.query_every
        fresh.next_query_at = clock.now() + _pause(fresh, every)
        fresh.save()
        if not known and refund.state == RefundState.PROCESSING:
            transitions.apply(refund, "lose_track", actor=PAYER, attempt=fresh)
        return False


def _end(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> None:
    succeeded = outcome.proof == Proof.SUCCEEDED
    attempt.state = AttemptState.SUCCEEDED if succeeded else AttemptState.FAILED
    attempt.failure = "" if succeeded else outcome.failure[:60]
    attempt.settled_at, attempt.next_query_at = clock.now(), None
    attempt.save()
    transitions.apply(refund, "succeed" if succeeded else "fail", actor=PAYER, attempt=attempt)


def _after_the_end(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> bool:
    """Only one thing can still happen: a success that comes back as a proven failure, a late bounce."""
    bounced = attempt.state == AttemptState.SUCCEEDED and outcome.proof == Proof.FAILED
    if bounced and refund.state == RefundState.SUCCEEDED:
        attempt.state, attempt.failure, attempt.answer = AttemptState.FAILED, outcome.failure[:60], outcome.answer
        attempt.save()
        back = transitions.apply(refund, "bounce", actor=PAYER, attempt=attempt)
        transitions.apply(back, "fail", actor=PAYER, attempt=attempt)
    return True


def _pause(attempt: RefundAttempt, seconds: int) -> timedelta:
    """The provider's own pace first, then twice as long each time, up to half an hour."""
    slower = max(0, attempt.queries - SLOWER_AFTER)
    return min(timedelta(seconds=seconds) * 2 ** min(slower, 12), LONGEST_PAUSE)


def ask_now(number: str) -> None:
    """A callback came in: ask the provider about this attempt at once. What the callback said is not believed (REF-04)."""
    RefundAttempt.objects.filter(number=number).update(next_query_at=clock.now())
    ring("billing.pay")


def recheck(attempt: RefundAttempt) -> bool:
    """Ask after a settled attempt, too: reconciliation and bounces (REF-06). Whether anything changed."""
    adapter = registry.refund_adapter(attempt.channel)
    before = attempt.state
    try:
        outcome = adapter.query(order_of(attempt))
    except Exception as error:
        logger.warning("recheck of %s: %s", attempt.number, type(error).__name__)
        return False
    settle(attempt, outcome, adapter)
    return RefundAttempt.objects.values_list("state", flat=True).get(pk=attempt.pk) != before
