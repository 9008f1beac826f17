"""A ticket whose money is open does not end (LNK-03). Nobody overrules it; a case can be taken back."""

from typing import Any

from apps.billing import selectors
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.journal import gates

SHOWN = 3
ENDINGS = ("resolve", "close_followed_up", "close_satisfied", "close_unanswered", "reject")


def money_is_settled(ticket: Ticket, data: dict[str, Any]) -> DomainError | None:
    """Merging is no end: the ticket that answers from then on is held by the same money."""
    cases = selectors.open_cases(ticket)
    if not cases:
        return None
    shown = "; ".join(str(case) for case in cases[:SHOWN]) + ("; …" if len(cases) > SHOWN else "")
    return DomainError("money.open", cases=shown)


for _name in ENDINGS:
    gates.register(f"feedback.ticket.{_name}", money_is_settled)
