"""Whether a rule is about a ticket. A category stands for the ones under it too."""

from apps.casework.models.rule import TicketRule
from apps.feedback.models import Ticket
from apps.triage.models import Category

DEEPEST = 10  # levels of the category tree


def fits(rule: TicketRule, ticket: Ticket) -> bool:
    """All conditions of the rule are met by the ticket; an empty one always is."""
    if any(getattr(rule, name) not in ("", getattr(ticket, name)) for name in TicketRule.CONDITIONS):
        return False
    return rule.category_id is None or rule.category_id in line_of(ticket)


def line_of(ticket: Ticket) -> set[object]:
    """The ids of the ticket's category and those above it; read once for an instance as long as its category stays."""
    of, line = ticket.__dict__.get("_category_line", (None, set()))
    if of != ticket.category_id:
        line, category = {ticket.category_id}, ticket.category
        while category.parent_id is not None and len(line) < DEEPEST:
            line.add(category.parent_id)
            category = Category.objects.get(pk=category.parent_id)
        ticket.__dict__["_category_line"] = ticket.category_id, line
    return line
