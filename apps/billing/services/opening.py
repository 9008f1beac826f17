"""Void requests and refunds that the system files for a ticket (LNK-01, LNK-02). Persons approve them.

What can't be filed without guessing is left to a person: `MONEY_NOT_OPENED` says why, on the ticket and to its handler.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models, transaction

from apps.billing import events
from apps.billing.models import Refund, VoidRequest
from apps.billing.services import matching, refunds, voids
from apps.billing.services.refunds import RefundDraft
from apps.billing.services.voids import VoidDraft
from apps.billing.states import HOLDS_MONEY, RefundKind, VoidState
from apps.core import locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Solution, Ticket
from apps.feedback.services import words
from apps.feedback.states import SolutionType
from apps.journal import events as journal

LINKS = system("links")
VOID, REFUND = "void", "refund"
MONEY_BACK = (SolutionType.RETURN, SolutionType.REFUND)


def confirm_return(ticket: Ticket, *, actor: Actor, note: str = "") -> None:
    """A person confirms what the customer demands: the goods come back. The void request follows by itself (LNK-01).

    Raises DomainError `core.not_allowed`, `link.ticket_over`, and those of the words.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    text = words.checked(note, "note")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not fresh.is_open:
            raise DomainError("link.ticket_over")
        journal.record(events.RETURN_CONFIRMED, subject=fresh, actor=actor, reason=text)


def open_void(ticket: Ticket, solution: Solution | None = None) -> VoidRequest | None:
    """File the void request of a return or refund, once per ticket and invoice. None: it stands already, or nobody can
    tell what to undo; then the ticket says why.
    """

    def file() -> VoidRequest:
        found = wanted(ticket, solution)
        why = solution.description if solution else ""
        draft = VoidDraft(found.invoice, found.reason_code, why, found.asks, ticket)
        return voids.file(draft, actor=LINKS)

    if ticket.is_drill:
        return None
    with transaction.atomic():
        locks.row(Ticket, ticket.pk)
        if standing_void(ticket) is not None:
            return None
        return attempt(VOID, ticket, file)


def wanted(ticket: Ticket, solution: Solution | None = None) -> matching.Match:
    """What this ticket's void request would ask for. Raises the errors of `matching`."""
    invoice = matching.invoice(ticket)
    amount = solution.cost if solution is not None and solution.cost > 0 else None
    total = ticket.order.total if ticket.order is not None else None
    only_money = solution is not None and solution.type == SolutionType.REFUND
    if not only_money or amount is None:
        return matching.part(invoice, matching.RETURNED, amount, total)
    whole = matching.part(invoice, matching.RETURNED, None, None)
    code = matching.RETURNED if amount >= whole.amount else matching.ALLOWANCE
    return matching.part(invoice, code, amount, total)


def standing_void(ticket: Ticket) -> VoidRequest | None:
    """The newest void request of this ticket that nobody took back; a rejected one stands, too: a person resubmits it."""
    own = VoidRequest.objects.filter(ticket=ticket).exclude(state=VoidState.WITHDRAWN)
    return own.order_by("-id").first()


@dataclass(frozen=True, slots=True)
class Back:
    """Money for goods that came back: `amount` in yuan, of an order's payment, for a ticket where there is one."""

    request: VoidRequest
    amount: Decimal
    ticket: Ticket | None


def open_refund(back: Back, subject: models.Model) -> Refund | None:
    """File the refund of a completed return, once per void request (LNK-02). The system files; persons approve."""

    def file() -> Refund:
        order = back.request.invoice.order
        if order is None:
            raise DomainError("link.no_payment", order="—", amount=f"{back.amount:,.2f}")
        payment = matching.payment_of_order(order, back.amount)
        draft = RefundDraft(
            back.amount, back.request.words, payment=payment, ticket=back.ticket, void_request=back.request
        )
        return refunds.file(draft, actor=LINKS)

    with transaction.atomic():
        if standing_refund(back.request, back.ticket) is not None:
            return None
        return attempt(REFUND, subject, file)


def standing_refund(request: VoidRequest, ticket: Ticket | None) -> Refund | None:
    """A refund for this invoice, or this ticket, that holds money already."""
    mine = models.Q(void_request__invoice_id=request.invoice_id)
    if ticket is not None:
        mine |= models.Q(ticket=ticket)
    return Refund.objects.filter(mine, kind=RefundKind.REFUND, state__in=HOLDS_MONEY).order_by("-id").first()


def attempt(what: str, subject: models.Model, file: Callable[[], Any]) -> Any:
    """Do it, or write down on the subject (ticket or return order) why a person must. What failed leaves nothing."""
    try:
        with transaction.atomic():
            made = file()
    except (DomainError, DomainErrors) as refused:
        left_to_a_person(what, subject, refused)
        return None
    data = {"what": what, "number": made.number, "amount": made.amount}
    journal.record(events.MONEY_OPENED, subject=subject, actor=LINKS, data=data)
    return made


def left_to_a_person(what: str, subject: models.Model, refused: DomainError | DomainErrors) -> None:
    """The code and its plain data; the words are made where they are read, in the reader's language."""
    error = refused.errors[0] if isinstance(refused, DomainErrors) else refused
    plain = {name: str(value) for name, value in error.data.items()}
    data = {"what": what, "code": error.code, "data": plain}
    journal.record(events.MONEY_NOT_OPENED, subject=subject, actor=LINKS, data=data)


def open_void_of(invoice_id: UUID) -> VoidRequest | None:
    """The request that is under way for this invoice, the newest one."""
    waiting = VoidRequest.objects.filter(invoice=invoice_id, state__in=matching.UNDER_WAY)
    return waiting.select_related("invoice__order", "reason").order_by("-id").first()
