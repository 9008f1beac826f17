"""Forms of the audit's, retention's and data requests' pages. Rules live in the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import User
from apps.billing.audit_states import RequestKind, Severity
from apps.core.errors import DomainError, DomainErrors
from apps.desk.forms.base import DayInput, TextArea

REASON = 2_000


class PlainForm(forms.Form):
    """A form that belongs to no ticket. Ids carry the form's name, since several stand on one page."""

    use_required_attribute = False
    name = "plain"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"{self.name}-%s", label_suffix="", **kwargs)

    def refuse(self, error: DomainError | DomainErrors) -> None:
        """A service's refusal beside its field, or above the form."""
        for each in error.errors if isinstance(error, DomainErrors) else [error]:
            field = each.field if each.field in self.fields else None
            self.add_error(field, forms.ValidationError(each.words, code=each.code))


class DrawForm(PlainForm):
    name = "draw"
    first_day = forms.DateField(label=_("Cases from"), widget=DayInput())
    last_day = forms.DateField(label=_("Cases until"), widget=DayInput())
    seed = forms.CharField(
        label=_("Seed"), required=False, max_length=64,
        help_text=_("Empty: a random one is made and kept with the sample."),
    )  # fmt: skip


class SpanForm(PlainForm):
    name = "span"
    first_day = forms.DateField(label=_("Cases from"), widget=DayInput())
    last_day = forms.DateField(label=_("Cases until"), widget=DayInput())


class ReasonForm(PlainForm):
    name = "reason"
    reason = forms.CharField(label=_("Reason"), required=False, max_length=REASON, widget=TextArea(2))


class ClearForm(ReasonForm):
    name = "clear"
    reason = forms.CharField(
        label=_("Why there is no harm in it"), required=False, max_length=REASON, widget=TextArea(2),
        help_text=_("What was looked at, and what it showed."),
    )  # fmt: skip


class SummaryForm(PlainForm):
    name = "summary"
    summary = forms.CharField(label=_("Conclusion"), required=False, max_length=4_000, widget=TextArea(3))


class FindingForm(PlainForm):
    name = "finding"
    text = forms.CharField(
        label=pgettext_lazy("audit", "What was found"), required=False, max_length=4_000, widget=TextArea(3)
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    owner = forms.ModelChoiceField(label=_("Who puts it right"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, is_staff=True).order_by("display_name", "username")
        self.fields["owner"].queryset = people


class MeasuresForm(PlainForm):
    name = "measures"
    measures = forms.CharField(label=_("What was done about it"), required=False, max_length=4_000, widget=TextArea(3))


class VerdictForm(PlainForm):
    name = "verdict"
    verdict = forms.CharField(label=_("What the auditor says"), required=False, max_length=4_000, widget=TextArea(3))


class RequestForm(PlainForm):
    name = "request"
    kind = forms.ChoiceField(label=_("What is asked for"), choices=RequestKind.choices)
    customer = forms.CharField(
        label=_("Customer"), required=False, max_length=260,
        help_text=_("The whole phone number, e-mail address, customer number or order number; may follow later."),
    )  # fmt: skip
    words = forms.CharField(label=_("What the person says"), required=False, max_length=4_000, widget=TextArea(3))
    contact = forms.CharField(label=_("Where to answer"), required=False, max_length=200)


class LinkForm(PlainForm):
    name = "link"
    customer = forms.CharField(
        label=_("Customer"), max_length=260,
        help_text=_("The whole phone number, e-mail address, customer number or order number."),
    )  # fmt: skip


class IdentityForm(PlainForm):
    name = "identity"
    note = forms.CharField(
        label=_("How you made sure that it is this person"), required=False, max_length=1_000, widget=TextArea(2),
        help_text=_("For example: called back on the known number and compared the last order. Copy no identity card."),
    )  # fmt: skip


class AnswerForm(PlainForm):
    name = "answer"
    answer = forms.CharField(label=_("What the person is told"), required=False, max_length=4_000, widget=TextArea(3))


class CorrectForm(AnswerForm):
    name = "correct"
    new_name = forms.CharField(label=_("Full name"), required=False, max_length=80)
    new_phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    new_email = forms.CharField(label=_("E-mail"), required=False, max_length=254)
    new_address = forms.CharField(label=_("Address"), required=False, max_length=300)
    field_order = ("new_name", "new_phone", "new_email", "new_address", "answer")

    def changes(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"new_{name}"] for name in ("name", "phone", "email", "address")}

    def refuse(self, error: DomainError | DomainErrors) -> None:
        for each in error.errors if isinstance(error, DomainErrors) else [error]:
            if f"new_{each.field}" in self.fields:
                each.field = f"new_{each.field}"
        super().refuse(error)
