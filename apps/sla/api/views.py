"""`/api/v1/extensions/…`: what waits for a decision, whatever it belongs to, and the decision (SLA-05)."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core import paging
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import IDEMPOTENCY_KEY, idempotent
from apps.sla.api.extensions import DecisionInput, ExtensionAnswer, ExtensionPage, WithdrawalInput, row
from apps.sla.models import ExtensionRequest
from apps.sla.services import extensions
from apps.sla.states import ExtensionState

DECISION, WITHDRAWAL = DecisionInput(), WithdrawalInput()


def known(actor: Actor, extension_id: UUID) -> ExtensionRequest:
    """Raises DomainError `core.not_found` also for one that the actor may not know of."""
    found = ExtensionRequest.objects.visible_to(actor).select_related("deadline").filter(pk=extension_id).first()
    if found is None:
        raise DomainError("core.not_found")
    return found


class ExtensionsView(APIView):
    @extend_schema(
        operation_id="extensions_list",
        summary="Requests for more time that you may see, newest first",
        parameters=[
            OpenApiParameter("state", enum=ExtensionState.values, description="Only those in this state."),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses={200: ExtensionPage},
    )
    def get(self, request: Request) -> Response:
        found = ExtensionRequest.objects.visible_to(actor_for(request)).select_related("deadline").order_by("-id")
        if state := request.query_params.get("state", ""):
            if state not in ExtensionState.values:
                raise DomainErrors([DomainError("core.invalid_choice", field="state", value=state[:80])])
            found = found.filter(state=state)
        size, last = paging.size_of(request), paging.after(request, UUID)
        if last is not None:
            found = found.filter(pk__lt=last)
        page = list(found[: size + 1])
        more = page[size - 1].pk if len(page) > size else None
        return Response(paging.page(request, [row(each) for each in page[:size]], more))


class DecisionView(APIView):
    @extend_schema(
        operation_id="extensions_decide",
        summary="Grant or refuse more time",
        description=(
            "Needs the scope `extensions:decide`. Nobody decides on what they asked for. At most the policy's number of "
            "working days; the present due time must not have passed."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=DecisionInput,
        responses={200: ExtensionAnswer},
    )
    @idempotent
    def post(self, request: Request, extension_id: UUID) -> Response:
        actor = actor_for(request)
        found = known(actor, extension_id)
        values = DECISION.run_validation(request.data)
        reason = values.get("reason", "")
        if values["approve"]:
            done = extensions.approve(found, actor=actor, until=values.get("due_at"), reason=reason)
        else:
            done = extensions.refuse(found, actor=actor, reason=reason)
        return Response(row(done))


class WithdrawalView(APIView):
    @extend_schema(
        operation_id="extensions_withdraw",
        summary="Take back your own request",
        parameters=[IDEMPOTENCY_KEY],
        request=WithdrawalInput,
        responses={200: ExtensionAnswer},
    )
    @idempotent
    def post(self, request: Request, extension_id: UUID) -> Response:
        actor = actor_for(request)
        values = WITHDRAWAL.run_validation(request.data)
        return Response(row(extensions.withdraw(known(actor, extension_id), actor=actor, **values)))
