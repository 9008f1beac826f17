"""Care tasks of the ticket (HND-10)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import label
from apps.casework.selectors import papers
from apps.casework.services import care
from apps.casework.states import CareState
from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import casework as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    tasks = papers.care_tasks(ticket)
    if not tasks:
        return None
    refused = next((bound[name] for name in ("care_done", "care_skip", "care_reopen") if name in bound), None)
    return {
        "open": [(task, label(task.role)) for task in tasks if task.state == CareState.OPEN],
        "over": [task for task in tasks if task.state != CareState.OPEN],
        "may_act": actor.can("feedback.handle_ticket"),
        "refused": refused,
    }


CARD = Card(
    "care",
    "work",
    _build,
    (
        Action("care_plan", _("Care task"), "volunteer_activism", _("The care task is planned."),
               lambda t, d, a: care.plan(t, actor=a, **d), forms.CarePlanForm, versioned=False),
        Action("care_done", _("Done"), "check", _("Done."),
               lambda t, d, a: care.finish(d["row"], actor=a, outcome=d["outcome"]), forms.CareDoneForm,
               versioned=False),
        Action("care_skip", _("Skip"), "do_not_disturb_on", _("Skipped."),
               lambda t, d, a: care.skip(d["row"], actor=a, reason=d["reason"]), forms.CareSkipForm, versioned=False),
        Action("care_reopen", _("Open again"), "undo", _("Open again."),
               lambda t, d, a: care.open_again(d["row"], actor=a, reason=d["reason"]), forms.CareReopenForm,
               versioned=False),
    ),
)  # fmt: skip
