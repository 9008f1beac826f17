"""What the law asks of a return, and who was asked first (LAW-01, LAW-03)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Demand
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import regulator as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket
from apps.feedback.services import legal_clocks
from apps.feedback.services.clocks import OF_A_RETURN
from apps.feedback.states import SolutionType
from apps.sla import selectors as sla
from apps.sla.states import State

OF_RETURNS = (SolutionType.RETURN, SolutionType.REFUND)


def _moment(data: dict[str, Any]) -> Any:
    if data["at"] is None:
        raise DomainError("core.required", field="at")
    return data["at"]


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    known = [d for d in sla.all_for(ticket) if d.metric in OF_A_RETURN]
    is_return = ticket.demand in (Demand.RETURN, Demand.REFUND) or ticket.solutions.filter(type__in=OF_RETURNS).exists()
    asked_first = ticket.first_asked if ticket.first_asked_id else None
    if not known and not is_return and asked_first is None:
        return None
    may_write = actor.can("feedback.handle_ticket")
    running = [d for d in known if d.state == State.OPEN]
    day = clock.local(ticket.received_at).date()

    def form(kind: type[DeskForm], wanted: bool) -> DeskForm | None:
        return (bound.get(kind.name) or kind(ticket=ticket, actor=actor)) if may_write and wanted else None

    return {
        "rules": [r for r in (sla.legal_rule(code, day) for code in ("refund-7-days", "refund-15-days")) if r]
        if is_return or known
        else [],
        "back": form(forms.GoodsBackForm, is_return and not running),
        "refunded": form(forms.RefundedForm, bool(running)),
        "asked_first": asked_first,
        "taken_over": asked_first is not None and ticket.answerable != asked_first,
        "duty": sla.legal_rule("complaint-duties", day) if asked_first else None,
        "refused": any(name in bound for name in ("goods_back", "refunded")),
    }


CARD = Card(
    "legal",
    "side",
    _build,
    (
        Action("goods_back", _("The goods are back"), "inventory", _("Noted; the legal time for the refund runs."),
               lambda t, d, a: legal_clocks.goods_back(t, _moment(d), actor=a), forms.GoodsBackForm, versioned=False),
        Action("refunded", _("The money is returned"), "payments", _("Noted; the legal time limit is met."),
               lambda t, d, a: legal_clocks.refunded(t, _moment(d), actor=a), forms.RefundedForm, versioned=False),
    ),
)  # fmt: skip
