"""More time for the ticket's deadlines: asked for, decided (SLA-05)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import extension as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket
from apps.sla import selectors
from apps.sla.models import ExtensionRequest
from apps.sla.services import extensions
from apps.sla.states import ExtensionState


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request to decide on; `why_not` says why this person can't."""

    request: ExtensionRequest
    grant: DeskForm
    refuse: DeskForm
    why_not: str
    mine: bool


def _ask(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    open_ones = {d.pk for d in selectors.open_for(ticket)}
    if data["deadline"] not in open_ones:
        raise DomainError("sla.not_open", field="deadline")
    if data["due_at"] is None:
        raise DomainError("core.required", field="due_at")
    extensions.request(data["deadline"], data["due_at"], actor=actor, reason=data["reason"])


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    known = selectors.extensions_of(ticket)
    waiting = [_waiting(r, ticket, actor, bound) for r in known if r.state == ExtensionState.REQUESTED]
    asking = None
    if actor.can("sla.request_extension") and ticket.is_open:
        asking = bound.get("ask_extension") or forms.AskExtensionForm(ticket=ticket, actor=actor)
        if not asking.fields["deadline"].choices:
            asking = None
    if not known and asking is None:
        return None
    return {
        "waiting": waiting,
        "over": [r for r in known if r.state != ExtensionState.REQUESTED],
        "ask": asking,
        "asked_wrongly": "ask_extension" in bound,
    }


def _waiting(request: ExtensionRequest, ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> Waiting:
    def form(kind: type[DeskForm], **initial: Any) -> DeskForm:
        return bound.get(kind.name) or kind(ticket=ticket, actor=actor, initial={"extension": request.pk, **initial})

    try:
        extensions.check_decision(request, actor)
        why_not = ""
    except DomainError as error:
        why_not = error.words
    return Waiting(
        request,
        form(forms.GrantForm, due_at=request.asked_until),
        form(forms.RefuseForm),
        why_not,
        request.is_of(actor),
    )


CARD = Card(
    "extension",
    "side",
    _build,
    (
        Action("ask_extension", _("Ask for more time"), "more_time", _("Asked; the head of department is told."),
               _ask, forms.AskExtensionForm, permission="sla.request_extension", versioned=False),
        Action("grant_extension", _("Grant"), "task_alt", _("Granted; whoever asked is told."),
               lambda t, d, a: extensions.approve(d["extension"], actor=a, until=d["due_at"], reason=d["reason"]),
               forms.GrantForm, permission="sla.approve_extension", versioned=False),
        Action("refuse_extension", _("Refuse the extension"), "block", _("Refused; whoever asked is told."),
               lambda t, d, a: extensions.refuse(d["extension"], actor=a, reason=d["reason"]),
               forms.RefuseForm, permission="sla.approve_extension", versioned=False),
        Action("withdraw_extension", _("Withdraw"), "undo", _("Withdrawn; the present date stands."),
               lambda t, d, a: extensions.withdraw(d["extension"], actor=a),
               forms.WithdrawForm, permission="sla.request_extension", versioned=False),
    ),
)  # fmt: skip
