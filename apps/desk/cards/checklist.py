"""Check-lists, and what the next steps still ask for (HND-11)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.casework.selectors import holding, papers
from apps.casework.services import checklists
from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import casework as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket
from apps.feedback.states import TicketState

# Where the step that supplies something stands on the page; others open in the menu of additions.
PLACES = {"message": "composer", "propose_solution": "do-propose_solution", "plan": "do-plan"}


def _needed(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    """By state: what is missing before it, each with the step that supplies it."""
    if not actor.can("feedback.handle_ticket"):
        return None
    missing = holding.next_missing(ticket)
    if not missing:
        return None
    states: dict[str, list[tuple[holding.Missing, str]]] = {}
    for each in missing:
        place = PLACES.get(each.act, "" if each.act in ("investigation", "time") else f"do-{each.act}")
        states.setdefault(str(TicketState(each.state).label), []).append((each, place))
    return {"states": list(states.items())}


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    lists = papers.checklists(ticket)
    if not lists:
        return None
    rows = []
    for each in lists:
        items = list(each.items.all())
        done = sum(item.settled_at is not None for item in items)
        held = any(item.required and item.settled_at is None for item in items)
        fixed = each.by_rule and any(item.required for item in items)
        rows.append({"list": each, "items": items, "done": done, "held": held, "fixed": fixed})
    names = ("checklist_tick", "checklist_untick", "checklist_skip", "checklist_remove")
    return {
        "rows": rows,
        "may_tick": ticket.is_open and actor.can("feedback.handle_ticket"),
        "refused": next((bound[name] for name in names if name in bound), None),
    }


NEEDED = Card("needed", "work", _needed)
CARD = Card(
    "checklist",
    "work",
    _build,
    (
        Action("checklist_add", _("Check-list"), "checklist", _("The check-list is on the ticket."),
               lambda t, d, a: checklists.add(t, d["template"], actor=a), forms.ChecklistAddForm, versioned=False),
        Action("checklist_tick", _("Tick"), "check_box", _("Ticked."),
               lambda t, d, a: checklists.tick(d["row"], actor=a), forms.ItemForm, versioned=False),
        Action("checklist_untick", _("Open again"), "undo", _("Open again."),
               lambda t, d, a: checklists.untick(d["row"], actor=a), forms.ItemForm, versioned=False),
        Action("checklist_skip", _("Does not apply"), "do_not_disturb_on", _("Noted."),
               lambda t, d, a: checklists.not_applicable(d["row"], actor=a, reason=d["reason"]), forms.ItemReasonForm,
               versioned=False),
        Action("checklist_remove", _("Take off"), "delete", _("The check-list is taken off."),
               lambda t, d, a: checklists.remove(d["row"], actor=a, reason=d["reason"]), forms.ChecklistRemoveForm,
               versioned=False),
    ),
)  # fmt: skip
