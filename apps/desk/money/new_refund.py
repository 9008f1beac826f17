"""A new refund or compensation as it is typed, with what it would do (REF-01, REF-07)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.billing.models import Payment, Refund, VoidRequest
from apps.billing.services import approvals, ladder, refund_gates, refunds
from apps.billing.services.refunds import BENEFITS, Payee, RefundDraft
from apps.billing.states import PayChannel, RefundKind
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.desk.forms.base import DeskForm, TextArea
from apps.desk.forms.steps import MoneyField
from apps.desk.money import signatures
from apps.desk.money.refund_view import way
from apps.desk.money.signatures import Place
from apps.feedback.models import Ticket

MOST = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """Yuan. `left` of the payment before this; `held` says what it waits for once it is approved."""

    amount: Decimal
    way: str
    places: list[Place]
    left: Decimal | None
    held: str = ""
    why_not: str = ""


class NewRefund(DeskForm):
    name = "new_refund"
    kind = forms.ChoiceField(
        label=pgettext_lazy("refund", "Kind"),
        choices=RefundKind.choices,
        initial=RefundKind.REFUND,
        widget=forms.RadioSelect,
        required=False,
    )
    payment = forms.ChoiceField(label=_("Payment"), required=False, widget=forms.RadioSelect)
    amount = MoneyField(
        label=_("Amount (yuan)"), required=False, widget=forms.TextInput({"inputmode": "decimal"}),
        error_messages={"invalid": _("Write the amount in yuan, e.g. 128.50.")},
    )  # fmt: skip
    words = forms.CharField(label=_("Why"), required=False, widget=TextArea(3))
    payee_name = forms.CharField(label=_("Payee"), required=False, max_length=100)
    payee_account = forms.CharField(label=_("Account"), required=False, max_length=64)
    payee_bank = forms.CharField(label=_("Bank"), required=False, max_length=100)

    def __init__(
        self, data: Mapping[str, Any] | None, *, actor: Actor, ticket_number: str = "", void_number: str = "",
        payment_key: str = "",
    ):  # fmt: skip
        self.about = _ticket(ticket_number, actor)
        self.unseen = ticket_number if self.about is None else ""
        self.void = VoidRequest.objects.visible_to(actor).select_related("invoice", "ticket", "reason").filter(
            number=void_number
        ).first() if void_number else None  # fmt: skip
        if self.about is None and self.void is not None:
            self.about = self.void.ticket
        self.payment_key = payment_key
        self.payments = self._payments()
        super().__init__(data, actor=actor)

    def _payments(self) -> list[Payment]:
        """What was named; else those of the request's order or the ticket's; else the customer's newest."""
        rows = Payment.objects.select_related("order", "customer").defer("payer_name").order_by("-paid_at")
        if self.payment_key:
            return list(rows.filter(_named(self.payment_key))[:MOST])
        order = self.void.invoice.order_id if self.void else None
        order = order or (self.about.order_id if self.about else None)
        if order is not None and (found := list(rows.filter(order_id=order)[:MOST])):
            return found
        customer = self.customer_id
        return list(rows.filter(customer_id=customer)[:MOST]) if customer else []

    @property
    def customer_id(self) -> Any:
        if self.about is not None:
            return self.about.customer_id
        return self.void.invoice.customer_id if self.void is not None else None

    def prepare(self) -> None:
        self.fields["payment"].choices = [("", "—"), *((str(p.pk), p.number) for p in self.payments)]
        if len(self.payments) == 1:
            self.fields["payment"].initial = str(self.payments[0].pk)
        if self.void is not None:
            self.fields["amount"].initial = self.void.amount

    @property
    def chosen(self) -> Payment | None:
        if not self.is_bound:
            return self.payments[0] if len(self.payments) == 1 else None
        return next((p for p in self.payments if str(p.pk) == self.data.get("payment")), None)

    @property
    def chosen_kind(self) -> str:
        return str(self.data.get("kind") or RefundKind.REFUND) if self.is_bound else RefundKind.REFUND

    def _amount(self) -> Decimal | None:
        try:
            typed = self.data.get("amount") if self.is_bound else (self.void.amount if self.void else None)
            return MoneyField(required=False).clean(str(typed)) if typed else None
        except forms.ValidationError:
            return None

    def draft(self, amount: Decimal) -> RefundDraft:
        kind = self.chosen_kind
        payment = self.chosen if kind == RefundKind.REFUND else None
        customer = (
            Customer.objects.filter(pk=self.customer_id).first() if payment is None and self.customer_id else None
        )
        if customer is None and payment is None and self.chosen is not None:
            customer = self.chosen.customer
        payee = Payee(*(str(self.data.get(name, "")).strip() for name in ("payee_name", "payee_account", "payee_bank")))
        return RefundDraft(
            amount, str(self.data.get("words", "")), kind, payment, customer, self.about, self.void, payee=payee
        )

    def file(self) -> Refund:
        """Raises the errors of `refunds.file`, and DomainError `core.required` where no amount stands there."""
        amount = self.cleaned_data.get("amount")
        if amount is None:
            raise DomainError("core.required", field="amount")
        return refunds.file(self.draft(amount), actor=self.actor)

    def preview(self) -> Shown | None:
        """What filing would do; None before there is enough to say so. Writes nothing."""
        amount = self._amount()
        kind = self.chosen_kind
        if amount is None or (kind == RefundKind.REFUND and self.chosen is None):
            return None
        draft = self.draft(amount)
        customer = draft.payment.customer if draft.payment else draft.customer
        if customer is None:
            return None
        channel = _channel(kind, draft.payment)
        case = Refund(
            kind=kind, payment=draft.payment, customer=customer, ticket=self.about, void_request=self.void, amount=amount,
            channel=channel, method=ladder.first_method(channel),
        )  # fmt: skip
        left = draft.payment.amount - draft.payment.reserved if draft.payment else None
        why_not = ""
        if left is not None and amount > left:
            why_not = DomainError("refund.above_paid", left=f"{left:,.2f}").words
        held = refund_gates.red_first(case, {})
        return Shown(
            amount, way(case.channel, case.method), signatures.places(case, approvals.standing(case)), left,
            held.words if held else "", why_not,
        )  # fmt: skip


def _channel(kind: str, payment: Payment | None) -> str:
    if kind in BENEFITS:
        return PayChannel.BENEFIT
    return payment.channel if kind == RefundKind.REFUND and payment else PayChannel.BANK


def _named(key: str) -> Q:
    named = Q(number=key) | Q(order__number=key) | Q(provider_number=key)
    try:
        return Q(pk=UUID(key))
    except ValueError:
        return named


def _ticket(number: str, actor: Actor) -> Ticket | None:
    return Ticket.objects.visible_to(actor).filter(number=number).first() if number else None
