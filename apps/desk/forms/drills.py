from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.feedback.models import DrillScenario
from apps.feedback.services import drills


class DrillForm(forms.Form):
    """Start a drill (TRN-01)."""

    use_required_attribute = False
    name = forms.CharField(label=_("Name of the drill"), required=False, widget=forms.TextInput({"maxlength": 80}))
    scenarios = forms.ModelMultipleChoiceField(
        label=_("Scenarios"), queryset=DrillScenario.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    count = forms.IntegerField(
        label=_("Number of tickets"), initial=6, min_value=1, max_value=drills.MOST,
        help_text=_("The scenarios take turns."), widget=forms.NumberInput({"min": 1, "max": drills.MOST}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["scenarios"].queryset = DrillScenario.objects.filter(active=True)

    def refuse(self, error: DomainError) -> None:
        self.add_error(error.field if error.field in self.fields else None, error.words)
