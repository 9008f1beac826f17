"""At the store counter: the acknowledgement that the customer takes along (INT-01, INT-10)."""

from dataclasses import dataclass

import segno
from django.db import transaction

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import links
from apps.feedback.states import TicketState
from apps.journal import events as journal

RECEIPT_SHOWN = "ticket.receipt_shown"
# From here on the private page takes the customer's verdict: it is theirs alone, and goes out only by their own channel.
NO_LINK_IN = (TicketState.RESOLVED, TicketState.CALLBACK, TicketState.SECOND_FOLLOW_UP, TicketState.CLOSED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """`link` is the customer's private address and `qr` the same as a picture (SVG); both empty once work is done."""

    ticket: Ticket
    link: str = ""
    qr: str = ""


def receipt(ticket: Ticket, *, actor: Actor) -> Receipt:
    """What is printed or shown for the customer. Who saw the private link is recorded.

    Raises DomainError `core.not_allowed` (needs `feedback.create_ticket`).
    """
    if not actor.can("feedback.create_ticket"):
        raise DomainError("core.not_allowed")
    if ticket.state in NO_LINK_IN:
        return Receipt(ticket)
    with transaction.atomic():
        journal.record(RECEIPT_SHOWN, subject=ticket, actor=actor)
    link = links.tracking_url(ticket)
    code = segno.make(link, error="m", micro=False)
    return Receipt(ticket, link, code.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True))
