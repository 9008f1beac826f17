"""Until when each record is kept and why, in words (ARC-05, LAW-04).

A customer's hold holds all that is theirs; a ticket with money is kept as long as the money's vouchers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext as _

from apps.billing.audit_states import ErasedFor, RecordKind
from apps.billing.models import Erasure, Invoice, LegalHold, Payment, Refund, StatementRun, VoidRequest
from apps.billing.retention import holds, terms
from apps.billing.retention.terms import Term
from apps.billing.states import VoidState
from apps.crm.models import Order
from apps.feedback.models import Ticket

OVER = (VoidState.ARCHIVED, VoidState.REJECTED, VoidState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Kept:
    """How a record stands: `until` is the first day on which it may go; None while it has not ended (`why` says so)."""

    until: date | None
    why: str
    holds: list[LegalHold] = field(default_factory=list)

    def is_due(self, day: date) -> bool:
        return self.until is not None and self.until <= day and not self.holds


@dataclass(frozen=True, slots=True)
class Sort:
    """One type of record: what it is, when it ended (None: it runs), and the ids whose hold holds it, too."""

    covers: RecordKind
    model: type[Model]
    ended: Callable[[Any], datetime | date | None]
    related: Callable[[Any], list[UUID | None]]


def _void_ended(request: VoidRequest) -> datetime | None:
    if request.state not in OVER:
        return None
    return request.executed_at or request.submitted_at or request.created_at


def _ticket_ended(ticket: Ticket) -> datetime | None:
    if ticket.is_open:
        return None
    return ticket.closed_at or ticket.resolved_at or ticket.received_at


SORTS: dict[str, Sort] = {
    "billing.voidrequest": Sort(
        RecordKind.VOUCHER, VoidRequest, _void_ended, lambda r: [r.invoice_id, r.ticket_id, r.invoice.customer_id]
    ),
    "billing.refund": Sort(
        RecordKind.VOUCHER, Refund, lambda r: r.settled_at, lambda r: [r.payment_id, r.ticket_id, r.customer_id]
    ),
    "billing.invoice": Sort(RecordKind.VOUCHER, Invoice, lambda i: i.issued_at, lambda i: [i.customer_id, i.order_id]),
    "billing.payment": Sort(RecordKind.VOUCHER, Payment, lambda p: p.paid_at, lambda p: [p.customer_id, p.order_id]),
    "billing.statementrun": Sort(RecordKind.STATEMENT, StatementRun, lambda s: s.day, lambda s: []),
    "feedback.ticket": Sort(RecordKind.COMPLAINT, Ticket, _ticket_ended, lambda t: [t.customer_id, t.order_id]),
    "crm.order": Sort(
        RecordKind.TRANSACTION, Order, lambda o: o.delivered_at or o.ordered_at, lambda o: [o.customer_id]
    ),
}


def sort_of(record: Model) -> Sort:
    """Raises LookupError for what has no retention of its own."""
    return SORTS[record._meta.label_lower]


def kept(record: Model, in_force: dict[str, Term] | None = None) -> Kept:
    """Until when, why, and what holds it."""
    in_force = terms.in_force() if in_force is None else in_force
    sort = sort_of(record)
    held = holds.on([i for i in (record.pk, *sort.related(record)) if i])
    ended = sort.ended(record)
    if ended is None:
        return Kept(None, _("It has not ended yet."), held)
    term = in_force.get(sort.covers)
    if term is None:
        return Kept(None, _("No retention class is in force for it."), held)
    until, why = term.until(ended), term.words(ended)
    if isinstance(record, Ticket):
        until, why = _with_money(record, until, why, in_force)
    return Kept(until, why, held)


def destroyed(record: Model) -> Erasure | None:
    """The record of destruction of what went by a list (ARC-05); one query."""
    return Erasure.objects.filter(subject_id=record.pk, because=ErasedFor.DESTRUCTION).first()


def _with_money(ticket: Ticket, until: date, why: str, in_force: dict[str, Term]) -> tuple[date | None, str]:
    """A ticket explains its money: it is kept as long as the vouchers that name it (LAW-04)."""
    cases: list[Any] = [*ticket.void_requests.select_related("invoice"), *ticket.refunds.all()]
    term = in_force.get(RecordKind.VOUCHER)
    for case in cases:
        ended = sort_of(case).ended(case)
        if ended is None or term is None:
            return None, _("Case %(number)s of this ticket has not ended yet.") % {"number": case.number}
        if (theirs := term.until(ended)) > until:
            until = theirs
            why = _("It belongs to case %(number)s: %(why)s") % {"number": case.number, "why": term.words(ended)}
    return until, why
