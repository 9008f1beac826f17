"""Forms of what hangs on a ticket: investigation, check-lists, time, care, macros."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.casework.models import Macro
from apps.casework.selectors import papers
from apps.casework.services import investigations, timekeeping
from apps.casework.states import Activity, Party
from apps.core import clock
from apps.core.uploads import ACCEPT
from apps.desk.forms.base import DayInput, DeskForm, FilesInput, MomentField, ReasonForm, TextArea
from apps.feedback.models import Attachment

NO_DEPARTMENT = _("— not settled yet —")


class RowForm(DeskForm):
    """A form about one row of the ticket's papers; the row comes by its id and becomes the row itself."""

    row = forms.UUIDField(widget=forms.HiddenInput)

    def find(self, row_id: UUID) -> models.Model | None:
        raise NotImplementedError

    def clean_row(self) -> models.Model:
        found = self.find(self.cleaned_data["row"])
        if found is None:
            raise forms.ValidationError(_("There is no such entry any more."))
        return found


class InvestigationForm(DeskForm):
    name = "investigation"
    number = forms.IntegerField(widget=forms.HiddenInput, required=False)
    findings = forms.CharField(
        label=_("Findings"), required=False, widget=TextArea(4), help_text=_("What was looked at, and what was found.")
    )
    root_cause = forms.CharField(label=_("Root cause"), required=False, widget=TextArea(2))
    department = forms.ModelChoiceField(
        label=_("Responsible department"), queryset=Department.objects.none(), required=False, empty_label=NO_DEPARTMENT
    )
    conclusion = forms.CharField(label=_("Conclusion"), required=False, widget=TextArea(3))

    def prepare(self) -> None:
        self.fields["department"].queryset = Department.objects.filter(active=True)
        newest = investigations.newest(self.ticket) if self.ticket is not None and not self.is_bound else None
        self.initial = {"number": 0}
        if newest is not None:
            self.initial = {name: getattr(newest, name) for name in ("findings", "root_cause", "conclusion", "number")}
            self.initial["department"] = newest.department_id


class SignForm(DeskForm):
    name = "investigation_sign"
    number = forms.IntegerField(widget=forms.HiddenInput)


class InterviewForm(DeskForm):
    name = "interview"
    party = forms.ChoiceField(label=_("Who"), choices=Party.choices)
    person = forms.CharField(label=_("Name"), required=False, max_length=200)
    held_at = MomentField(label=pgettext_lazy("moment", "When"))
    said = forms.CharField(label=_("What was said"), required=False, widget=TextArea(4))

    def prepare(self) -> None:
        self.initial = {"held_at": clock.now()}


class EvidenceForm(DeskForm):
    name = "evidence"
    takes_files = True
    attachments = forms.ModelMultipleChoiceField(
        label=_("Files of the ticket"), queryset=Attachment.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    files = forms.FileField(label=_("Own files"), required=False, widget=FilesInput({"accept": ACCEPT}))
    note = forms.CharField(label=_("What it shows"), required=False, max_length=400)

    def prepare(self) -> None:
        known = Attachment.objects.filter(ticket=self.ticket).select_related("upload").order_by("id")
        self.fields["attachments"].queryset = known
        if not self.is_bound and not known:
            del self.fields["attachments"]


class StrikeForm(RowForm):
    name = "strike"
    reason = forms.CharField(label=_("Why is it wrong?"), required=False, widget=TextArea(2))

    def find(self, row_id: UUID) -> Any:
        return papers.interview(self.ticket, row_id) or papers.evidence(self.ticket, row_id)


class ChecklistAddForm(DeskForm):
    name = "checklist_add"
    template: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("Check-list"), queryset=None, empty_label=None
    )

    def prepare(self) -> None:
        self.fields["template"].queryset = papers.addable_checklists(self.ticket)


class ItemForm(RowForm):
    name = "checklist_tick"

    def find(self, row_id: UUID) -> Any:
        return papers.item(self.ticket, row_id)


class ItemReasonForm(ItemForm):
    name = "checklist_skip"
    reason = forms.CharField(label=_("Why does it not apply?"), required=False)


class ChecklistRemoveForm(RowForm):
    name = "checklist_remove"
    reason = forms.CharField(label=_("Why is it taken off?"), required=False)

    def find(self, row_id: UUID) -> Any:
        return papers.checklist(self.ticket, row_id)


class TimeForm(DeskForm):
    name = "time"
    minutes = forms.IntegerField(
        label=_("Minutes"), min_value=1, widget=forms.NumberInput({"inputmode": "numeric", "class": "minutes"})
    )
    activity = forms.ChoiceField(label=_("Activity"), choices=Activity.choices)
    worked_on = forms.DateField(label=_("Day"), widget=DayInput)
    note = forms.CharField(label=_("Note (optional)"), required=False, max_length=400)

    def prepare(self) -> None:
        today = timekeeping.today()
        self.initial = {"worked_on": today, "activity": Activity.PHONE}
        oldest = today - timedelta(days=timekeeping.OLDEST)
        self.fields["worked_on"].widget.attrs |= {"max": f"{today:%Y-%m-%d}", "min": f"{oldest:%Y-%m-%d}"}


class TimeCorrectForm(RowForm):
    name = "time_correct"
    minutes = forms.IntegerField(label=_("Minutes instead"), min_value=0, required=False)

    def find(self, row_id: UUID) -> Any:
        return papers.time_entry(self.ticket, row_id)


class CarePlanForm(DeskForm):
    name = "care_plan"
    title = forms.CharField(label=_("What is to be done"), required=False, max_length=400)
    role = forms.ChoiceField(label=_("Responsible role"), choices=Role.choices, initial=Role.SERVICE_LEAD)


class CareTaskForm(RowForm):
    def find(self, row_id: UUID) -> Any:
        return papers.care_task(self.ticket, row_id)


class CareDoneForm(CareTaskForm):
    name = "care_done"
    outcome = forms.CharField(label=_("What came of it (optional)"), required=False)


class CareSkipForm(CareTaskForm):
    name = "care_skip"
    reason = forms.CharField(label=_("Why is it not needed?"), required=False)


class CareReopenForm(CareTaskForm):
    name = "care_reopen"
    reason = forms.CharField(label=_("Reason"), required=False)


class MacroForm(DeskForm):
    name = "macro"
    macro = forms.ModelChoiceField(label=_("Macro"), queryset=Macro.objects.none(), empty_label=_("— choose —"))

    def prepare(self) -> None:
        self.fields["macro"].queryset = papers.macros(self.actor)


class FactsForm(ReasonForm):
    """What the ticket is about, completed or corrected (INT-03)."""

    name = "facts"
    product_text = forms.CharField(label=_("Product or model"), required=False)
    serial_number = forms.CharField(label=_("Machine serial number"), required=False)
    order_number = forms.CharField(label=_("Order number"), required=False)
    invoice_number = forms.CharField(label=_("Invoice number"), required=False)
    ship_date = forms.DateField(label=_("Ship date"), required=False, widget=DayInput)
    defect_quantity = forms.IntegerField(label=_("Defect quantity"), required=False, min_value=0)
    occurred_on = forms.DateField(label=_("Happened on"), required=False, widget=DayInput)
    place = forms.CharField(label=_("Place"), required=False)
    region = forms.CharField(label=_("Region"), required=False)
    field_order = (
        "product_text", "serial_number", "order_number", "invoice_number", "ship_date", "defect_quantity", "occurred_on",
        "place", "region", "reason",
    )  # fmt: skip
    compared = field_order[:-1]

    def prepare(self) -> None:
        if self.ticket is not None:
            names = [name for name in self.fields if name != "reason"]
            self.initial = {name: getattr(self.ticket, name) for name in names}
        self.fields["reason"].label = _("Why is it changed? (optional)")
        self.fields["reason"].widget = forms.TextInput()
