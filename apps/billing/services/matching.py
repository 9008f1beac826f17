"""Which invoice a ticket is about and what of it is undone (LNK-01). Reads only; every doubt is an error in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from apps.billing.models import Invoice, InvoiceLine, Payment, VoidReason
from apps.billing.services import balance, voids
from apps.billing.services.balance import Ask, Portion
from apps.billing.states import OPEN_VOIDS, InvoiceState, VoidState
from apps.core import money
from apps.core.errors import DomainError
from apps.crm.models import Customer, Order
from apps.feedback.models import Ticket

STANDING = (InvoiceState.ISSUED, InvoiceState.PARTLY_RED)
RETURNED, ALLOWANCE = "02", "04"  # 销货退回, 销售折让
UNDER_WAY = [state for state in OPEN_VOIDS if state != VoidState.DONE]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Match:
    """What a void request would ask for. `amount` in yuan; no `asks` means all that is left of the invoice."""

    invoice: Invoice
    reason_code: str
    asks: tuple[Ask, ...]
    amount: Decimal


def invoices_of(ticket: Ticket) -> "QuerySet[Invoice]":
    """Blue invoices that this ticket may be about: of its order, else of its customer; the newest first."""
    blue = Invoice.objects.blue()
    if ticket.order_id is not None:
        return blue.filter(order_id=ticket.order_id)
    return blue.filter(Q(customer_id=ticket.customer_id) | Q(order__customer_id=ticket.customer_id))


def invoice(ticket: Ticket) -> Invoice:
    """The invoice named on the ticket, else the only one that stands of its order, else of its customer.

    Raises DomainError `link.invoice_unknown`, `link.invoice_of_another`, `link.no_invoice`, `link.several_invoices`.
    """
    if number := ticket.invoice_number.strip():
        return _named(number, ticket.customer)
    found = list(invoices_of(ticket).filter(state__in=STANDING)[:2])
    return _only(found, ticket.order_number or (ticket.order.number if ticket.order else ""))


def invoice_of_order(order: Order) -> Invoice:
    """The only invoice of an order that stands. Raises DomainError `link.no_invoice`, `link.several_invoices`."""
    found = Invoice.objects.blue().filter(order=order, state__in=STANDING)
    return _only(list(found[:2]), order.number)


def _named(number: str, customer: Customer) -> Invoice:
    known = list(Invoice.objects.blue().filter(number=number).select_related("order")[:2])
    if not known:
        raise DomainError("link.invoice_unknown", number=number)
    if len(known) > 1:
        raise DomainError("link.several_invoices", order=number)
    owner = known[0].customer_id or (known[0].order.customer_id if known[0].order else None)
    if owner is not None and owner != customer.pk:
        raise DomainError("link.invoice_of_another", number=number)
    return known[0]


def _only(found: Sequence[Invoice], order: str) -> Invoice:
    if not found:
        raise DomainError("link.no_invoice", order=order or "—")
    if len(found) > 1:
        raise DomainError("link.several_invoices", order=order or "—")
    return found[0]


def part(of: Invoice, reason_code: str, amount: Decimal | None, total: Decimal | None) -> Match:
    """What to undo for `amount` yuan gross; None is the whole, which `total`, the order's sum, must not contradict.

    Raises DomainError `link.amount_unclear`, `link.above_invoice`, `link.part_unclear`, `void.waiting`,
    `invoice.ended`, `void.reason_unknown`.
    """
    reason = voids.reason_of(of, reason_code)
    lines = [line for line in of.lines.order_by("position") if balance.everything([line])]
    left = sum((rest.net + rest.tax for rest in balance.everything(lines)), ZERO)
    if left <= 0:
        waiting = of.void_requests.filter(state__in=UNDER_WAY).order_by("-id").first()
        if waiting is not None:
            raise DomainError("void.waiting", field="invoice", number=waiting.number)
        raise DomainError("invoice.ended", number=str(of), state=of.get_state_display())
    if amount is None and total is not None and total != left:
        raise DomainError("link.amount_unclear", order=f"{total:,.2f}", left=f"{left:,.2f}")
    if amount is None or amount == left:
        return Match(of, reason_code, (), left)
    if amount > left:
        raise DomainError("link.above_invoice", amount=f"{amount:,.2f}", left=f"{left:,.2f}")
    ask = _ask(lines[0], reason, amount) if len(lines) == 1 and reason.partial else None
    if ask is None:
        raise DomainError("link.part_unclear", amount=f"{amount:,.2f}")
    return Match(of, reason_code, (ask,), amount)


def _ask(line: InvoiceLine, reason: VoidReason, amount: Decimal) -> Ask | None:
    """Pieces of the line that make exactly this gross amount, else a net amount that does; what the reason allows."""
    pieces = amount * line.quantity / (line.net + line.tax)
    asks = [Ask(line, pieces.quantize(Decimal(1)))] if reason.quantity and pieces == pieces.to_integral_value() else []
    if reason.amount and not reason.goods_return:
        net = money.fen(amount / (1 + line.rate))
        asks += [Ask(line, net=net + step) for step in (ZERO, money.FEN, -money.FEN)]
    for ask in asks:
        try:
            found: Portion = balance.portion(ask)
        except DomainError:
            continue
        if found.net + found.tax == amount:
            return ask
    return None


def payment_of_order(order: Order, amount: Decimal) -> Payment:
    """The only payment of the order that still covers so many yuan.

    Raises DomainError `link.no_payment`, `link.several_payments`.
    """
    covering = [row for row in Payment.objects.filter(order=order) if row.amount - row.reserved >= amount]
    if not covering:
        raise DomainError("link.no_payment", order=order.number, amount=f"{amount:,.2f}")
    if len(covering) > 1:
        raise DomainError("link.several_payments", order=order.number)
    return covering[0]
