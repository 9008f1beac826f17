"""A new void request as it is typed, with what it would do (VOI-01)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.models import Invoice, VoidReason, VoidRequest
from apps.billing.services import balance, previews, voids
from apps.billing.services.previews import Preview
from apps.billing.services.voids import VoidDraft
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk.forms.base import DeskForm, TextArea
from apps.desk.money import decisions, signatures
from apps.desk.money.decisions import Decision
from apps.desk.money.lines import PART, WHOLE, asks, typed_lines
from apps.desk.money.signatures import Place
from apps.feedback.models import Ticket

MOST = 8
JOINED = ("customer", "order")


@dataclass(frozen=True, slots=True)
class Shown:
    """The preview in words; `why_not` where it can't be filed so."""

    preview: Preview | None
    decision: Decision | None
    places: list[Place]
    why_not: str = ""


class NewVoid(DeskForm):
    """The invoice and the ticket are given by the address or chosen before; what is typed is the reason and the lines."""

    name = "new_void"
    reason = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect, required=False)
    words = forms.CharField(label=_("Why, in your words"), required=False, widget=TextArea(3))
    scope = forms.ChoiceField(
        label=_("How much"), widget=forms.RadioSelect, required=False, initial=WHOLE,
        choices=[(WHOLE, _("Everything that is left")), (PART, _("Some of it"))],
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None, *, actor: Actor, ticket_number: str = "", invoice_id: str = ""):
        self.about = _ticket(ticket_number, actor)
        self.unseen = ticket_number if self.about is None else ""
        self.invoice = _invoice(invoice_id, self.about, actor)
        self.reasons: list[VoidReason] = voids.reasons_for(self.invoice) if self.invoice else []
        super().__init__(data, actor=actor)

    def prepare(self) -> None:
        self.fields["reason"].choices = [(reason.code, str(reason)) for reason in self.reasons]
        self.typed = typed_lines(self.invoice, self.data if self.is_bound else {}) if self.invoice else []

    @property
    def chosen_reason(self) -> VoidReason | None:
        code = self.data.get("reason") if self.is_bound else None
        return next((reason for reason in self.reasons if reason.code == code), None)

    @property
    def nothing_left(self) -> bool:
        """Every line is undone or held; a form that can't be filed isn't offered."""
        return self.invoice is not None and not balance.everything(list(self.invoice.lines.all()))

    @property
    def chosen_scope(self) -> str:
        return str(self.data.get("scope") or WHOLE) if self.is_bound else WHOLE

    def draft(self) -> VoidDraft:
        """Raises DomainError `void.reason_unknown` and those of the lines."""
        reason = self.chosen_reason
        if self.invoice is None or reason is None:
            raise DomainError("core.required", field="reason")
        given = asks(self.typed, reason) if self.chosen_scope == PART else []
        return VoidDraft(self.invoice, reason.code, str(self.data.get("words", "")), given, self.about)

    def preview(self) -> Shown | None:
        """What filing would do; None before there is enough to say so."""
        if self.invoice is None or self.chosen_reason is None:
            return None
        try:
            found = previews.of(self.draft())
        except DomainError as error:
            return Shown(None, None, [], error.words)
        except DomainErrors as errors:
            return Shown(None, None, [], errors.errors[0].words)
        decision = decisions.as_things_stand(found.request, found.ruling)
        return Shown(found, decision, signatures.places(found.request, found.signing))

    def file(self) -> VoidRequest:
        return voids.file(self.draft(), actor=self.actor)


def _ticket(number: str, actor: Actor) -> Ticket | None:
    if not number:
        return None
    return Ticket.objects.visible_to(actor).filter(number=number).first()


def _invoice(key: str, ticket: Ticket | None, actor: Actor) -> Invoice | None:
    """By id or number; else the only one that the ticket's invoice number or order names."""
    rows = Invoice.objects.blue().select_related(*JOINED)
    if key:
        try:
            return _allowed(rows.filter(pk=UUID(key)), ticket, actor).first()
        except ValueError:
            found = list(rows.filter(number=key)[:2])
            return found[0] if len(found) == 1 else None
    if ticket is None:
        return None
    named = Q(number=ticket.invoice_number) if ticket.invoice_number else Q(pk=None)
    if ticket.order_id:
        named |= Q(order_id=ticket.order_id)
    found = list(rows.filter(named)[:2])
    return found[0] if len(found) == 1 else None


def _allowed(rows: Any, ticket: Ticket | None, actor: Actor) -> Any:
    """Service staff reach an invoice through what they typed in full, or through a ticket that they see."""
    return rows if actor.can("billing.view_invoice") or actor.can("billing.request_void") else rows.none()


def found_invoices(asked: str, actor: Actor) -> list[Invoice]:
    """By exactly this invoice, order or ERP number: nobody pages through invoices here."""
    if len(asked) < 4 or not actor.can("billing.request_void"):
        return []
    asked = "".join(asked.split())
    named = Q(number=asked) | Q(order__number=asked) | Q(external_id=asked)
    code, _sep, number = asked.partition("-")
    if number:
        named |= Q(code=code, number=number)
    return list(Invoice.objects.blue().filter(named).select_related(*JOINED).order_by("-issued_at")[:MOST])
