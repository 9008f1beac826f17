"""The numbers of tickets (INT-02). Drills count for themselves (`D202405-001`), so that they leave no gaps (TRN-01)."""

from apps.core import numbers
from apps.feedback.models import Ticket


def insert(ticket: Ticket) -> None:
    """Insert a new ticket with its number, as the last statement but few before commit."""
    if ticket.is_drill:
        numbers.insert(ticket, "drill", ticket.received_at, mark="D")
    else:
        numbers.insert(ticket, "ticket", ticket.received_at)
