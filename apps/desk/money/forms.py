"""The forms of the money pages. Rules live in the services; a form only turns what was typed into their arguments."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.states import FORM_ALIVE, Fact, FormState
from apps.core.actors import Actor
from apps.core.uploads import ACCEPT
from apps.desk.forms.base import DeskForm, MomentField, TextArea


class MoneyForm(DeskForm):
    """A form about one case: a void request or a refund."""

    def __init__(self, *args: Any, case: Any, actor: Actor, **kwargs: Any) -> None:
        self.case = case
        super().__init__(*args, actor=actor, **kwargs)


class RemarkForm(MoneyForm):
    name = "approve"
    reason = forms.CharField(label=_("Remark (optional)"), required=False, widget=TextArea(2))


class RejectForm(MoneyForm):
    name = "reject"
    reason = forms.CharField(label=_("Reason for rejecting"), required=False, widget=TextArea(2))


class WhyForm(MoneyForm):
    """Words that stay with the event; the service wants them."""

    name = "why"
    reason = forms.CharField(label=_("Reason"), required=False, widget=TextArea(2))


class AnswerForm(MoneyForm):
    name = "answer"
    words = forms.CharField(label=_("Your answer"), required=False, widget=TextArea(2))


class CheckForm(MoneyForm):
    """One point of the verification, with words on how one knows."""

    name = "check"
    kind = forms.CharField(widget=forms.HiddenInput)
    passed = forms.TypedChoiceField(
        label=_("Result"), choices=[("yes", _("It is so")), ("no", _("It is not so"))], coerce=lambda v: v == "yes",
        widget=forms.RadioSelect, initial="yes",
    )  # fmt: skip
    detail = forms.CharField(label=_("How do you know?"), required=False, max_length=300, widget=TextArea(1))


class FactForm(MoneyForm):
    """A fact about the invoice that the rules ask for."""

    name = "fact"
    fact = forms.ChoiceField(
        label=_("Fact"), choices=[(f.value, f.label) for f in Fact if f != Fact.SAME_MONTH]
    )  # fmt: skip
    holds = forms.TypedChoiceField(
        label=_("Does it hold?"), choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda v: v == "yes",
        widget=forms.RadioSelect, initial="no",
    )  # fmt: skip
    note = forms.CharField(label=_("How do you know?"), required=False, max_length=300, widget=TextArea(1))

    def prepare(self) -> None:
        missing = [name for name in self.case.ruling.get("missing", ()) if name in Fact.values]
        if missing:
            self.fields["fact"].initial = missing[0]


class BuyersFormForm(MoneyForm):
    name = "buyer_form"
    number = forms.CharField(label=_("Number of the buyer's form"), required=False, max_length=60)


class FormStateForm(MoneyForm):
    name = "form_state"
    state = forms.ChoiceField(label=_("State on the tax platform"), choices=FormState.choices)
    number = forms.CharField(label=_("Number of the form"), required=False, max_length=60)
    reason = forms.CharField(label=_("How do you know?"), required=False, widget=TextArea(1))

    def prepare(self) -> None:
        form = self.case.forms.order_by("-entered_at", "-id").first()
        if form is not None:
            self.fields["state"].initial, self.fields["number"].initial = form.state, form.number


LEFT_OUT = {"form": ("certificate",), "withdraw": ("certificate", "form_number")}  # of what is recorded, by verb


class TaxRecordForm(MoneyForm):
    """What a person did on the tax bureau's site."""

    name = "tax_record"
    takes_files = True
    certificate = forms.CharField(label=_("Certificate, or number of the red invoice"), required=False, max_length=60)
    form_number = forms.CharField(label=_("Number of the form"), required=False, max_length=60)
    form_state = forms.ChoiceField(label=_("State of the form"), required=False, choices=FormState.choices)
    failure = forms.CharField(
        label=_("It was not possible, because"), required=False, max_length=60,
        help_text=_("Leave empty where it was done."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("File, e.g. the red invoice"), required=False, widget=forms.FileInput({"accept": ACCEPT})
    )

    def prepare(self) -> None:
        verb = getattr(self.case, "open_verb", "")
        for name in LEFT_OUT.get(verb, ("form_number", "form_state")):
            del self.fields[name]
        if verb == "withdraw":
            form = self.case.forms.filter(state__in=FORM_ALIVE).first()
            field = self.fields["form_state"]
            field.choices = [choice for choice in FormState.choices if choice[0] not in FORM_ALIVE]
            field.initial = FormState.WITHDRAWN_LATE if form and form.allows_red else FormState.WITHDRAWN


class PayeeForm(MoneyForm):
    """Another way for the money, to whoever paid."""

    name = "reroute"
    way = forms.ChoiceField(label=_("Which way"), required=False)
    payee_name = forms.CharField(
        label=_("Payee"), required=False, max_length=100, help_text=_("Must be who paid."),
    )  # fmt: skip
    payee_account = forms.CharField(label=_("Account"), required=False, max_length=64)
    payee_bank = forms.CharField(label=_("Bank"), required=False, max_length=100)
    reason = forms.CharField(label=_("Reason"), required=False, widget=TextArea(1))

    def prepare(self) -> None:
        from apps.desk.money.refund_view import open_ways

        self.fields["way"].choices = open_ways(self.case)


class RedirectForm(PayeeForm):
    name = "redirect"


class HandForm(MoneyForm):
    """A payment that was made outside."""

    name = "hand_record"
    takes_files = True
    reference = forms.CharField(label=_("Reference of the payment"), required=False, max_length=64)
    at = MomentField(label=_("Paid at"), required=False)
    note = forms.CharField(label=_("Note"), required=False, max_length=300)
    file = forms.FileField(label=_("Proof of payment"), required=False, widget=forms.FileInput({"accept": ACCEPT}))
