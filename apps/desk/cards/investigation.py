"""The investigation record on the ticket's page (HND-04)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.casework.selectors import papers
from apps.casework.services import investigations
from apps.casework.services.investigations import SIGN, Draft
from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import casework as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    record = papers.record(ticket)
    if record is None:
        return None
    newest = record.newest
    signed = newest is not None and newest.signed_at is not None
    handles = actor.can("feedback.handle_ticket")
    lacking = investigations.lacking(newest) if newest and not signed else []
    refused = next((bound[name] for name in ("strike", "investigation_sign") if name in bound), None)
    return {
        "record": record,
        "newest": newest,
        "signed": signed,
        "may_write": handles,
        "may_strike": handles and not signed,
        "may_sign": newest is not None and not signed and actor.can(SIGN),
        "may_reveal": actor.can("crm.view_personal_data"),
        "lacking": "、".join(lacking),
        "refused": refused,
    }


def _write(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    investigations.write(ticket, Draft(**data), actor=actor)


def _evidence(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    chosen, own = data.get("attachments") or (), data.get("uploads", ())
    investigations.add_evidence(ticket, actor=actor, attachments=list(chosen), uploads=own, note=data["note"])


CARD = Card(
    "investigation",
    "work",
    _build,
    (
        Action("investigation", _("Investigation"), "troubleshoot", _("The investigation is saved."), _write,
               forms.InvestigationForm, versioned=False),
        Action("investigation_sign", _("Sign off"), "signature", _("Signed off."),
               lambda t, d, a: investigations.sign(t, actor=a, number=d["number"]), forms.SignForm,
               permission=SIGN, versioned=False),
        Action("interview", _("Interview"), "record_voice_over", _("The interview is kept."),
               lambda t, d, a: investigations.add_interview(t, actor=a, **d), forms.InterviewForm, versioned=False),
        Action("evidence", _("Piece of evidence"), "folder_supervised", _("Added to the evidence."), _evidence,
               forms.EvidenceForm, versioned=False),
        Action("strike", _("Strike out"), "format_strikethrough", _("Struck out; it stays readable."),
               lambda t, d, a: investigations.strike(d["row"], actor=a, reason=d["reason"]), forms.StrikeForm,
               versioned=False),
    ),
)  # fmt: skip
