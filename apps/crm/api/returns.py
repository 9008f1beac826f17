"""`/api/v1/returns/bulk/`: goods on their way back; a completed one starts voiding and refund by rule (LNK-02)."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core import bulk, bulk_rest
from apps.core.actors import Actor
from apps.core.bulk import Taken
from apps.core.bulk_rest import BULK, BulkAnswer
from apps.core.errors import DomainError
from apps.core.rest import IDEMPOTENCY_KEY, StrictSerializer, TextField, idempotent
from apps.crm.models import Order, ReturnOrder
from apps.crm.services import returns
from apps.crm.services.returns import ReturnReport
from apps.crm.states import ReturnState

ROW_EXAMPLE = {"number": "TH20240509-3", "order": "DD20240501-17", "state": "completed", "amount": "2999.00"}
TAKEN = {"results": [{"index": 0, "outcome": "new", "id": "01929e5c-7c00-7000-8000-000000000003", "errors": []}]}


class ReturnRow(StrictSerializer):
    number = TextField(max_length=60, help_text="Of the return.")
    order = TextField(max_length=60, help_text="The order's number.")
    state = serializers.ChoiceField(choices=ReturnState.choices)
    external_id = TextField(required=False, max_length=60)
    amount = serializers.DecimalField(
        max_digits=14, decimal_places=2, required=False, allow_null=True, help_text="Yuan; left out: the whole order."
    )
    received_at = serializers.DateTimeField(required=False, allow_null=True)
    completed_at = serializers.DateTimeField(required=False, allow_null=True)


class ReturnRows(serializers.Serializer[Any]):
    """At most 200."""

    rows = ReturnRow(many=True)


ROW = ReturnRow()


class ReturnsBulkView(APIView):
    @extend_schema(
        operation_id="returns_bulk",
        summary="Bring in returns",
        description=f"{BULK} What is over stays over. Needs the scope `orders:write`.",
        parameters=[IDEMPOTENCY_KEY],
        request=ReturnRows,
        responses={200: BulkAnswer},
        examples=[
            OpenApiExample("Rows", value={"rows": [ROW_EXAMPLE]}, request_only=True),
            OpenApiExample("Taken", value=TAKEN, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        actor = actor_for(request)
        return bulk_rest.take(request, ROW, lambda row: _take(row, actor))


def _take(row: dict[str, Any], actor: Actor) -> Taken[ReturnOrder]:
    order = Order.objects.filter(number=row.pop("order").strip()).first()
    if order is None:
        raise DomainError("crm.no_order", field="order")
    before = ReturnOrder.objects.filter(number=row["number"].strip()).first()
    said = returns.report(ReturnReport(order=order, **row), actor=actor)
    if before is None:
        return Taken(said, bulk.NEW)
    same = (before.state, before.amount) == (said.state, said.amount)
    return Taken(said, bulk.SAME if same else bulk.CHANGED)
