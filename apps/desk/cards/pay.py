"""A complaint at the payment provider: its facts there, and what we told it (INT-14)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.channels.models import PayComplaint
from apps.channels.services import pay_steps
from apps.core.actors import Actor
from apps.core.vocabulary import Channel
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.desk.forms.pay import PayStepForm
from apps.feedback.models import Ticket


def build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    if ticket.channel != Channel.PAY:
        return None
    complaint = PayComplaint.objects.filter(ticket=ticket).first()
    if complaint is None:
        return None
    steps = list(complaint.steps.order_by("id"))
    return {"complaint": complaint, "steps": steps, "handles": actor.can("feedback.handle_ticket")}


CARD = Card(
    "pay",
    "work",
    build,
    (
        Action("pay_again", _("Send again"), "refresh", _("It is sent again."),
               lambda t, d, a: pay_steps.try_again(d["step"], actor=a), PayStepForm, versioned=False),
        Action("pay_leave", _("Go on without it"), "block", _("Left out; what comes after goes on."),
               lambda t, d, a: pay_steps.leave_out(d["step"], actor=a), PayStepForm, versioned=False),
    ),
)  # fmt: skip
