"""`/api/v1/invoices/…`, `/api/v1/payments/…`: brought in, read, facts (LNK-04, VOI-03)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.billing.api import answers, rows, who
from apps.billing.api.describe import filter_by, listing, step
from apps.billing.models import Invoice, Payment
from apps.billing.services import takeover
from apps.billing.services.invoices import InvoiceDraft, LineDraft
from apps.billing.services.takeover import PaymentDraft
from apps.billing.states import Fact, InvoiceKind, InvoiceState, PayChannel, Source
from apps.core import bulk_rest
from apps.core.actors import Actor
from apps.core.bulk_rest import BULK, BulkAnswer
from apps.core.errors import DomainError
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.crm.models import Customer, Order

FACTS = [choice for choice in Fact.choices if choice[0] != Fact.SAME_MONTH]
NAMES = ", ".join(name for name, _ in FACTS)


class LineRow(StrictSerializer):
    """Tax is net × rate, rounded to the fen, give or take one."""

    name = TextField(max_length=200)
    unit = TextField(required=False, max_length=20)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6)
    net = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.")
    rate = serializers.DecimalField(max_digits=5, decimal_places=4, help_text="0.13 is 13 %.")
    tax = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.")


class InvoiceRow(StrictSerializer):
    """An issued invoice. Sent again it must say the same; only facts may be new."""

    external_id = TextField(max_length=60, help_text="Its number in the ERP.")
    code = TextField(required=False, max_length=12)
    number = TextField(max_length=20)
    kind = serializers.ChoiceField(choices=InvoiceKind.choices)
    issued_at = serializers.DateTimeField()
    buyer_name = TextField(max_length=200)
    buyer_tax_number = TextField(required=False, max_length=20)
    customer = TextField(required=False, max_length=60, help_text="The customer's `external_id`.")
    order = TextField(required=False, max_length=60, help_text="Order number.")
    gross = serializers.DecimalField(
        required=False, max_digits=14, decimal_places=2, help_text="Checked against the lines."
    )
    replaces = TextField(required=False, max_length=20, help_text="Number of the voided or red-lettered invoice.")
    lines = LineRow(many=True)
    facts = serializers.DictField(
        child=serializers.BooleanField(), required=False, help_text=f"Fact → whether it holds: {NAMES}."
    )


class FactsInput(StrictSerializer):
    """What is known now; only what differs from before is noted."""

    facts = serializers.DictField(child=serializers.BooleanField(), help_text=NAMES)


class PaymentRow(StrictSerializer):
    number = TextField(max_length=64, help_text="Our payment number (out_trade_no).")
    provider_number = TextField(required=False, max_length=64)
    channel = serializers.ChoiceField(choices=PayChannel.choices)
    customer = TextField(max_length=60, help_text="The customer's `external_id`.")
    order = TextField(required=False, max_length=60, help_text="Order number.")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.")
    paid_at = serializers.DateTimeField()
    payer_name = TextField(required=False, max_length=60, help_text="Kept encrypted; shown masked.")


INVOICE, PAYMENT, FACTS_INPUT = InvoiceRow(), PaymentRow(), FactsInput()
_EXAMPLE = {
    "external_id": "ERP-INV-1", "number": "26317000000000000001", "kind": "digital_ordinary", "buyer_name": "张三",
    "issued_at": "2026-05-06T10:00:00+08:00", "customer": "K1001", "order": "DD20240501-17",
    "lines": [{"name": "洗衣机", "quantity": "1", "net": "1000.00", "rate": "0.13", "tax": "130.00"}],
    "facts": {"use_confirmed": False},
}  # fmt: skip
_PAID = {
    "number": "P20260506001", "channel": "alipay", "customer": "K1001", "amount": "1130.00",
    "paid_at": "2026-05-06T10:00:00+08:00",
}  # fmt: skip


def _body(shape: type[serializers.Serializer[Any]], name: str) -> Any:
    return type(f"{name}Rows", (serializers.Serializer,), {"rows": shape(many=True)})


def _customer(number: str | None) -> Customer | None:
    if not number:
        return None
    found = Customer.objects.only("pk", "external_id").filter(external_id=number).first()
    if found is None:
        raise DomainError("crm.no_customer", field="customer", number=number)
    return found


def _order(number: str | None) -> Order | None:
    found = Order.objects.filter(number=number).first() if number else None
    if number and found is None:
        raise DomainError("money.unknown", field="order", what="order", number=number)
    return found


class InvoicesBulkView(APIView):
    @step(
        "invoices_bulk", "Bring in invoices", _body(InvoiceRow, "Invoice"), BulkAnswer, scope="invoices:write", says=BULK,
        example={"rows": [_EXAMPLE]},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.money_actor(request)
        return bulk_rest.take(request, INVOICE, lambda row: _take_invoice(row, actor))


def _take_invoice(row: dict[str, Any], actor: Actor) -> Any:
    row["lines"] = [LineDraft(**line) for line in row["lines"]]
    row["customer"], row["order"] = _customer(row.get("customer")), _order(row.get("order"))
    if row.get("replaces"):
        row["replaces"] = who.invoice_named(actor, row["replaces"], field="replaces")
    return takeover.invoice(InvoiceDraft(**row), actor=actor)


class InvoicesView(APIView):
    @listing(
        "invoices_list", "Invoices, newest first", answers.paged(answers.InvoiceAnswer, "InvoicePage"),
        filter_by("number", "Exactly this number."), filter_by("external_id", "Its number in the ERP."),
        filter_by("order", "Of this order number."), filter_by("customer", "Of this customer's `external_id`."),
        filter_by("state", "In this state.", InvoiceState.values), scope="invoices:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.view_invoice")
        found = Invoice.objects.visible_to(actor).select_related("customer", "order", "red_of", "replaces")
        filters = {
            "number": who.equal("number"), "external_id": who.equal("external_id"), "order": who.equal("order__number"),
            "customer": who.equal("customer__external_id"), "state": who.choice("state", InvoiceState.values),
        }  # fmt: skip
        return who.listed(request, found.defer(*_cipher("customer__")), filters, rows.invoice)


def _cipher(prefix: str) -> list[str]:
    return [f"{prefix}{name}" for name in ("name", "phone", "email", "address", "note")]


class InvoiceView(APIView):
    @extend_schema(
        operation_id="invoices_retrieve", summary="One invoice with its lines, what is left, and facts",
        description="By id. Needs the scope `invoices:read`.", responses={200: answers.InvoiceDetail},
    )  # fmt: skip
    def get(self, request: Request, invoice_id: Any) -> Response:
        actor = who.money_actor(request)
        found = Invoice.objects.visible_to(actor).select_related("customer", "order", "red_of", "replaces")
        return Response(rows.invoice_detail(who.known(found, pk=invoice_id)))


class InvoiceFactsView(APIView):
    @step(
        "invoices_facts", "Tell what is known of an invoice", FactsInput, answers.InvoiceDetail, scope="invoices:write",
        says="Deduction, booking, copies and so on; the newest word holds (VOI-03).", example={"facts": {"deducted": True}},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, invoice_id: Any) -> Response:
        actor = who.money_actor(request)
        found = Invoice.objects.visible_to(actor).select_related("customer", "order", "red_of", "replaces")
        row = who.known(found, pk=invoice_id)
        takeover.facts(row, FACTS_INPUT.run_validation(request.data)["facts"], actor=actor, source=Source.BOOKS)
        return Response(rows.invoice_detail(row))


class PaymentsBulkView(APIView):
    @step(
        "payments_bulk", "Bring in payments", _body(PaymentRow, "Payment"), BulkAnswer, scope="invoices:write",
        says=BULK, example={"rows": [_PAID]},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.money_actor(request)
        return bulk_rest.take(request, PAYMENT, lambda row: _take_payment(row, actor))


def _take_payment(row: dict[str, Any], actor: Actor) -> Any:
    row["customer"], row["order"] = _customer(row["customer"]), _order(row.get("order"))
    if row["customer"] is None:
        raise DomainError("core.required", field="customer")
    return takeover.payment(PaymentDraft(**row), actor=actor)


class PaymentsView(APIView):
    @listing(
        "payments_list", "Payments, newest first", answers.paged(answers.PaymentAnswer, "PaymentPage"),
        filter_by("number", "Exactly this number."), filter_by("order", "Of this order number."),
        filter_by("customer", "Of this customer's `external_id`."), scope="invoices:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        who.require(who.money_actor(request), "billing.view_payment")
        found = Payment.objects.select_related("customer", "order").defer("payer_name", *_cipher("customer__"))
        filters = {
            "number": who.equal("number"), "order": who.equal("order__number"),
            "customer": who.equal("customer__external_id"),
        }  # fmt: skip
        return who.listed(request, found, filters, rows.payment)
