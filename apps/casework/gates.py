"""Holding tickets back (HND-11). Every door (page, API, bulk, macro) goes through the transition, and so through these."""

from functools import partial
from typing import Any

from apps.casework.selectors import holding, people
from apps.casework.states import ENTERED_BY
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.states import MessageKind
from apps.journal import gates


def demanded(state: str, ticket: Ticket, data: dict[str, Any]) -> DomainError | None:
    """The fields that this state asks for."""
    found = holding.missing(ticket, state)
    if not found:
        return None
    names = "、".join(str(each.label) for each in found)
    return DomainError("casework.fields_missing", names=names, missing=[each.code for each in found])


def checked(ticket: Ticket, data: dict[str, Any]) -> DomainError | None:
    """Required items of check-lists, also of one that is just being put on."""
    if items := holding.open_items(ticket):
        return DomainError("checklist.items_open", items="、".join(f"“{item.text}”" for item in items[:5]))
    if template := holding.coming(ticket):
        return DomainError("checklist.not_added_yet", name=template.name)
    return None


def mentioned(ticket: Ticket, data: dict[str, Any]) -> DomainError | None:
    """Whoever is named in a note must be able to read it."""
    if data["kind"] != MessageKind.NOTE:
        return None
    blind = [str(user) for user in people.mentioned(data["body"]) if not people.may_see(user, ticket)]
    return DomainError("mention.cannot_see", field="body", names="、".join(blind)) if blind else None


for _state, _step in ENTERED_BY.items():
    gates.register(f"feedback.ticket.{_step}", partial(demanded, _state.value))
gates.register("feedback.ticket.resolve", checked)
gates.register("feedback.ticket.write", mentioned)
