"""Refunds and compensation from filing to approval (REF-01, REF-02, REF-07, REF-08). `paying` sends the money."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from apps.billing import events, settlement
from apps.billing.models import Cancellation, Payment, Refund, VoidRequest
from apps.billing.services import approvals, ladder
from apps.billing.states import CancellationKind, CancellationState, PayChannel, RefundKind, RefundState
from apps.core import locks, masking, money, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from apps.feedback.services import drills, words
from apps.journal import events as journal
from apps.journal import transitions

BENEFITS = (RefundKind.COUPON, RefundKind.POINTS, RefundKind.MEMBERSHIP)


@dataclass(frozen=True, slots=True)
class Payee:
    """Where a transfer goes. A refund by the original route has none."""

    name: str = ""
    account: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True)
class RefundDraft:
    """What is asked for; `amount` in yuan. A refund names the payment it comes from, compensation the customer."""

    amount: Decimal
    words: str = ""
    kind: str = RefundKind.REFUND
    payment: Payment | None = None
    customer: Customer | None = None
    ticket: Ticket | None = None
    void_request: VoidRequest | None = None
    channel: str = ""
    payee: Payee = Payee()


def file(draft: RefundDraft, *, actor: Actor) -> Refund:
    """File a refund or compensation. What names a payment is reserved on it from now on, compensation too (REF-02).

    Raises DomainError `core.not_allowed`, `refund.…` and those of the words.
    """
    if not actor.can("billing.request_refund"):
        raise DomainError("core.not_allowed")
    drills.refuse_money(draft.ticket)
    _check(draft)
    text = words.checked(draft.words, "words")
    customer = draft.payment.customer if draft.payment else draft.customer
    channel = draft.channel or _channel(draft)
    with transaction.atomic():
        if draft.payment is not None:
            reserve(draft.payment, money.fen(draft.amount))
        refund = Refund(
            kind=draft.kind, payment=draft.payment, customer=customer, ticket=draft.ticket,
            void_request=draft.void_request, amount=money.fen(draft.amount), words=text,
            channel=channel, method=ladder.first_method(channel), requested_by_id=actor.user_id,
            above_cap=_above_cap(draft), **payee_fields(draft.payee),
        )  # fmt: skip
        data = {"amount": refund.amount, "kind": refund.kind, "channel": refund.channel}
        if refund.above_cap:
            data["above_cap"] = True
        journal.record(events.REFUND_REQUESTED, subject=refund, actor=actor, data=data)
        numbers.insert(refund, "refund", mark="R")
        return refund


def _above_cap(draft: RefundDraft) -> bool:
    """Beyond the complaint's cap management signs as well (REF-09). Cases of one complaint are filed one after the other."""
    if draft.ticket is None:
        return False
    return settlement.exceeds_cap(locks.row(Ticket, draft.ticket.pk), draft.amount)


def _check(draft: RefundDraft) -> None:
    if draft.kind not in RefundKind.values:
        raise DomainError("core.invalid_choice", field="kind", value=draft.kind)
    if money.fen(draft.amount) <= 0 or money.fen(draft.amount) != draft.amount:
        raise DomainError("refund.amount", field="amount")
    if draft.kind == RefundKind.REFUND and draft.payment is None:
        raise DomainError("refund.payment_missing", field="payment")
    if draft.kind != RefundKind.REFUND and draft.customer is None and draft.payment is None:
        raise DomainError("refund.customer_missing", field="customer")
    if draft.kind in BENEFITS and _account_closed(draft):
        raise DomainError("refund.account_closed", field="kind")
    if draft.channel and draft.channel not in PayChannel.values:
        raise DomainError("core.invalid_choice", field="channel", value=draft.channel)
    if (draft.channel or _channel(draft)) == PayChannel.BANK and not (draft.payee.name and draft.payee.account):
        raise DomainError("refund.payee_missing", field="payee_account")


def _account_closed(draft: RefundDraft) -> bool:
    customer = draft.payment.customer_id if draft.payment else draft.customer.pk if draft.customer else None
    closed = Cancellation.objects.filter(kind=CancellationKind.ACCOUNT, state=CancellationState.DONE)
    return closed.filter(customer=customer).exists()


def _channel(draft: RefundDraft) -> str:
    if draft.kind in BENEFITS:
        return PayChannel.BENEFIT
    if draft.kind == RefundKind.REFUND and draft.payment is not None:
        return draft.payment.channel
    return PayChannel.BANK


def payee_fields(payee: Payee) -> dict[str, str]:
    """The columns of a payee: cipher text, mask and index side by side (ADM-04)."""
    account = "".join(payee.account.split())
    return {
        "payee_name": payee.name.strip(),
        "payee_name_masked": masking.name(payee.name.strip()),
        "payee_account": account,
        "payee_account_masked": f"****{account[-4:]}" if account else "",
        "payee_account_index": blind_index(account),
        "payee_bank": payee.bank.strip(),
    }


def reserve(payment: Payment, amount: Decimal) -> None:
    """Take `amount` yuan out of what may still be refunded. The payment stays locked until commit.

    Raises DomainError `refund.above_paid`. The database would refuse it, too.
    """
    fresh = locks.row(Payment, payment.pk)
    rest = fresh.amount - fresh.reserved
    if amount > rest:
        raise DomainError("refund.above_paid", field="amount", left=f"{rest:,.2f}")
    Payment.objects.filter(pk=fresh.pk).update(reserved=F("reserved") + amount)


def release(refund: Refund) -> None:
    """Give a reservation back. The caller holds the payment's lock, and the money has provably not moved."""
    if refund.payment_id is not None:
        Payment.objects.filter(pk=refund.payment_id).update(reserved=F("reserved") - refund.amount)


def locked(refund: Refund) -> Refund:
    """The refund under lock, its payment locked before it (the order of `core.locks`)."""
    if refund.payment_id is not None:
        locks.row(Payment, refund.payment_id)
    return locks.row(Refund, refund.pk)


def decide(refund: Refund, *, actor: Actor, approve: bool, reason: str = "") -> Refund:
    """Sign, or reject with a reason. The last signature approves; each step of the ladder is signed anew (REF-08).

    Raises the errors of `approvals.may_sign` and `transitions.apply`, and DomainError `reason.missing`.
    """
    reason = words.checked(reason, "reason", required=None if approve else "reason.missing")
    with transaction.atomic():
        fresh = locked(refund)
        if fresh.state != RefundState.CREATED:
            raise DomainError("approval.not_waiting")
        standing = approvals.standing(fresh)
        for_whom = approvals.may_sign(fresh, actor, standing)
        row = approvals.signature(fresh, actor, standing, approved=approve, for_whom=for_whom, reason=reason)
        power = approvals.lent(actor, for_whom, fresh.subject)
        if not approve:
            ended = transitions.apply(fresh, "reject", actor=power, reason=reason)
            release(ended)
            return ended
        last = len(standing.steps) == len(standing.signed) + 1
        return transitions.apply(fresh, "approve" if last else "sign", actor=power, reason=reason, approval=row)


def cancel(refund: Refund, *, actor: Actor, reason: str) -> Refund:
    """Give a refund up that has not been sent, or has provably failed. Raises DomainError `reason.missing`, …"""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        ended = transitions.apply(locked(refund), "cancel", actor=actor, reason=reason)
        release(ended)
        return ended


def reroute(refund: Refund, payee: Payee, *, actor: Actor, reason: str = "", way: str = "") -> Refund:
    """After a proven failure: the next way, to a payee who must be the payer, signed anew (REF-03, REF-08).

    `way` is `channel:method` of one of `ladder.rungs`; empty takes the next one that fits what is known of the payee.
    Raises DomainError `refund.no_way_left`, `refund.payee_missing`, `refund.payee_differs` and those of the transition.
    """
    with transaction.atomic():
        fresh = locked(refund)
        stuck = fresh.state != RefundState.NEEDS_FALLBACK
        rung = ladder.Rung(fresh.channel, fresh.method) if stuck else ladder.choose(fresh, payee.account, way)
        rerouted = transitions.apply(fresh, "reroute", actor=actor, reason=reason, channel=rung.channel, by=rung.method)
        return _to(rerouted, rung, payee)


def redirect(refund: Refund, payee: Payee, *, actor: Actor, reason: str, way: str = "") -> Refund:
    """Approved but not sent, and its way is closed (no money at the provider, too old): another way, signed anew (REF-10).

    Raises DomainError as `reroute`, and `reason.missing`.
    """
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = locked(refund)
        stuck = fresh.state != RefundState.APPROVED
        rung = ladder.Rung(fresh.channel, fresh.method) if stuck else ladder.choose(fresh, payee.account, way)
        moved = transitions.apply(fresh, "redirect", actor=actor, reason=reason, channel=rung.channel, by=rung.method)
        return _to(moved, rung, payee)


def _to(refund: Refund, rung: ladder.Rung, payee: Payee) -> Refund:
    if rung.needs_payee or _is_another(refund, payee):
        check_payee(refund, payee)
    if payee.account:
        fields = payee_fields(payee)
        for name, value in fields.items():
            setattr(refund, name, value)
        refund.save(update_fields=list(fields))
    return refund


def _is_another(refund: Refund, payee: Payee) -> bool:
    """A way that needs no payee must not become the way to a new one: who pays by hand reads it there."""
    given = payee_fields(payee)
    return bool(given["payee_account"]) and any(
        given[name] != getattr(refund, name) for name in ("payee_name", "payee_account")
    )


def check_payee(refund: Refund, payee: Payee) -> None:
    """A transfer goes to whoever paid: the name must match the payer's, or the customer's where that is not known."""
    if not (payee.name.strip() and payee.account.strip()):
        raise DomainError("refund.payee_missing", field="payee_account")
    payer = (refund.payment.payer_name if refund.payment else "") or refund.customer.name
    if payer and _plain(payer) != _plain(payee.name):
        raise DomainError("refund.payee_differs", field="payee_name")


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
