"""One settlement view per complaint (REF-09), and what has left without its red invoice (VOI-13). Reads only.

Settlement = refund + compensation + logistics − penalties, in yuan. Parts that this room doesn't know (logistics,
penalties) are told by the rooms that do, through `register`; what nobody tells counts 0. A complaint and its repeats are
one: each refund counts once, however many tickets name it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.billing.models import GateException, Invoice, Payment, Refund, SettlementCap
from apps.billing.services import refund_gates, return_rules
from apps.billing.states import InvoiceState, RefundKind, RefundState
from apps.core import clock, money
from apps.core.actors import Actor
from apps.feedback.models import Ticket

ZERO = Decimal("0.00")
PAID = (RefundState.SUCCEEDED,)
PENDING = (
    RefundState.CREATED, RefundState.APPROVED, RefundState.PROCESSING, RefundState.UNKNOWN, RefundState.NEEDS_FALLBACK,
    RefundState.BOUNCED,
)  # fmt: skip
Part = Callable[[list[UUID]], Decimal]
_parts: dict[str, Part] = {}
PARTS = ("logistics", "penalties")


def register(part: str, figure: Part) -> None:
    """`figure` answers with the yuan of these tickets (ids) together. Called in a room's `ready()`."""
    if part not in PARTS:
        raise ValueError(f"a settlement has no part {part}")
    _parts[part] = figure


@dataclass(frozen=True, slots=True)
class Settlement:
    """Yuan. `cap` is what a complaint may cost: a share of what was paid (a dated row); None where that isn't known."""

    tickets: tuple[UUID, ...]
    refund: Decimal
    compensation: Decimal
    logistics: Decimal
    penalties: Decimal
    pending: Decimal
    cap: Decimal | None

    @property
    def sum(self) -> Decimal:
        """Before the cap."""
        return self.refund + self.compensation + self.logistics - self.penalties

    @property
    def total(self) -> Decimal:
        """Never below nothing, never above the cap."""
        total = max(self.sum, ZERO)
        return total if self.cap is None else min(total, self.cap)

    @property
    def is_capped(self) -> bool:
        return self.cap is not None and self.sum > self.cap


def family(ticket: Ticket) -> list[UUID]:
    """The first complaint of this issue and all its repeats."""
    root, seen = ticket, {ticket.pk}
    while root.repeat_of is not None and root.repeat_of_id not in seen:
        root = root.repeat_of
        seen.add(root.pk)
    found, newest = [root.pk], [root.pk]
    while newest:
        newest = list(Ticket.objects.filter(repeat_of__in=newest).exclude(pk__in=found).values_list("pk", flat=True))
        found += newest
    return found


def settlement(ticket: Ticket) -> Settlement:
    """How this complaint, with its repeats, stands."""
    ids = family(ticket)
    rows = list(Refund.objects.filter(ticket__in=ids).only("kind", "state", "amount", "payment_id"))
    paid = [row for row in rows if row.state in PAID]
    return Settlement(
        tickets=tuple(ids),
        refund=_sum(row.amount for row in paid if row.kind == RefundKind.REFUND),
        compensation=_sum(row.amount for row in paid if row.kind != RefundKind.REFUND),
        logistics=_part("logistics", ids),
        penalties=_part("penalties", ids),
        pending=_sum(row.amount for row in rows if row.state in PENDING),
        cap=_cap(ticket, {row.payment_id for row in rows if row.payment_id}),
    )


def _cap(ticket: Ticket, payments: set[UUID]) -> Decimal | None:
    row = _cap_row()
    of_order = Q(order=ticket.order_id) if ticket.order_id else Q(pk__in=())
    paid = list(Payment.objects.filter(Q(pk__in=payments) | of_order).values_list("amount", flat=True))
    return None if row is None or not paid else money.fen(_sum(paid) * row.percent / 100)


def _cap_row() -> SettlementCap | None:
    return return_rules.cap_for(clock.local(clock.now()).date())


def exceeds_cap(ticket: Ticket, amount: Decimal) -> bool:
    """Whether so many yuan more would make this complaint cost more than its cap and the tolerance (REF-09)."""
    stands, row = settlement(ticket), _cap_row()
    if stands.cap is None or row is None:
        return False
    return stands.sum + stands.pending + amount > stands.cap + row.tolerance


@dataclass(frozen=True, slots=True)
class Exposed:
    """Money that left, or is leaving, before its invoice was undone."""

    refund: Refund
    invoice: str
    since: timedelta
    exception: GateException | None


def exposure(actor: Actor, limit: int = 200) -> list[Exposed]:
    """What has been paid without its red invoice, the largest first (VOI-13). A fixed number of queries.

    Of an invoice that is undone in part, refunds are covered in the order in which they were filed.
    """
    uncovered = Q(state=InvoiceState.ISSUED, red_of=None) | Q(pk__in=_overdrawn())
    rows = Refund.objects.visible_to(actor).filter(state__in=refund_gates.LEFT, kind=RefundKind.REFUND)
    stands = Invoice.objects.filter(uncovered)
    by_order = Q(void_request=None) & Exists(stands.filter(order=OuterRef("payment__order")))
    rows = rows.filter(Q(void_request__invoice__in=stands) | by_order)
    rows = rows.select_related("void_request__invoice", "void_request__reason", "payment__order", "gate_exception__by")
    refunds = list(rows.defer("payee_name", "payee_account", "words", "payment__payer_name").order_by("id"))
    of_order = refund_gates.newest_of({r.payment.order_id for r in refunds if r.void_request is None and r.payment})
    pairs = [(r, r.void_request.invoice if r.void_request else of_order.get(r.payment.order_id)) for r in refunds]
    covered = refund_gates.undone({blue.pk for _r, blue in pairs if blue and blue.state == InvoiceState.PARTLY_RED})
    now, found = clock.now(), []
    for refund, blue in pairs:
        if blue is None:  # undone at this very moment
            continue
        rest = covered.get(blue.pk, ZERO) - refund.amount
        if rest >= 0:
            covered[blue.pk] = rest
        else:
            exception = getattr(refund, "gate_exception", None)
            found.append(Exposed(refund, str(blue), now - (refund.settled_at or refund.created_at), exception))
    return sorted(found, key=lambda one: (-one.refund.amount, one.refund.pk))[:limit]


def _overdrawn() -> QuerySet[Invoice]:
    """Invoices of which less is undone than has left. Most that are undone in part are covered, and stay so for years."""

    def sum_of(rows: QuerySet[Any], by: str, field: str) -> Coalesce:
        grouped = rows.order_by().values(by).annotate(sum=Sum(field)).values("sum")
        return Coalesce(Subquery(grouped), ZERO, output_field=DecimalField(max_digits=18, decimal_places=2))

    left = Refund.objects.filter(state__in=refund_gates.LEFT, kind=RefundKind.REFUND)
    named = sum_of(left.filter(void_request__invoice=OuterRef("pk")), "void_request__invoice", "amount")
    ordered = left.filter(void_request=None, payment__order=OuterRef("order"))
    undone = sum_of(Invoice.objects.filter(red_of=OuterRef("pk")), "red_of", "gross")
    away = named + sum_of(ordered, "payment__order", "amount")
    return Invoice.objects.filter(state=InvoiceState.PARTLY_RED).alias(balance=away + undone).filter(balance__gt=0)


def _part(name: str, ids: list[UUID]) -> Decimal:
    return _parts[name](ids) if name in _parts else ZERO


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
