"""`/api/v1/tickets/…/regulator-case/` and `/extensions/`: an authority's case, and more time (INT-13, SLA-05)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.feedback.api import describe
from apps.feedback.api.views import known
from apps.feedback.models import RegulatorCase
from apps.feedback.services import regulator_cases
from apps.feedback.services.regulator_cases import CaseDraft, OutcomeDraft
from apps.sla import selectors as sla
from apps.sla.api import extensions as shapes
from apps.sla.services import extensions


class CaseInput(StrictSerializer):
    """What the authority sent; sent again it corrects. The ticket becomes a regulator ticket."""

    authority = TextField(max_length=120)
    case_number = TextField(max_length=80, help_text="12315 number or letter number; repeats are found by it.")
    received_on = serializers.DateField()
    procedure = serializers.ChoiceField(choices=RegulatorCase.Procedure.choices, default="odr")
    mediation = serializers.BooleanField(default=False, help_text="Whether we accept mediation.")
    due_on = serializers.DateField(required=False, allow_null=True, help_text="Only where the authority names a day.")
    method = serializers.ChoiceField(choices=RegulatorCase.Method.choices, required=False, allow_blank=True)
    process = TextField(required=False, help_text="The course of the settlement.")


class OutcomeInput(StrictSerializer):
    """How it ended. Settled or refused: the way and the course are needed too."""

    outcome = serializers.ChoiceField(choices=RegulatorCase.Outcome.choices)
    outcome_on = serializers.DateField()
    method = serializers.ChoiceField(choices=RegulatorCase.Method.choices, required=False, allow_blank=True)
    process = TextField(required=False)
    outcome_note = TextField(required=False)


class CaseAnswer(serializers.Serializer[Any]):
    """Only described, never run."""

    authority = serializers.CharField()
    case_number = serializers.CharField()
    procedure = serializers.ChoiceField(choices=RegulatorCase.Procedure.choices)
    received_on = serializers.DateField()
    mediation = serializers.BooleanField()
    due_on = serializers.DateField(allow_null=True)
    method = serializers.ChoiceField(choices=RegulatorCase.Method.choices, allow_blank=True)
    process = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=RegulatorCase.Outcome.choices, allow_blank=True)
    outcome_on = serializers.DateField(allow_null=True)
    outcome_note = serializers.CharField(allow_blank=True)
    repeat_of = serializers.CharField(allow_null=True, help_text="Number of the first ticket of this case.")


CASE, OUTCOME, EXTENSION = CaseInput(), OutcomeInput(), shapes.ExtensionInput()
_PLAIN = (
    "authority", "case_number", "procedure", "received_on", "mediation", "due_on", "method", "process", "outcome",
    "outcome_on", "outcome_note",
)  # fmt: skip


def _row(case: RegulatorCase) -> dict[str, Any]:
    first = case.ticket.repeat_of
    return {**{name: getattr(case, name) for name in _PLAIN}, "repeat_of": first.number if first else None}


class CaseView(APIView):
    @extend_schema(operation_id="tickets_regulator_case", summary="The authority's case", responses={200: CaseAnswer})
    def get(self, request: Request, number: str) -> Response:
        ticket = known(actor_for(request), number)
        case = RegulatorCase.objects.filter(ticket=ticket).select_related("ticket__repeat_of").first()
        if case is None:
            raise DomainError("core.not_found")
        return Response(_row(case))

    @extend_schema(
        operation_id="tickets_regulator_case_record",
        summary="Record or correct the authority's case",
        description="Needs the scope `tickets:handle`. The legal clock starts at the day of receipt.",
        parameters=[describe.IDEMPOTENCY_KEY],
        request=CaseInput,
        responses={200: CaseAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        draft = CaseDraft(**CASE.run_validation(request.data))
        return Response(_row(regulator_cases.record(ticket, draft, actor=actor)))


class OutcomeView(APIView):
    @extend_schema(
        operation_id="tickets_regulator_outcome",
        summary="Record the outcome of the authority's case",
        description="A regulator ticket cannot be resolved before this.",
        parameters=[describe.IDEMPOTENCY_KEY],
        request=OutcomeInput,
        responses={200: CaseAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        draft = OutcomeDraft(**OUTCOME.run_validation(request.data))
        return Response(_row(regulator_cases.settle(ticket, draft, actor=actor)))


class TicketExtensionsView(APIView):
    @extend_schema(
        operation_id="tickets_extensions_list",
        summary="Requests for more time about this ticket",
        responses={200: shapes.ExtensionPage},
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = known(actor_for(request), number)
        return Response({"results": [shapes.row(each) for each in sla.extensions_of(ticket)], "next": None})

    @extend_schema(
        operation_id="tickets_extensions_create",
        summary="Ask for more time",
        description="Needs the scope `tickets:handle`. Decided by the head of department, or by `extensions:decide`.",
        parameters=[describe.IDEMPOTENCY_KEY],
        request=shapes.ExtensionInput,
        responses={201: shapes.ExtensionAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        values = EXTENSION.run_validation(request.data)
        deadline = next((d for d in sla.open_for(ticket) if d.metric == values["metric"]), None)
        if deadline is None:
            raise DomainError("sla.not_open", field="metric")
        asked = extensions.request(deadline.pk, values["due_at"], actor=actor, reason=values["reason"])
        return Response(shapes.row(asked), status=201)
