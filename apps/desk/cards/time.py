"""Time spent on the ticket."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.casework.selectors import papers
from apps.casework.services import timekeeping
from apps.casework.services.timekeeping import Spent
from apps.core import clock
from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import casework as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    spent = papers.time_spent(ticket)
    if spent is None:
        return None
    today = timekeeping.today()
    handles = actor.can("feedback.handle_ticket")
    own = {e.pk for e in spent.entries if e.user_id == actor.user_id and clock.local(e.at).date() == today}
    return {"spent": spent, "own": own if handles else set(), "refused": bound.get("time_correct")}


def _correct(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    timekeeping.correct(data["row"], actor=actor, minutes=data["minutes"] or 0)


CARD = Card(
    "time",
    "side",
    _build,
    (
        Action("time", _("Time spent"), "hourglass", _("The time is entered."),
               lambda t, d, a: timekeeping.add(t, Spent(**d), actor=a), forms.TimeForm, versioned=False),
        Action("time_correct", _("Correct"), "undo", _("Corrected."), _correct, forms.TimeCorrectForm, versioned=False),
    ),
)  # fmt: skip
