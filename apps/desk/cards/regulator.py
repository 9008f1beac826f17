"""The authority's case of a ticket: its record, its day, its outcome (INT-13, LAW-02)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.actors import Actor
from apps.core.vocabulary import Kind
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import regulator as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import RegulatorCase, Ticket
from apps.feedback.selectors import regulator as reads
from apps.feedback.services import regulator_cases
from apps.feedback.services.regulator_cases import CaseDraft, OutcomeDraft
from apps.sla import selectors as sla
from apps.sla.states import Metric

_FILES = ("uploads", "wait", "files")


def _record(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    draft = CaseDraft(**{name: value for name, value in data.items() if name not in _FILES})
    regulator_cases.record(ticket, draft, actor=actor, uploads=data.get("uploads", ()))


def _settle(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    draft = OutcomeDraft(**{name: value for name, value in data.items() if name not in _FILES})
    regulator_cases.settle(ticket, draft, actor=actor, uploads=data.get("uploads", ()))


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    if ticket.kind != Kind.REGULATOR and "regulator_case" not in bound:
        return None
    case = RegulatorCase.objects.filter(ticket=ticket).prefetch_related("documents__upload").first()
    may_write = ticket.is_open and actor.can("feedback.handle_ticket")

    def form(kind: type[DeskForm]) -> DeskForm | None:
        return (bound.get(kind.name) or kind(ticket=ticket, actor=actor)) if may_write else None

    # The newest row holds: a case recorded later runs from an earlier day than the clock that it replaced.
    clocks = [d for d in sla.all_for(ticket) if d.metric == Metric.REGULATOR]
    deadline = max(clocks, key=lambda each: each.pk, default=None)
    return {
        "case": case,
        "repeats": reads.tickets_of_same_case(case, actor) if case else [],
        "case_form": form(forms.CaseForm),
        "outcome_form": form(forms.OutcomeForm) if case else None,
        "case_open": case is None or "regulator_case" in bound,
        "outcome_open": "regulator_outcome" in bound,
        "deadline": deadline,
        "rule": deadline.policy.legal_rule if deadline else None,
        "duty": sla.legal_rule("complaint-duties", clock.local(ticket.received_at).date()),
    }


CARD = Card(
    "regulator",
    "work",
    _build,
    (
        Action("regulator_case", _("Record the regulator case"), "gavel",
               _("Recorded; the legal time limit runs."), _record, forms.CaseForm, versioned=False),
        Action("regulator_outcome", _("Record the outcome"), "task_alt", _("The outcome is recorded."), _settle,
               forms.OutcomeForm, versioned=False),
    ),
)  # fmt: skip
