"""`POST /api/v1/calls/`: the telephone system tells of calls; see docs/integrators.md."""

from datetime import UTC
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.channels.models import Call, CallState
from apps.channels.services import calls
from apps.channels.services.calls import News
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.feedback.api import describe


class CallInput(StrictSerializer):
    """One thing that happened to a call. The same report twice, or in another order, ends the same."""

    call_id = TextField(
        help_text="The call's id in your system, the same in all reports about it; at most 120 characters."
    )
    event = serializers.ChoiceField(choices=[(e, e) for e in calls.EVENTS])
    caller = TextField(required=False, help_text="The caller's number as it was shown; empty when withheld.")
    line = TextField(required=False, help_text="The number or queue that was called.")
    agent = TextField(required=False, help_text="Extension or staff number where it rings or was answered.")
    at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default_timezone=UTC,
        help_text="When it happened, if not now; up to two days ago.",
    )


class CallAnswer(serializers.Serializer[Any]):
    call_id = serializers.CharField()
    state = serializers.ChoiceField(choices=CallState.choices)
    agent = serializers.CharField(
        allow_null=True, help_text="Staff number of whose desk shows the call; null: nobody's."
    )
    customer_known = serializers.BooleanField()
    ticket = serializers.CharField(allow_null=True, help_text="The ticket it was logged on.")


CALL = CallInput()
_EXAMPLE = OpenApiExample(
    "ringing",
    value={
        "call_id": "20261122-000417",
        "event": "ringing",
        "caller": "13812345678",
        "line": "4008208210",
        "agent": "8012",
        "at": "2026-11-22T02:15:30Z",
    },
    request_only=True,
)


class CallsView(APIView):
    @extend_schema(
        operation_id="calls_report",
        summary="Tell of a call to the hotline",
        description=(
            "Needs the scope `calls:write`. `ringing` shows the caller on the agent's open page within seconds, `answered`"
            " starts the time in which the call is to be logged, `ended` without `answered` makes a call to return."
        ),
        parameters=[describe.IDEMPOTENCY_KEY],
        request=CallInput,
        responses={200: CallAnswer, 201: CallAnswer},
        examples=[_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        call = calls.report(News(**CALL.run_validation(request.data)), actor=actor_for(request))
        return Response(_row(call), status=201 if call.is_new else 200)


def _row(call: Call) -> dict[str, Any]:
    return {
        "call_id": call.external_id,
        "state": call.state,
        "agent": (call.agent.staff_number or call.agent.get_username()) if call.agent else None,
        "customer_known": call.customer_id is not None,
        "ticket": call.ticket.number if call.ticket else None,
    }
