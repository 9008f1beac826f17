"""The one menu of what can be added to a ticket, with macros and following: nothing empty stands on the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.casework.selectors import papers
from apps.casework.services import macros, watching
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.actions import Action
from apps.desk.cards import care, checklist, investigation, money, relations, time
from apps.desk.cards.base import Card
from apps.desk.forms import casework as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket

# The others can be added afterwards, too.
WHILE_OPEN = (
    "checklist_add",
    "care_plan",
    "macro",
    "part",
    "attach",
    "merge",
    "nudge",
    *(action.name for action in money.OPENS),
)


@dataclass(frozen=True, slots=True)
class Adding:
    """A form that is open: as it was sent and refused, or freshly asked for."""

    action: Action
    form: DeskForm


def _run_macro(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    result = macros.run(data["macro"], ticket, actor=actor)
    if not result.ok:
        raise DomainError("macro.refused", field="macro", why=result.words)
    return result.words


MACRO = Action("macro", _("Macro"), "bolt", _("Done."), _run_macro, forms.MacroForm, versioned=False)
FOLLOW = Action("follow", _("Follow"), "notifications", _("You hear of changes to this ticket."),
                lambda t, d, a: watching.follow(t, actor=a), permission="feedback.view_ticket", versioned=False)  # fmt: skip
UNFOLLOW = Action("unfollow", _("Unfollow"), "notifications_off", _("You hear no more of this ticket."),
                  lambda t, d, a: watching.unfollow(t, actor=a), permission="feedback.view_ticket", versioned=False)  # fmt: skip

_BY_NAME = {
    action.name: action
    for card in (checklist.CARD, investigation.CARD, time.CARD, care.CARD, relations.CARD)
    for action in card.actions
}
ADDABLE: tuple[Action, ...] = (
    *(_BY_NAME[n] for n in ("checklist_add", "investigation", "interview", "evidence", "time", "care_plan")),
    *(_BY_NAME[n] for n in ("part", "attach", "link", "repeat_link", "merge", "nudge")),
    *money.OPENS,
    MACRO,
)


def addable(ticket: Ticket, actor: Actor) -> list[Action]:
    """What this actor may add to the ticket as it is now."""
    return [a for a in ADDABLE if actor.can(a.permission) and (ticket.is_open or a.name not in WHILE_OPEN)]


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    menu = addable(ticket, actor)
    followers = papers.followers(ticket, actor)
    asked = next((a for a in menu if a.name in bound), None)
    if not menu and not followers.names:
        return None
    return {
        "menu": menu,
        "adding": Adding(asked, bound[asked.name]) if asked else None,
        "followers": followers,
        "may_follow": bool(menu),
    }


CARD = Card("add", "work", _build, (MACRO, FOLLOW, UNFOLLOW))
