"""What is left of a blue invoice, by quantity, net and tax (VOI-05). Red never exceeds blue: the database holds it too.

Held figures stand on the blue lines. Whoever changes them holds the invoice's lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F

from apps.billing.models import Invoice, InvoiceLine, VoidLine, VoidReason
from apps.core import locks, money
from apps.core.errors import DomainError

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be undone of a line: a quantity (the amount follows), or a net amount in yuan with no quantity."""

    line: InvoiceLine
    quantity: Decimal = ZERO
    net: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a line; figures are positive. Net and tax in yuan."""

    line: InvoiceLine
    quantity: Decimal
    net: Decimal
    tax: Decimal


def left(line: InvoiceLine) -> Portion:
    return Portion(line, line.quantity - line.held_quantity, line.net - line.held_net, line.tax - line.held_tax)


def everything(lines: Sequence[InvoiceLine]) -> list[Portion]:
    """All that is left; lines with nothing left are not named."""
    return [part for part in map(left, lines) if part.net > 0 or part.quantity > 0]


def portion(ask: Ask) -> Portion:
    """The part that is asked for. Net follows the quantity, tax the net, each rounded to the fen; what empties a line
    takes the remainder. Raises DomainError `void.nothing_left`, `void.above_balance`.
    """
    rest = left(ask.line)
    if rest.net <= 0 and rest.quantity <= 0:
        raise DomainError("void.nothing_left", field="lines", line=ask.line.position)
    net = ask.net if ask.net is not None else money.fen(ask.line.net * ask.quantity / ask.line.quantity)
    if ask.quantity > rest.quantity or (ask.net is not None and ask.net > rest.net) or ask.quantity < 0 or net < 0:
        words = {"line": ask.line.position, "quantity": f"{rest.quantity.normalize():f}", "net": f"{rest.net:.2f}"}
        raise DomainError("void.above_balance", field="lines", **words)
    empties = (ask.quantity == rest.quantity and ask.net is None) or net >= rest.net
    if empties:
        return Portion(ask.line, ask.quantity, rest.net, rest.tax)
    return Portion(ask.line, ask.quantity, money.fen(net), min(money.fen(net * ask.line.rate), rest.tax))


def check_reason(reason: VoidReason, asks: Sequence[Ask]) -> None:
    """What the reason allows to change (VOID-RULES). Raises DomainError `void.only_whole`, `.no_quantity`, `.no_amount`."""
    if asks and not reason.partial:
        raise DomainError("void.only_whole", field="lines", reason=reason.name)
    for ask in asks:
        if ask.quantity and not reason.quantity:
            raise DomainError("void.no_quantity", field="lines", reason=reason.name)
        if ask.net is not None and not reason.amount:
            raise DomainError("void.no_amount", field="lines", reason=reason.name)


def locked_lines(invoice: Invoice) -> list[InvoiceLine]:
    """The invoice's lock, and its lines as they stand under it."""
    locks.row(Invoice, invoice.pk)
    return list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))


def hold(portions: Sequence[Portion | VoidLine]) -> None:
    """Take these parts out of what is left. The caller holds the invoice's lock."""
    _move(portions, 1)


def release(portions: Sequence[Portion | VoidLine]) -> None:
    """Give them back, when a request is rejected or withdrawn."""
    _move(portions, -1)


def _move(portions: Sequence[Portion | VoidLine], sign: int) -> None:
    for part in portions:
        InvoiceLine.objects.filter(pk=part.line.pk).update(
            held_quantity=F("held_quantity") + sign * part.quantity,
            held_net=F("held_net") + sign * part.net,
            held_tax=F("held_tax") + sign * part.tax,
        )
