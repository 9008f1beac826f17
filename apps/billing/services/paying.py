"""Refunds on their way: begun, sent, asked after and settled (REF-02 … REF-04). See `outbound` for the engine."""

import logging

from django.db import transaction
from django.db.models import Max

from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof, RefundOrder
from apps.billing.models import Refund, RefundAttempt
from apps.billing.services import outbound, refunds
from apps.billing.services.outbound import Line, Swept
from apps.billing.states import OPEN_ATTEMPTS, AttemptState, RefundState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import gates, transitions
from apps.journal.doorbell import ring

logger = logging.getLogger(__name__)

PAYER = system("payer")


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


def sweep(limit: int = 50) -> Swept:
    """Send what waits, ask after what is open and due."""
    return outbound.sweep(LINE, limit)


def _send(attempt: RefundAttempt) -> Outcome:
    return registry.refund_adapter(attempt.channel).send(order_of(attempt))


def _query(attempt: RefundAttempt) -> Outcome:
    return registry.refund_adapter(attempt.channel).query(order_of(attempt))


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


def settle(attempt: RefundAttempt, outcome: Outcome) -> bool:
    """Write down what was proven. Late, repeated and out-of-order answers change nothing twice (REF-04)."""
    adapter = registry.refund_adapter(attempt.channel)
    with transaction.atomic():
        refund = refunds.locked(Refund.objects.get(pk=attempt.refund_id))
        fresh = locks.row(RefundAttempt, attempt.pk)
        if fresh.state not in OPEN_ATTEMPTS:
            return _after_the_end(refund, fresh, outcome)
        fresh.provider_number = outcome.provider_number or fresh.provider_number
        first = fresh.queries == 0
        over = outbound.note(fresh, outcome, ask_after=adapter.first_query if first else adapter.query_every)
        if over:
            succeeded = fresh.state == AttemptState.SUCCEEDED
            transitions.apply(refund, "succeed" if succeeded else "fail", actor=PAYER, attempt=fresh)
        elif fresh.state == AttemptState.UNKNOWN and refund.state == RefundState.PROCESSING:
            transitions.apply(refund, "lose_track", actor=PAYER, attempt=fresh)
        return over


def _after_the_end(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> bool:
    """Only one thing can still happen: a success that comes back as a proven failure, a late bounce."""
    bounced = attempt.state == AttemptState.SUCCEEDED and outcome.proof == Proof.FAILED
    if bounced and refund.state == RefundState.SUCCEEDED:
        attempt.state, attempt.failure, attempt.answer = AttemptState.FAILED, outcome.failure[:60], outcome.answer
        attempt.save()
        back = transitions.apply(refund, "bounce", actor=PAYER, attempt=attempt)
        transitions.apply(back, "fail", actor=PAYER, attempt=attempt)
    return True


def ask_now(number: str) -> None:
    """A callback came in: ask about this attempt at once. What the callback says is not believed (REF-04)."""
    RefundAttempt.objects.filter(number=number, state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now())
    ring("billing.pay")


def recheck(attempt: RefundAttempt) -> bool:
    """Ask after a settled attempt, too: reconciliation and bounces (REF-06). Whether anything changed."""
    before = attempt.state
    try:
        outcome = _query(attempt)
    except Exception as error:  # nothing is known then, and nothing changes
        logger.warning("recheck of %s: %s", attempt.number, type(error).__name__)
        return False
    settle(attempt, outcome)
    return RefundAttempt.objects.values_list("state", flat=True).get(pk=attempt.pk) != before


LINE = Line(RefundAttempt, _send, _query, settle)
