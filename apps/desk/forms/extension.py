"""Asking for more time, and deciding on it (SLA-05)."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.desk.forms.base import DeskForm, MomentField, ReasonForm, TextArea
from apps.sla import selectors
from apps.sla.models import Deadline, ExtensionRequest


class AskExtensionForm(ReasonForm):
    name = "ask_extension"
    deadline = forms.ChoiceField(label=_("For which deadline"))
    due_at = MomentField(label=_("New due time"), required=False)
    field_order = ("deadline", "due_at", "reason")

    def prepare(self) -> None:
        open_ones = extendable(selectors.open_for(self.ticket)) if self.ticket is not None else []
        self.fields["deadline"].choices = [
            (str(d.pk), f"{d.get_metric_display()} · {clock.local(d.due_at):%m-%d %H:%M}") for d in open_ones
        ]
        self.fields["reason"].label = _("Why is more time needed?")

    def clean_deadline(self) -> UUID:
        return UUID(self.cleaned_data["deadline"])


def extendable(running: list[Deadline]) -> list[Deadline]:
    """The open obligations that have not passed and whose policy allows it."""
    now = clock.now()
    return [d for d in running if not d.is_timer and not d.is_late(now) and d.policy.extension_days]


class ExtensionForm(DeskForm):
    """About one request of the ticket."""

    extension = forms.UUIDField(widget=forms.HiddenInput)

    def clean_extension(self) -> ExtensionRequest:
        found = ExtensionRequest.objects.filter(
            pk=self.cleaned_data["extension"], deadline__subject_id=self.ticket.pk
        ).first()
        if found is None:
            raise forms.ValidationError(_("There is no such request."))
        return found


class WithdrawForm(ExtensionForm):
    name = "withdraw_extension"


class GrantForm(ExtensionForm):
    name = "grant_extension"
    due_at = MomentField(label=_("Until"), required=False)
    reason = forms.CharField(label=_("Words on it"), required=False, widget=TextArea(2))


class RefuseForm(ExtensionForm):
    name = "refuse_extension"
    reason = forms.CharField(label=_("Why not?"), required=False, widget=TextArea(2))
