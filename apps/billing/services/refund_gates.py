"""May this money leave now? The red invoice first, unless a rule or a person says otherwise (VOI-13); provider limits."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from apps.billing import events, makers
from apps.billing.models import GateException, Invoice, Refund, RefundAttempt, RefundGate
from apps.billing.states import InvoiceState, Method, PayChannel, RefundKind, RefundState
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import events as journal

STANDING = (InvoiceState.ISSUED, InvoiceState.PARTLY_RED)
LEFT = (RefundState.PROCESSING, RefundState.UNKNOWN, RefundState.SUCCEEDED)  # the money is away, or on its way
# WeChat Pay: at most 50 partial refunds of a payment, one a minute, within 365 days (REFUND-FACTS).
MOST_PARTS, APART, LATEST = 50, timedelta(minutes=1), timedelta(days=365)


def invoice_of(refund: Refund) -> Invoice | None:
    """The blue invoice that this refund leaves uncovered: less of it is undone than will have left for it then."""
    if refund.kind != RefundKind.REFUND:
        return None
    blue = _blue(refund)
    if blue is None or blue.state == InvoiceState.ISSUED:
        return blue
    others = Refund.objects.filter(_of_invoice(blue), kind=RefundKind.REFUND, state__in=LEFT).exclude(pk=refund.pk)
    left = refund.amount + (others.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))
    return blue if left > undone([blue.pk]).get(blue.pk, Decimal(0)) else None


def _blue(refund: Refund) -> Invoice | None:
    """The invoice that still stands of those it pays back: its void request's; of more than that one, the order's."""
    if refund.void_request is not None:
        named = Invoice.objects.get(pk=refund.void_request.invoice_id)
        if named.state in STANDING:
            return named
        if refund.amount <= named.gross:
            return None
    if refund.payment is None or refund.payment.order_id is None:
        return None
    return newest_of([refund.payment.order_id]).get(refund.payment.order_id)


def take_turn(refund: Refund) -> None:
    """Let the refunds that an order's invoices answer for pass the gate one after another: they may be of different
    payments, and together leave more than was undone. The caller holds the refund's lock.
    """
    answering = Q(pk=refund.void_request.invoice_id) if refund.void_request else Q(pk__in=())
    if refund.payment is not None and refund.payment.order_id is not None:
        answering |= Q(order=refund.payment.order_id, red_of=None)
    locks.rows(Invoice.objects.filter(answering))


def newest_of(orders: Iterable[UUID]) -> dict[UUID, Invoice]:
    """The blue invoice of each order that still stands: one of which nothing is undone first, then the newest."""
    found = Invoice.objects.filter(order__in=list(orders), red_of=None, state__in=STANDING)
    rows = sorted(found, key=lambda row: (row.state == InvoiceState.ISSUED, row.issued_at))
    return {row.order_id: row for row in rows if row.order_id is not None}


def undone(invoices: Iterable[UUID]) -> dict[UUID, Decimal]:
    """The gross in yuan of the red invoices of each blue one."""
    reds = Invoice.objects.filter(red_of__in=list(invoices)).order_by().values_list("red_of")
    return {blue: -gross for blue, gross in reds.annotate(sum=Sum("gross"))}


def _of_invoice(blue: Invoice) -> Q:
    """Refunds that an invoice answers for: by their void request, else by the order that was paid."""
    named = Q(void_request__invoice=blue)
    return named if blue.order_id is None else named | Q(void_request=None, payment__order=blue.order_id)


def rule_for(reason_code: str, amount: Decimal, day: date) -> RefundGate | None:
    """The first row in force on a day of Shanghai whose reason and amount (yuan) fit."""
    rows = RefundGate.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=day), effective_from__lte=day, reason_code__in=("", reason_code)
    )
    return next((row for row in rows if row.up_to is None or amount <= row.up_to), None)


def red_first(refund: Refund, data: object) -> DomainError | None:
    """VOI-13."""
    invoice = invoice_of(refund)
    if invoice is None or GateException.objects.filter(refund=refund).exists():
        return None
    reason = refund.void_request.reason.code if refund.void_request else ""
    rule = rule_for(reason, refund.amount, clock.local(clock.now()).date())
    if rule is not None and rule.before_red:
        return None
    return DomainError("refund.red_first", invoice=str(invoice))


def provider_limits(refund: Refund, data: object) -> DomainError | None:
    """What WeChat Pay would refuse anyway; the wait of a minute ends by itself."""
    if refund.channel != PayChannel.WECHAT_PAY or refund.method != Method.REFUND or refund.payment is None:
        return None
    now = clock.now()
    if now - refund.payment.paid_at > LATEST:
        return DomainError("refund.too_late")
    earlier = RefundAttempt.objects.filter(refund__payment=refund.payment, channel=refund.channel, method=Method.REFUND)
    if earlier.count() >= MOST_PARTS:
        return DomainError("refund.too_many_parts")
    if earlier.filter(created_at__gt=now - APART).exclude(refund=refund).exists():
        return DomainError("refund.one_a_minute")
    return None


def except_from(refund: Refund, *, actor: Actor, reason: str) -> GateException:
    """Let one refund leave before its red invoice; who and why are kept. Never one's own.

    Raises DomainError `core.not_allowed`, `approval.own`, `reason.missing`, `refund.gate_open`.
    """
    if not actor.can("billing.except_refund_gate") or actor.user_id is None:
        raise DomainError("core.not_allowed")
    if actor.user_id in {refund.requested_by_id, *makers.of(refund)}:
        raise DomainError("approval.own")
    text = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        if invoice_of(refund) is None or refund.state not in (RefundState.CREATED, RefundState.APPROVED):
            raise DomainError("refund.gate_open")
        row, new = GateException.objects.get_or_create(
            refund=refund, defaults={"by_id": actor.user_id, "reason": text, "at": clock.now()}
        )
        if not new:
            raise DomainError("refund.gate_open")
        data = {"invoice": str(invoice_of(refund)), "amount": refund.amount}
        journal.record(events.REFUND_GATE_EXCEPTED, subject=refund, actor=actor, reason=text, data=data)
    return row


def save_rule(row: RefundGate, *, actor: Actor) -> RefundGate:
    """Add or change a row of the gate; the event tells what it was before (None: new), what it is now, and who.

    Saved as it was, nothing is told. Raises DomainError `core.not_allowed`.
    """
    if not actor.can("billing.change_refundgate"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        known = locks.rows(RefundGate.objects.filter(pk=row.pk))
        before, after = _facts(known[0]) if known else None, _facts(row)
        row.save()
        if before != after:
            data = {"before": before, "after": after}
            journal.record(events.REFUND_GATES_CHANGED, subject=row, actor=actor, data=data)
    return row


def _facts(row: RefundGate) -> dict[str, object]:
    return {
        "position": row.position, "reason_code": row.reason_code, "up_to": row.up_to, "before_red": row.before_red,
        "from": row.effective_from, "until": row.effective_to, "note": row.note,
    }  # fmt: skip
