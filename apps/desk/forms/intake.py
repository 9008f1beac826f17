"""Registering feedback for a customer who calls or stands at the counter (INT-01, INT-03, INT-12)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.channels.models import Call
from apps.core.uploads import ACCEPT
from apps.core.vocabulary import Channel, ContactChannel, Demand, Kind, Language, Tier, Urgency
from apps.crm.models import Customer
from apps.crm.services.customers import Contact
from apps.desk.forms.base import DayInput, DeskForm, FilesInput, TextArea
from apps.feedback.services.intake import Report
from apps.triage.models import Category
from apps.triage.states import Impact

AUTOMATIC = _("— decide by the text —")


class NewTicketForm(DeskForm):
    name = "new"
    channel = forms.ChoiceField(
        label=_("How it came"), choices=[c for c in Channel.choices if c[0] not in (Channel.API, Channel.ONLINE)],
        initial=Channel.HOTLINE, widget=forms.RadioSelect,
    )  # fmt: skip
    text = forms.CharField(label=_("What happened, in the customer's words"), required=False, widget=TextArea(7))
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, initial=Kind.COMPLAINT)
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices, initial=Urgency.NORMAL)
    demand = forms.ChoiceField(label=_("Demand"), choices=[("", AUTOMATIC), *Demand.choices[1:]], required=False)
    category = forms.ChoiceField(label=_("Category"), required=False)
    impact = forms.ChoiceField(label=_("Impact range"), choices=Impact.choices, initial=Impact.SINGLE)
    contact_name = forms.CharField(label=_("Customer's name"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, widget=forms.TextInput({"inputmode": "tel"}))
    email = forms.CharField(label=_("E-mail"), required=False, widget=forms.TextInput({"inputmode": "email"}))
    preferred_channel = forms.ChoiceField(
        label=_("Wants to be told by"),
        choices=[("", _("— whatever reaches them —")), *ContactChannel.choices],
        required=False,
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices, initial=Language.ZH_HANS)
    tier = forms.ChoiceField(label=_("Customer tier"), choices=Tier.choices, initial=Tier.NORMAL)
    product = forms.CharField(label=_("Product or model"), required=False)
    serial_number = forms.CharField(label=_("Machine serial number"), required=False)
    order_number = forms.CharField(label=_("Order number"), required=False)
    invoice_number = forms.CharField(label=_("Invoice number"), required=False)
    ship_date = forms.DateField(label=_("Ship date"), required=False, widget=DayInput)
    defect_quantity = forms.IntegerField(
        label=_("Defect quantity"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    occurred_on = forms.DateField(label=_("Happened on"), required=False, widget=DayInput)
    place = forms.CharField(label=_("Place"), required=False)
    region = forms.CharField(label=_("Region"), required=False)
    files = forms.FileField(label=_("Files"), required=False, widget=FilesInput({"accept": ACCEPT}))

    WHO = ("contact_name", "phone", "email", "preferred_channel", "language", "tier", "region")
    WHO_SHORT = ("contact_name", "phone", "email")  # what is asked at a counter; the rest is folded away
    THING = ("product", "serial_number", "order_number", "kind", "demand")
    WHAT = ("kind", "urgency", "category", "demand", "impact")
    FACTS = (
        "product", "serial_number", "order_number", "invoice_number", "ship_date", "defect_quantity", "occurred_on", "place",
    )  # fmt: skip

    def prepare(self) -> None:
        categories = Category.objects.filter(active=True).values_list("slug", "name")
        self.fields["category"].choices = [("", AUTOMATIC), *categories]

    def who(self) -> list[Any]:
        return [self[name] for name in self.WHO]

    def what(self) -> list[Any]:
        return [self[name] for name in self.WHAT]

    def facts(self) -> list[Any]:
        return [self[name] for name in self.FACTS]

    def who_short(self) -> list[Any]:
        return [self[name] for name in self.WHO_SHORT]

    def thing(self) -> list[Any]:
        return [self[name] for name in self.THING]

    def rest(self) -> list[Any]:
        shown = {*self.WHO_SHORT, *self.THING}
        return [self[name] for name in (*self.WHO, *self.WHAT, *self.FACTS) if name not in shown]

    @property
    def rest_open(self) -> bool:
        """What is folded away opens when something is wrong in it."""
        return any(field.errors for field in self.rest())

    def report(self, customer: Customer | None, token: str, call: Call | None = None) -> Report:
        """What came in. A known customer or a caller's number need not be typed again; what was typed goes first."""
        data = self.cleaned_data
        known = customer
        contact = Contact(
            name=data["contact_name"] or (known.name if known else ""),
            phone=data["phone"] or (known.phone if known else call.caller if call and not data["email"] else ""),
            email=data["email"] or (known.email if known else ""),
            external_id=(known.external_id or "") if known else "",
            language=data["language"],
            preferred_channel=data["preferred_channel"],
            tier=data["tier"],
            region=data["region"],
        )
        facts = {name: data[name] for name in self.FACTS}
        return Report(
            text=data["text"],
            contact=contact,
            channel=data["channel"],
            kind=data["kind"],
            urgency=data["urgency"],
            language=data["language"],
            category=data["category"],
            demand=data["demand"],
            impact=data["impact"],
            region=data["region"],
            external_ref=f"desk:{token}" if token else "",
            received_at=(call.answered_at or call.rang_at) if call else None,
            uploads=self.kept,
            **facts,
        )
