"""Cases of an authority, and what the law asks of a return (INT-13, LAW-01)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.uploads import ACCEPT
from apps.desk.forms.base import DayInput, DeskForm, FilesInput, MomentField, TextArea
from apps.feedback.models import RegulatorCase

NOT_YET = ("", pgettext_lazy("regulator", "— not settled yet —"))


class CaseForm(DeskForm):
    name = "regulator_case"
    takes_files = True
    procedure = forms.ChoiceField(label=_("Procedure"), choices=RegulatorCase.Procedure.choices)
    authority = forms.CharField(label=_("Authority"), required=False)
    case_number = forms.CharField(label=_("Case number"), required=False, help_text=_("12315 number or letter number."))
    received_on = forms.DateField(label=_("Received on"), required=False, widget=DayInput)
    due_on = forms.DateField(
        label=_("To be answered by"), required=False, widget=DayInput,
        help_text=_("Only where the authority names a day; otherwise the time that the law sets."),
    )  # fmt: skip
    mediation = forms.BooleanField(label=_("We accept mediation"), required=False)
    process = forms.CharField(label=_("Course of the settlement so far"), required=False, widget=TextArea(3))
    files = forms.FileField(label=_("Documents"), required=False, widget=FilesInput({"accept": ACCEPT}))

    def prepare(self) -> None:
        if self.ticket is None or self.is_bound:
            return
        self.initial = _known(
            self.ticket, ("procedure", "authority", "case_number", "received_on", "due_on", "mediation", "process")
        ) or {"received_on": clock.local(self.ticket.received_at).date()}


class OutcomeForm(DeskForm):
    name = "regulator_outcome"
    takes_files = True
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[NOT_YET, *RegulatorCase.Outcome.choices], required=False)
    outcome_on = forms.DateField(label=_("Date of the outcome"), required=False, widget=DayInput)
    method = forms.ChoiceField(
        label=_("Way of settling"), choices=[NOT_YET, *RegulatorCase.Method.choices], required=False
    )
    process = forms.CharField(
        label=_("Course of the settlement"), required=False, widget=TextArea(3),
        help_text=_("Who spoke with whom and when: the platform asks for it."),
    )  # fmt: skip
    outcome_note = forms.CharField(label=_("What was agreed or why not"), required=False, widget=TextArea(2))
    files = forms.FileField(label=_("Documents"), required=False, widget=FilesInput({"accept": ACCEPT}))

    def prepare(self) -> None:
        if self.ticket is None or self.is_bound:
            return
        names = ("outcome", "outcome_on", "method", "process", "outcome_note")
        self.initial = _known(self.ticket, names)
        self.initial["outcome_on"] = self.initial.get("outcome_on") or clock.local(clock.now()).date()


def _known(ticket: Any, names: tuple[str, ...]) -> dict[str, Any]:
    case = RegulatorCase.objects.filter(ticket=ticket).first()
    return {name: getattr(case, name) for name in names} if case else {}


class GoodsBackForm(DeskForm):
    name = "goods_back"
    at = MomentField(label=_("Goods arrived"), required=False)

    def prepare(self) -> None:
        self.initial = {"at": clock.now()}


class RefundedForm(DeskForm):
    name = "refunded"
    at = MomentField(label=_("Money returned"), required=False)

    def prepare(self) -> None:
        self.initial = {"at": clock.now()}
