"""The customer's form never holds a clear value: new ones are typed into empty fields, the masked one stands beside."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.core.errors import DomainErrors
from apps.crm.contacts import ADDRESS_LIMIT, FIELD_LABELS, NAME_LIMIT, PERSONAL_FIELDS
from apps.crm.models import Customer
from apps.crm.services import customers

PLAIN_FIELDS = ("external_id", "tier", "region", "language", "preferred_channel", "note")


class CustomerForm(forms.ModelForm[Customer]):
    new_name = forms.CharField(label=_("full name"), required=False, max_length=NAME_LIMIT)
    new_phone = forms.CharField(label=_("phone"), required=False, max_length=60)
    new_email = forms.CharField(label=_("e-mail"), required=False, max_length=254)
    new_address = forms.CharField(label=_("address"), required=False, max_length=ADDRESS_LIMIT)
    remove = forms.MultipleChoiceField(
        label=_("remove"),
        required=False,
        choices=list(FIELD_LABELS.items()),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Customer
        fields = PLAIN_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exists = not self.instance._state.adding
        for name in PERSONAL_FIELDS:
            field = self.fields.get(f"new_{name}")
            if field is None:
                continue  # a viewer's page shows no fields to type into
            field.widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
            if self.exists and (masked := getattr(self.instance, f"{name}_masked")):
                field.widget.attrs["placeholder"] = masked
                field.help_text = _("Empty keeps %(masked)s.") % {"masked": masked}

    def values(self) -> dict[str, str]:
        """What the services take: new personal values, removals as empty text, the plain fields."""
        data = self.cleaned_data
        values = {name: data.get(name) or "" for name in PLAIN_FIELDS if name in self.fields}
        for name in PERSONAL_FIELDS:
            if data.get(f"new_{name}"):
                values[name] = data[f"new_{name}"]
            elif name in data.get("remove", ()):
                values[name] = ""
        return values

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                if self.exists:
                    customers.check_changes(self.instance, self.values())
                else:
                    customers.check_new(self.values())
            except DomainErrors as found:
                for error in found.errors:
                    self.add_error(self._field_of(error.field), error.words)
        return data

    def _field_of(self, field: str | None) -> str | None:
        name = f"new_{field}" if field in PERSONAL_FIELDS else field
        return name if name in self.fields else None


class RevealForm(forms.Form):
    field = forms.ChoiceField(label=_("Clear value of"), widget=UnfoldAdminRadioSelectWidget)
    reason = forms.CharField(
        label=_("Reason, it is recorded"), max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )

    def __init__(self, customer: Customer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = [name for name in PERSONAL_FIELDS if getattr(customer, f"{name}_masked")]
        choices = [(name, f"{FIELD_LABELS[name]} {getattr(customer, f'{name}_masked')}") for name in present]
        self.fields["field"].choices = choices
        self.fields["field"].widget.choices = choices
