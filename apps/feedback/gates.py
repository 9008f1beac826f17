"""What holds a ticket back from the steps that end it; asked by the transition door, so no bulk step slips past."""

from typing import Any

from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import parts
from apps.journal import gates

SHOWN = 5
ENDINGS = ("resolve", "close_followed_up", "reject", "merge")


def parts_are_done(ticket: Ticket, data: dict[str, Any]) -> DomainError | None:
    """Open parts hold the whole open (HND-11)."""
    numbers = list(parts.open_parts(ticket).order_by("pk").values_list("number", flat=True)[: SHOWN + 1])
    if not numbers:
        return None
    shown = ", ".join(numbers[:SHOWN]) + (" …" if len(numbers) > SHOWN else "")
    return DomainError("part.open", numbers=shown)


for _name in ENDINGS:
    gates.register(f"feedback.ticket.{_name}", parts_are_done)
