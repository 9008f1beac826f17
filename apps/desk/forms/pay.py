"""What staff do about messages that the payment provider refused."""

from typing import Any

from django import forms

from apps.channels.models import PayStep
from apps.desk.forms.base import DeskForm


class PayStepForm(DeskForm):
    name = "pay_step"
    step = forms.UUIDField(widget=forms.HiddenInput)

    def clean_step(self) -> Any:
        """Only a step of this ticket's own complaint."""
        found = PayStep.objects.filter(pk=self.cleaned_data["step"], complaint__ticket=self.ticket).first()
        if found is None:
            raise forms.ValidationError("")
        return found.pk
