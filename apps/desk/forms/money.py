"""What can be asked of finance from a ticket's page: a void request, a refund, compensation, a voucher made void."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.models import Invoice, Payment
from apps.billing.services import matching, opening
from apps.billing.services.cancellations import CancellationDraft
from apps.billing.services.refunds import Payee, RefundDraft
from apps.billing.services.voids import VoidDraft
from apps.billing.states import CancellationKind, PayChannel, RefundKind
from apps.core.errors import DomainError
from apps.desk.forms.base import DeskForm, TextArea
from apps.desk.forms.steps import MoneyField

REASONS = [("02", _("02 Goods returned")), ("01", _("01 Issued wrongly")), ("03", _("03 Service ended")),
           ("04", _("04 Allowance"))]  # fmt: skip
COMPENSATIONS = [RefundKind.COUPON, RefundKind.POINTS, RefundKind.MEMBERSHIP, RefundKind.CASH]
MOST = 30


def _yuan(label: Any, **more: Any) -> MoneyField:
    return MoneyField(
        label=label, widget=forms.TextInput({"inputmode": "decimal"}), required=False,
        error_messages={"invalid": _("Write the amount in yuan, e.g. 128.50.")}, **more,
    )  # fmt: skip


class InvoiceChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Invoice) -> str:
        return f"{obj} · ¥{obj.gross:,.2f} · {obj.get_state_display()}"


class PaymentChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Payment) -> str:
        left = obj.amount - obj.reserved
        words = _("%(number)s · %(channel)s · ¥%(left)s left") % {
            "number": obj.number, "channel": PayChannel(obj.channel).label, "left": f"{left:,.2f}",
        }  # fmt: skip
        return str(words)


class ConfirmReturnForm(DeskForm):
    name = "money_return"
    note = forms.CharField(label=_("How do you know? (optional)"), required=False, widget=TextArea(1))


class OpenVoidForm(DeskForm):
    """The whole invoice; for some of its lines there is a page of its own."""

    name = "money_void"
    invoice = InvoiceChoice(label=_("Invoice"), queryset=Invoice.objects.none(), empty_label=None)
    reason = forms.ChoiceField(label=_("Reason"), choices=REASONS)
    words = forms.CharField(label=_("Why"), required=False, widget=TextArea(2))

    def prepare(self) -> None:
        if self.ticket is None:
            return
        standing = matching.invoices_of(self.ticket).filter(state__in=matching.STANDING)
        ids = list(standing.order_by("-issued_at").values_list("pk", flat=True)[:MOST])
        self.fields["invoice"].queryset = Invoice.objects.filter(pk__in=ids).order_by("-issued_at")
        try:
            self.fields["invoice"].initial = matching.invoice(self.ticket).pk
        except DomainError:
            pass

    def draft(self, data: dict[str, Any]) -> VoidDraft:
        return VoidDraft(data["invoice"], data["reason"], data["words"], ticket=self.ticket)


class OpenRefundForm(DeskForm):
    name = "money_refund"
    payment = PaymentChoice(label=_("Payment"), queryset=Payment.objects.none(), empty_label=None)
    amount = _yuan(_("Amount (yuan)"))
    words = forms.CharField(label=_("Why"), required=False, widget=TextArea(2))

    def prepare(self) -> None:
        if self.ticket is None:
            return
        own = {"order": self.ticket.order_id} if self.ticket.order_id else {"customer": self.ticket.customer_id}
        ids = list(Payment.objects.filter(**own).order_by("-paid_at").values_list("pk", flat=True)[:MOST])
        self.fields["payment"].queryset = Payment.objects.filter(pk__in=ids).order_by("-paid_at")
        request = opening.standing_void(self.ticket)
        if request is not None:
            self.fields["amount"].initial = request.amount


class CompensationForm(DeskForm):
    name = "money_compensation"
    kind = forms.ChoiceField(label=_("What the customer gets"), choices=[(k.value, k.label) for k in COMPENSATIONS])
    amount = _yuan(_("Value (yuan)"))
    words = forms.CharField(label=_("Why"), required=False, widget=TextArea(2))
    payee_name = forms.CharField(label=_("Payee (cash only)"), required=False, max_length=60)
    payee_account = forms.CharField(label=_("Account (cash only)"), required=False, max_length=40)
    payee_bank = forms.CharField(label=_("Bank (cash only)"), required=False, max_length=100)


class CancellationForm(DeskForm):
    name = "money_cancellation"
    kind = forms.ChoiceField(label=_("What is made void"), choices=CancellationKind.choices)
    subject_number = forms.CharField(label=_("Number of the voucher or account"), required=False, max_length=80)
    amount = _yuan(_("What it is worth (yuan)"), initial=Decimal("0.00"))
    words = forms.CharField(label=_("Why"), required=False, widget=TextArea(2))


class TakeBackForm(DeskForm):
    """A case that is not decided yet, or not sent."""

    name = "money_back"
    case = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why is it taken back?"), required=False, widget=TextArea(1))


class TellRefusedForm(DeskForm):
    name = "money_tell"
    case = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(label=_("What the customer reads"), required=False, widget=TextArea(2))


def refund_draft(form_data: dict[str, Any], **more: Any) -> RefundDraft:
    """What the two forms about money to the customer ask for."""
    if form_data["amount"] is None:
        raise DomainError("refund.amount", field="amount")
    payee = Payee(*(form_data.get(name, "") for name in ("payee_name", "payee_account", "payee_bank")))
    return RefundDraft(form_data["amount"], form_data["words"], payee=payee, **more)


def cancellation_draft(form_data: dict[str, Any], **more: Any) -> CancellationDraft:
    if form_data["amount"] is None:
        raise DomainError("cancellation.amount", field="amount")
    return CancellationDraft(
        form_data["kind"], form_data["subject_number"], amount=form_data["amount"], words=form_data["words"], **more
    )
