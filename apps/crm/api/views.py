"""`/api/v1/customers/bulk/`, `products/bulk/`, `orders/bulk/`: what the leading systems say (LNK-04)."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core import bulk_rest, paging
from apps.core.bulk_rest import BULK, BulkAnswer
from apps.core.errors import DomainError
from apps.core.rest import IDEMPOTENCY_KEY, StrictSerializer, TextField, idempotent
from apps.core.vocabulary import ContactChannel, Language, Tier
from apps.crm import selectors
from apps.crm.models import Customer
from apps.crm.services import sync
from apps.crm.services.sync import LineReport, OrderReport
from apps.crm.states import OrderState

EXAMPLE = {"results": [{"index": 0, "outcome": "new", "id": "01929e5c-7c00-7000-8000-000000000002", "errors": []}]}


def _yuan(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.", **more)


class CustomerRow(StrictSerializer):
    """What is left out stays as it is."""

    external_id = TextField(max_length=60, help_text="Your number for the customer.")
    name = TextField(required=False)
    phone = TextField(required=False)
    email = TextField(required=False)
    address = TextField(required=False)
    region = TextField(required=False)
    language = serializers.ChoiceField(choices=Language.choices, required=False)
    tier = serializers.ChoiceField(choices=Tier.choices, required=False)
    preferred_channel = serializers.ChoiceField(choices=ContactChannel.choices, required=False)


class ProductRow(StrictSerializer):
    sku = TextField(max_length=60)
    name = TextField(required=False, max_length=120)
    group = TextField(required=False, max_length=60)
    model = TextField(required=False, max_length=60)
    active = serializers.BooleanField(required=False)


class OrderLineRow(StrictSerializer):
    sku = TextField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    unit_price = _yuan()
    amount = _yuan()
    serial_number = TextField(required=False, max_length=60)


class OrderRow(StrictSerializer):
    number = TextField(max_length=60)
    external_id = TextField(required=False, max_length=60)
    customer = TextField(max_length=60, help_text="The customer's `external_id`.")
    state = serializers.ChoiceField(choices=OrderState.choices)
    ordered_at = serializers.DateTimeField()
    shipped_at = serializers.DateTimeField(required=False, allow_null=True)
    delivered_at = serializers.DateTimeField(required=False, allow_null=True)
    total = _yuan()
    lines = OrderLineRow(many=True, required=False, help_text="All lines, or none to leave those that are known.")


CUSTOMER, PRODUCT, ORDER = CustomerRow(), ProductRow(), OrderRow()


def _rows(shape: type[serializers.Serializer[Any]], name: str) -> Any:
    """The body's shape, for the description: it is checked row by row."""
    return type(f"{name}Rows", (serializers.Serializer,), {"rows": shape(many=True)})


def _described(noun: str, shape: type[StrictSerializer], scope: str, row: dict[str, Any]) -> Any:
    return extend_schema(
        operation_id=f"{noun}s_bulk",
        summary=f"Bring in {noun}s",
        description=f"{BULK} Needs the scope `{scope}`.",
        parameters=[IDEMPOTENCY_KEY],
        request=_rows(shape, noun.capitalize()),
        responses={200: BulkAnswer},
        examples=[
            OpenApiExample("Rows", value={"rows": [row]}, request_only=True),
            OpenApiExample("Taken", value=EXAMPLE, response_only=True),
        ],
    )


class CustomersBulkView(APIView):
    @_described(
        "customer", CustomerRow, "customers:write", {"external_id": "K1001", "name": "张三", "phone": "13812345678"}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        actor = actor_for(request)
        return bulk_rest.take(request, CUSTOMER, lambda row: sync.customer(row, actor=actor))


class ProductsBulkView(APIView):
    @_described("product", ProductRow, "orders:write", {"sku": "QC-WM80", "name": "晴川洗衣机", "group": "洗衣机"})
    @idempotent
    def post(self, request: Request) -> Response:
        actor = actor_for(request)
        return bulk_rest.take(request, PRODUCT, lambda row: sync.product(row, actor=actor))


class OrdersBulkView(APIView):
    @_described(
        "order",
        OrderRow,
        "orders:write",
        {
            "number": "DD20240501-17", "customer": "K1001", "state": "delivered", "total": "2999.00",
            "ordered_at": "2024-05-01T10:00:00+08:00",
            "lines": [{"sku": "QC-WM80", "quantity": 1, "unit_price": "2999.00", "amount": "2999.00"}],
        },
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = actor_for(request)
        return bulk_rest.take(request, ORDER, lambda row: sync.order(_report(row), actor=actor))


def _report(row: dict[str, Any]) -> OrderReport:
    lines = [LineReport(**line) for line in row.pop("lines", ())]
    return OrderReport(**row, lines=lines)


class MaskedCustomer(serializers.Serializer[Any]):
    """Masked. Only described, never run."""

    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    tier = serializers.ChoiceField(choices=Tier.choices)
    region = serializers.CharField(allow_blank=True)
    language = serializers.ChoiceField(choices=Language.choices)


class MaskedCustomers(serializers.Serializer[Any]):
    results = MaskedCustomer(many=True)


class CustomersView(APIView):
    @extend_schema(
        operation_id="customers_list",
        summary="Customers by your numbers, masked",
        description=f"At most {paging.MAX_SIZE} numbers, separated by commas. Needs the scope `customers:read`.",
        parameters=[OpenApiParameter("external_id", str, required=True, description="`K1001,K1002`")],
        responses={200: MaskedCustomers},
    )
    def get(self, request: Request) -> Response:
        actor = actor_for(request)
        if not actor.can("crm.view_customer"):
            raise DomainError("core.not_allowed")
        numbers = [text.strip() for text in request.query_params.get("external_id", "").split(",") if text.strip()]
        if not 1 <= len(numbers) <= paging.MAX_SIZE:
            raise DomainError("core.required", field="external_id")
        found = selectors.masked(actor).filter(external_id__in=numbers).order_by("external_id")
        return Response({"results": [_customer(row) for row in found]})


def _customer(row: Customer) -> dict[str, Any]:
    return {
        "id": row.pk, "external_id": row.external_id, "name": row.name_masked, "phone": row.phone_masked,
        "email": row.email_masked, "tier": row.tier, "region": row.region, "language": row.language,
    }  # fmt: skip
