"""What customers fill in. Types are checked here, the rules by the services; every error stands beside its field."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.billing.audit_states import RequestKind
from apps.core import uploads
from apps.core.errors import DomainError
from apps.core.vocabulary import ContactChannel, Demand, Kind, Urgency
from apps.feedback.models import Survey
from apps.feedback.services.words import TEXT_LIMIT

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATES = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"]


class Text(forms.CharField):
    """Required by the service, not by the browser; also NUL is the service's to refuse, in its own words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=False, **options)
        self.validators = []


class DateInput(forms.DateInput):
    """A date picker; what is no date is shown as it was typed."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        if shown and not _ISO_DATE.fullmatch(shown):
            context["widget"]["type"] = "text"
        return context


class FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__(attrs={"accept": uploads.ACCEPT})


class PublicForm(forms.Form):
    """`token` tells a double click from a second message; `extra` holds errors of the whole form."""

    token = Text(widget=forms.HiddenInput)  # whatever stands in it: nobody could see what is wrong with a hidden field

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, label_suffix="", use_required_attribute=False, **options)

    def refuse(self, errors: Iterable[DomainError], names: dict[str, str] | None = None) -> None:
        """Put each of the services' errors beside its field; `names` translates the service's field names."""
        for error in errors:
            name = (names or {}).get(error.field or "", error.field)
            self.add_error(name if name in self.fields else None, error.words)

    @property
    def complaints(self) -> list[tuple[Any, str]]:
        """(bound field or None, message) of everything that is wrong, in the order of the page."""
        named = [(self[name], str(words)) for name in self.fields for words in self.errors.get(name, [])]
        return [(None, str(words)) for words in self.non_field_errors()] + named


def _line(label: Any, *, help_text: Any = "", **attrs: str) -> Text:
    return Text(label=label, help_text=help_text, widget=forms.TextInput(attrs=attrs))


class FeedbackForm(PublicForm):
    """The public form (INT-03, INT-11)."""

    DEMANDS = [("", _("Whatever you suggest")), *((d.value, d.label) for d in Demand if d != Demand.NONE)]
    WAYS = [("", _("Any way is fine")), *ContactChannel.choices]
    URGENCIES = [
        (Urgency.NORMAL.value, _("It can take its normal course")),
        (Urgency.URGENT.value, _("I cannot use it, or something is at stake soon")),
        (Urgency.CRITICAL.value, _("Danger to people, fire, electric shock, or great damage right now")),
    ]
    DETAILS = ("occurred_on", "place", "serial_number", "invoice_number", "ship_date", "defect_quantity")

    text = Text(
        label=_("What happened?"),
        help_text=_("In your own words: what you noticed, when, and what you have tried already."),
        widget=forms.Textarea(attrs={"rows": 8, "data-count": str(TEXT_LIMIT), "data-suggest-into": "suggestions"}),
    )
    order_number = _line(pgettext_lazy("portal", "Order number"), autocomplete="off", spellcheck="false")
    product = _line(pgettext_lazy("portal", "Product or model"), autocomplete="off")
    files = forms.Field(
        label=_("Pictures or files"),
        required=False,
        widget=FilesInput,
    )
    demand = forms.ChoiceField(
        label=_("What would you like us to do?"), required=False, choices=DEMANDS, widget=forms.RadioSelect
    )
    name = _line(_("What may we call you?"), autocomplete="name")
    phone = Text(
        label=pgettext_lazy("portal", "Phone"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    email = Text(
        label=pgettext_lazy("portal", "E-mail address"),
        widget=forms.TextInput(attrs={"type": "email", "inputmode": "email", "autocomplete": "email"}),
    )
    preferred_channel = forms.ChoiceField(
        label=_("How shall we tell you the news?"), required=False, choices=WAYS, widget=forms.RadioSelect
    )
    kind = forms.ChoiceField(
        label=_("What is it?"), choices=Kind.choices, initial=Kind.COMPLAINT, widget=forms.RadioSelect
    )
    urgency = forms.ChoiceField(
        label=_("How pressing is it?"),
        choices=URGENCIES,
        initial=Urgency.NORMAL,
        help_text=_("If somebody is hurt or something burns, call 120 or 119 first and pull the plug."),
        widget=forms.RadioSelect,
    )
    occurred_on = forms.DateField(
        label=_("Day it happened"), required=False, input_formats=_DATES, widget=DateInput,
        error_messages={"invalid": _("Please enter a date such as 2026-05-31.")},
    )  # fmt: skip
    place = _line(_("Where it happened"), autocomplete="off")
    serial_number = _line(
        pgettext_lazy("portal", "Serial number"),
        help_text=_("On the type plate, usually underneath or at the back."),
        autocomplete="off",
    )
    invoice_number = _line(pgettext_lazy("portal", "Invoice number"), autocomplete="off")
    ship_date = forms.DateField(
        label=_("Day it was shipped"), required=False, input_formats=_DATES, widget=DateInput,
        error_messages={"invalid": _("Please enter a date such as 2026-05-31.")},
    )  # fmt: skip
    defect_quantity = forms.IntegerField(
        label=_("Number of faulty pieces"), required=False, min_value=0, max_value=2_000_000_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Please enter a whole number.")},
    )  # fmt: skip
    website = _line(_("Leave this field empty"), autocomplete="off", tabindex="-1")

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(DomainError("portal.leave_empty").words)
        return ""

    @property
    def details(self) -> list[Any]:
        return [self[name] for name in self.DETAILS]

    @property
    def details_open(self) -> bool:
        """The fields behind "more details" are shown when something stands in them or is wrong with them."""
        return any(self.errors.get(name) or self[name].value() for name in self.DETAILS)


class MessageForm(PublicForm):
    body = Text(label=_("Add something"), widget=forms.Textarea(attrs={"rows": 4, "data-count": str(TEXT_LIMIT)}))
    files = forms.Field(label=_("Pictures or files"), required=False, widget=FilesInput)


class SupervisorForm(PublicForm):
    reason = Text(
        label=_("What should the supervisor know? (optional)"),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": str(TEXT_LIMIT)}),
    )


class NudgeForm(PublicForm):
    """One button."""


class ReopenForm(PublicForm):
    reason = Text(
        label=_("What is not solved yet?"), widget=forms.Textarea(attrs={"rows": 3, "data-count": str(TEXT_LIMIT)})
    )


class MyDataForm(PublicForm):
    """What somebody wants to know of, or done with, their personal data (LAW-05)."""

    kind = forms.ChoiceField(label=_("What would you like?"), choices=RequestKind.choices, widget=forms.RadioSelect)
    words = Text(
        label=_("Anything we should know? (optional)"),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "4000"}),
    )


class SurveyForm(PublicForm):
    """Five faces and one box (SUR-02)."""

    score = forms.TypedChoiceField(
        label=_("How satisfied are you with the result?"),
        choices=Survey.Score.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose one of the five answers.")},
    )
    process_score = forms.TypedChoiceField(
        label=_("And how was it handled: were you kept informed, treated well, answered in time? (optional)"),
        required=False,
        choices=Survey.Score.choices,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
    )
    comment = Text(
        label=_("Anything you want to tell us? (optional)"),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": str(TEXT_LIMIT)}),
    )

    @property
    def answer(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: self.cleaned_data[name] for name in ("score", "process_score", "comment")}
