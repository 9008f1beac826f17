"""The last rung: a person pays outside and proves it, another one confirms (REF-01, REF-03)."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db import transaction

from apps.billing import events
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.models import HandPayment, RefundAttempt
from apps.billing.services import paying, refunds
from apps.billing.states import OPEN_ATTEMPTS, PayChannel
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload
from apps.feedback.services import words
from apps.journal import events as journal


@dataclass(frozen=True, slots=True)
class Paid:
    """What is said of a payment made outside: the bank's or till's reference, when (aware), perhaps a proof."""

    reference: str
    at: datetime
    note: str = ""
    proof: Upload | None = None


def record(attempt: RefundAttempt, paid: Paid, *, actor: Actor) -> HandPayment:
    """Note that this person paid it; it counts when another one confirms.

    Raises DomainErrors (`at` in the future or too long ago), DomainError `core.not_allowed`, `hand.not_by_hand`,
    `hand.recorded`, `hand.reference_missing`.
    """
    _allowed(actor)
    reference = words.checked(paid.reference, "reference", limit=64, required="hand.reference_missing")
    if errors := words.moment_errors(paid.at, "at"):
        raise DomainErrors(errors)
    with transaction.atomic():
        fresh = _open(attempt)
        if HandPayment.objects.filter(attempt=fresh).exists():
            raise DomainError("hand.recorded")
        row = HandPayment.objects.create(
            attempt=fresh, reference=reference, paid_at=paid.at, note=words.checked(paid.note, "note", limit=300),
            proof=paid.proof, recorded_by_id=cast(int, actor.user_id),
        )  # fmt: skip
        data = {"attempt": str(fresh.pk), "proof": paid.proof.sha256 if paid.proof else ""}
        journal.record(events.HAND_PAYMENT_RECORDED, subject=fresh.refund, actor=actor, data=data)
    return row


def confirm(attempt: RefundAttempt, *, actor: Actor) -> HandPayment:
    """The second person has seen the proof: the refund is paid.

    Raises DomainError `hand.own`, `hand.not_recorded`, `hand.not_by_hand`, `core.not_allowed`.
    """
    _allowed(actor)
    with transaction.atomic():
        fresh = _open(attempt)
        row = next(iter(locks.rows(HandPayment.objects.filter(attempt=fresh))), None)
        if row is None:
            raise DomainError("hand.not_recorded")
        if row.recorded_by_id == actor.user_id:
            raise DomainError("hand.own")
        row.confirmed_by_id, row.confirmed_at = actor.user_id, clock.now()
        row.save(update_fields=["confirmed_by", "confirmed_at"])
        data = {"attempt": str(fresh.pk)}
        journal.record(events.HAND_PAYMENT_CONFIRMED, subject=fresh.refund, actor=actor, data=data)
        paying.settle(fresh, Outcome(Proof.SUCCEEDED, row.reference, answer={"by": "hand"}))
    return row


def refuse(attempt: RefundAttempt, *, actor: Actor, reason: str) -> RefundAttempt:
    """It was not, or cannot be, paid by hand. A recorded payment is struck by somebody else than who recorded it.

    Raises DomainError `reason.missing`, `hand.own`, `hand.not_by_hand`, `core.not_allowed`.
    """
    _allowed(actor)
    text = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = _open(attempt)
        row = HandPayment.objects.filter(attempt=fresh).first()
        if row is not None and row.recorded_by_id == actor.user_id:
            raise DomainError("hand.own")
        data = {"attempt": str(fresh.pk)}
        journal.record(events.HAND_PAYMENT_REFUSED, subject=fresh.refund, actor=actor, reason=text, data=data)
        paying.settle(fresh, Outcome(Proof.FAILED, failure="NOT_PAID", answer={"by": "hand"}))
    return RefundAttempt.objects.get(pk=fresh.pk)


def _open(attempt: RefundAttempt) -> RefundAttempt:
    fresh = RefundAttempt.objects.select_related("refund").get(pk=attempt.pk)
    refunds.locked(fresh.refund)
    fresh = locks.row(RefundAttempt, attempt.pk)
    if fresh.channel != PayChannel.MANUAL or fresh.state not in OPEN_ATTEMPTS:
        raise DomainError("hand.not_by_hand")
    return fresh


def _allowed(actor: Actor) -> None:
    if actor.user_id is None or not actor.can("billing.pay_refund"):
        raise DomainError("core.not_allowed")
