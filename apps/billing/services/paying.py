"""Refunds on their way: begun, sent, asked after and settled (REF-02 … REF-04). See `outbound` for the engine."""

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof, RefundOrder
from apps.billing.models import Refund, RefundAttempt
from apps.billing.services import differences, outbound, periods, refund_gates, refunds
from apps.billing.services.outbound import Line, Swept
from apps.billing.states import (
    HOLDS_MONEY,
    KEEPS_OUR_MONEY,
    ONLINE,
    OPEN_ATTEMPTS,
    AttemptState,
    Method,
    PayChannel,
    RefundState,
)
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal import gates, transitions
from apps.journal.doorbell import ring

logger = logging.getLogger(__name__)

PAYER = system("payer")
ENDED = (AttemptState.SUCCEEDED, AttemptState.FAILED)
LOOK_AGAIN_AFTER = timedelta(minutes=2)
WATCHED_FOR = timedelta(days=30)  # after a success; banks send money back within days
DAILY = timedelta(days=1)


def begin(refund: Refund, *, actor: Actor) -> RefundAttempt:
    """Note an attempt for an approved refund; the worker sends it. Raises what gates and `transitions.apply` raise.

    Before another way is tried the provider of the last one is asked once more: its failure must still stand (REF-08).
    Raises DomainError `refund.paid_after_all` when it doesn't.
    """
    if refund.round > 1:
        _failures_still_stand(refund)
    with transaction.atomic():
        fresh = refunds.locked(refund)
        refund_gates.take_turn(fresh)
        if refusal := gates.refusal(fresh, "pay", {}):
            raise refusal
        if RefundAttempt.objects.filter(refund=fresh, state__in=OPEN_ATTEMPTS).exists():
            raise DomainError("refund.being_paid")
        position = (fresh.attempts.aggregate(last=Max("position"))["last"] or 0) + 1
        attempt = RefundAttempt(
            refund=fresh, position=position, channel=fresh.channel, method=fresh.method, amount=fresh.amount,
            number=f"R{fresh.number.replace('-', '')}{position:02d}", next_query_at=clock.now(),
        )  # fmt: skip
        transitions.apply(fresh, "send", actor=actor, attempt=attempt)
        attempt.save(force_insert=True)
    ring("billing.pay")
    return attempt


def _failures_still_stand(refund: Refund) -> None:
    failed = RefundAttempt.objects.filter(refund=refund, state=AttemptState.FAILED, channel__in=ONLINE)
    for attempt in failed.order_by("-position"):
        if recheck(attempt):
            raise DomainError("refund.paid_after_all")


def begin_approved(seconds: float = 20.0) -> int:
    """Begin every approved refund whose gates let it pass; what holds each of the others is written beside it (REF-10).

    Returns how many were begun. Safe to run in many processes at once.
    """
    until, begun = time.monotonic() + seconds, 0
    for refund in Refund.objects.filter(state=RefundState.APPROVED).order_by("id").iterator(chunk_size=200):
        if time.monotonic() > until:
            break
        try:
            begin(refund, actor=PAYER)
            begun += 1
        except DomainError as error:
            hold(refund, str(error.words))
    return begun


def hold(refund: Refund, why: str) -> None:
    """Note what an approved refund waits for; an event tells it once for each cause."""
    why = why[:200]
    with transaction.atomic():
        waiting = Refund.objects.filter(pk=refund.pk, state=RefundState.APPROVED)
        if waiting.exclude(held_because=why).update(held_because=why):
            journal.record(events.REFUND_HELD, subject=refund, actor=PAYER, data={"because": why})


def sweep(limit: int = 50) -> Swept:
    """Send what waits, ask after what is open and due."""
    return outbound.sweep(LINE, limit)


def work_off(seconds: float = 20.0) -> None:
    """Sweep until nothing is due, or so many seconds have passed."""
    until = time.monotonic() + seconds
    while sweep(10).worked and time.monotonic() < until:
        pass


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
        kind=refund.kind,
        customer=str(refund.customer_id),
        **_original(attempt),
    )


def _original(attempt: RefundAttempt) -> dict[str, str]:
    """The refund that an abnormal one mends: it goes on under its own number at the provider."""
    if attempt.method != Method.ABNORMAL:
        return {}
    earlier = RefundAttempt.objects.filter(refund_id=attempt.refund_id, channel=attempt.channel, method=Method.REFUND)
    first = earlier.filter(position__lt=attempt.position).latest("position")
    return {"original_number": first.number, "original_provider_number": first.provider_number}


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
            RefundAttempt.objects.filter(pk=fresh.pk).update(next_query_at=next_look(fresh))
            transitions.apply(refund, "succeed" if succeeded else "fail", actor=PAYER, attempt=fresh)
            if succeeded:
                periods.paid(refund, fresh)
        elif fresh.state == AttemptState.UNKNOWN and refund.state == RefundState.PROCESSING:
            transitions.apply(refund, "lose_track", actor=PAYER, attempt=fresh)
        return over


def _after_the_end(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> bool:
    """Two things can still happen: a late bounce of a success, and a failure that was none."""
    if attempt.state == AttemptState.SUCCEEDED and outcome.proof == Proof.FAILED:
        _came_back(refund, attempt, outcome)
    elif attempt.state == AttemptState.FAILED and outcome.proof == Proof.SUCCEEDED:
        _paid_after_all(refund, attempt, outcome)
    return True


def _came_back(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> None:
    if refund.state != RefundState.SUCCEEDED:
        return
    attempt.state, attempt.failure, attempt.answer = AttemptState.FAILED, outcome.failure[:60], outcome.answer
    attempt.save()
    back = transitions.apply(refund, "bounce", actor=PAYER, attempt=attempt)
    periods.came_back(refund, attempt)
    transitions.apply(back, "fail", actor=PAYER, attempt=attempt)


def _paid_after_all(refund: Refund, attempt: RefundAttempt, outcome: Outcome) -> None:
    """A failure taken back. Before another way was tried it settles the refund; after that a person must look."""
    paid_by_its_heir = attempt.channel == PayChannel.WECHAT_PAY and refund.attempts.filter(
        method=Method.ABNORMAL, position__gt=attempt.position
    ).exists()  # fmt: skip
    if paid_by_its_heir:  # the same refund at the provider, paid out to a card
        return
    if refund.state in (RefundState.PROCESSING, RefundState.UNKNOWN, RefundState.SUCCEEDED):
        differences.paid_twice(attempt)
        return
    if refund.state not in HOLDS_MONEY and not _held_again(refund):
        differences.paid_twice(attempt)  # what it had held is promised to another refund
        return
    attempt.state, attempt.failure, attempt.answer = AttemptState.SUCCEEDED, "", outcome.answer
    attempt.settled_at = clock.now()
    attempt.next_query_at = next_look(attempt)
    attempt.save()
    transitions.apply(refund, "succeed_late", actor=PAYER, attempt=attempt)
    periods.paid(refund, attempt)


def _held_again(refund: Refund) -> bool:
    """Given up after its failure, and paid after all: its amount is taken out of what may still be refunded."""
    if refund.payment is None:
        return True
    try:
        refunds.reserve(refund.payment, refund.amount)
    except DomainError:
        return False
    return True


def ask_now(number: str) -> None:
    """A callback came in: ask about this attempt at once. What the callback says is not believed (REF-04).

    A settled attempt is asked about, too, where its provider may have more to say: the success that came back.
    """
    now = clock.now()
    heir = Q(method=Method.ABNORMAL, refund__attempts__number=number)  # goes on under the same number at the provider
    family = RefundAttempt.objects.filter(Q(number=number) | heir)
    if not family.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=now):
        family.filter(state__in=ENDED).update(next_query_at=now)
    ring("billing.pay")


def next_look(attempt: RefundAttempt) -> datetime | None:
    """When a success is asked about again, because it may come back and the callback that tells may be lost: each time
    when it is half as old again, not before two minutes, then daily for a month. None: not any more.
    """
    now = clock.now()
    if attempt.state != AttemptState.SUCCEEDED or attempt.channel not in KEEPS_OUR_MONEY or attempt.settled_at is None:
        return None
    age = now - attempt.settled_at
    return None if age > WATCHED_FOR else now + min(max(age / 2, LOOK_AGAIN_AFTER), DAILY)


def look_soon(attempts: QuerySet[RefundAttempt]) -> int:
    """Have settled attempts asked about again by `look_again`; returns how many."""
    return attempts.filter(state__in=ENDED).update(next_query_at=clock.now())


def look_again(limit: int = 50, seconds: float = 15.0) -> int:
    """Ask about settled attempts that are due for it: a callback spoke of them, or they are young. How many changed.

    A provider that does not answer is left alone until the next time.
    """
    until, changed, silent = time.monotonic() + seconds, 0, set[str]()
    for _ in range(limit):
        attempt = _claim_settled(silent)
        if attempt is None or time.monotonic() > until:
            break
        outcome = ask(attempt)
        if outcome is None or outcome.proof == Proof.UNKNOWN:
            silent.add(attempt.channel)
        elif outcome.proof != Proof.PROCESSING:
            changed += _write(attempt, outcome)
            fresh = RefundAttempt.objects.get(pk=attempt.pk)
            same = RefundAttempt.objects.filter(pk=attempt.pk, next_query_at=attempt.next_query_at)
            same.update(next_query_at=next_look(fresh))  # unless a callback came in meanwhile
    return changed


def _claim_settled(silent: set[str]) -> RefundAttempt | None:
    """The one that is due first, put off until its answer is known: a worker may die over the question."""
    with transaction.atomic():
        due = RefundAttempt.objects.filter(state__in=ENDED, next_query_at__lte=clock.now())
        found = locks.claim(due.exclude(channel__in=silent).order_by("next_query_at"), 1)
        if not found:
            return None
        attempt = found[0]
        attempt.next_query_at = clock.now() + LOOK_AGAIN_AFTER
        attempt.save(update_fields=["next_query_at"])
        return attempt


def recheck(attempt: RefundAttempt) -> bool:
    """Ask after a settled attempt, too: reconciliation and bounces (REF-06). Whether anything changed."""
    outcome = ask(attempt)
    return outcome is not None and _write(attempt, outcome)


def ask(attempt: RefundAttempt) -> Outcome | None:
    """What the provider says of an attempt now; None when it can't be had. Writes nothing."""
    try:
        return _query(attempt)
    except Exception as error:  # nothing is known then, and nothing changes
        logger.warning("recheck of %s: %s", attempt.number, type(error).__name__)
        return None


def _write(attempt: RefundAttempt, outcome: Outcome) -> bool:
    settle(attempt, outcome)
    return RefundAttempt.objects.values_list("state", flat=True).get(pk=attempt.pk) != attempt.state


LINE = Line(RefundAttempt, _send, _query, settle)
