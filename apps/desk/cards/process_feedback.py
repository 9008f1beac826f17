"""After closing: what slowed its handlers down, with one tap (SUR-05)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.desk.forms.customer_voice import ProcessFeedbackForm
from apps.feedback.models import ProcessFeedback, Ticket
from apps.feedback.selectors import process_feedback as reads
from apps.feedback.services import process_feedback
from apps.feedback.states import TicketState


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    if ticket.state != TicketState.CLOSED or not process_feedback.may_give(ticket, actor):
        return None
    said = reads.of_ticket(ticket, actor.user_id or 0)
    return {
        "said": said,
        "choices": ProcessFeedback.Obstacle.choices,
        "form": bound.get("process_feedback"),
    }


def _give(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    process_feedback.give(ticket, data["obstacle"], data["words"], actor=actor)


CARD = Card(
    "process_feedback",
    "work",
    _build,
    (
        Action("process_feedback", _("What slowed you down?"), "rate_review", _("Thank you; it is kept."), _give,
               ProcessFeedbackForm, versioned=False),
    ),
)  # fmt: skip
