"""`/api/v1/cancellations/…`: vouchers made void and accounts closed (VOI-09)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import SecondLook
from apps.accounts.second_look import require_for_api
from apps.billing.api import answers, rows, who
from apps.billing.api.describe import SIGNS, filter_by, listing, step
from apps.billing.api.voids import SignatureInput, WhyInput
from apps.billing.models import Approval, Cancellation
from apps.billing.services import approvals, cancellations
from apps.billing.services.cancellations import CancellationDraft
from apps.billing.states import CancellationCheckKind, CancellationKind, CancellationState, CheckResult, Source
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.crm.models import Customer

ACT = SecondLook.Act


class CancellationInput(StrictSerializer):
    """`amount` is what the voucher is worth, or the account still holds."""

    kind = serializers.ChoiceField(choices=CancellationKind.choices)
    subject_number = TextField(max_length=60, help_text="Number of the voucher or account.")
    customer = TextField(max_length=60, help_text="The customer's `external_id`.")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, help_text="Yuan.")
    words = TextField(required=False, max_length=2_000)
    ticket = TextField(required=False, max_length=40, help_text="Ticket number.")


class CancellationCheckInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=CancellationCheckKind.choices)
    passed = serializers.BooleanField()
    detail = TextField(max_length=300)


class ReferenceInput(StrictSerializer):
    reference = TextField(max_length=60, help_text="Of the shop system, where it was done.")


class CancellationAnswer(answers.Answer):
    id = serializers.UUIDField()
    number = answers.text()
    state = answers.choice(CancellationState)
    kind = answers.choice(CancellationKind)
    subject_number = answers.text()
    customer = answers.text(allow_null=True)
    ticket = answers.text(allow_null=True)
    amount = answers.yuan()
    words = answers.text()
    requested_by = answers.person()
    created_at = answers.moment(allow_null=False)
    executed_at = answers.moment()
    executed_by = answers.person()
    reference = answers.text()


class CancellationCheckAnswer(answers.Answer):
    kind = answers.choice(CancellationCheckKind)
    result = answers.choice(CheckResult)
    source = answers.choice(Source, blank=True)
    detail = answers.text()


class CancellationDetail(CancellationAnswer):
    checks = CancellationCheckAnswer(many=True)
    signing = answers.SigningAnswer()
    approvals = answers.ApprovalAnswer(many=True)


FILE, CHECK, REFERENCE = CancellationInput(), CancellationCheckInput(), ReferenceInput()
DECISION, WHY = SignatureInput(), WhyInput()


def _row(row: Cancellation) -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "state": row.state, "kind": row.kind, "subject_number": row.subject_number,
        "customer": row.customer.external_id, "ticket": row.ticket.number if row.ticket else None, "amount": row.amount,
        "words": row.words, "requested_by": rows.person(row.requested_by), "created_at": row.created_at,
        "executed_at": row.executed_at, "executed_by": rows.person(row.executed_by), "reference": row.reference,
    }  # fmt: skip


def _rows(actor: Actor) -> Any:
    found = Cancellation.objects.visible_to(actor).select_related("customer", "ticket", "requested_by", "executed_by")
    return found.defer(*(f"customer__{name}" for name in ("name", "phone", "email", "address", "note")))


def _detail(actor: Actor, number: str) -> Response:
    row = who.known(_rows(actor), number=number)
    signed = Approval.objects.filter(case_id=row.pk).select_related("by", "for_whom").order_by("at", "id")
    checks = row.checks.order_by("id").values("kind", "result", "source", "detail")
    return Response({**_row(row), "checks": list(checks), **rows.signatures(approvals.standing(row), list(signed))})


class CancellationsView(APIView):
    @listing(
        "cancellations_list", "Vouchers to make void, accounts to close, newest first",
        answers.paged(CancellationAnswer, "CancellationPage"),
        filter_by("state", "In this state.", CancellationState.values),
        filter_by("kind", "Of this kind.", CancellationKind.values), scope="voids:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.view_voidrequest", "billing.request_void")
        filters = {
            "state": who.choice("state", CancellationState.values), "kind": who.choice("kind", CancellationKind.values)
        }  # fmt: skip
        return who.listed(request, _rows(actor), filters, _row)

    @step(
        "cancellations_create", "File a voucher voiding or account closure", CancellationInput, CancellationAnswer,
        scope="voids:write", status=201,
        example={"kind": "voucher", "subject_number": "V-100", "customer": "K1001", "amount": "50.00"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.request_void")
        values = FILE.run_validation(request.data)
        customer = Customer.objects.filter(external_id=values["customer"]).first()
        if customer is None:
            error = DomainError("crm.no_customer", field="customer", number=values["customer"])
            raise DomainErrors([error])
        values |= {"customer": customer, "ticket": who.ticket_named(actor, values.get("ticket"))}
        return Response(_row(cancellations.file(CancellationDraft(**values), actor=actor)), status=201)


class CancellationView(APIView):
    @extend_schema(
        operation_id="cancellations_retrieve", summary="One case with its check-list and signatures",
        responses={200: CancellationDetail},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        return _detail(who.money_actor(request), number)


class CancellationDecisionView(APIView):
    @step(
        "cancellations_decide", "Sign or reject", SignatureInput, CancellationDetail, scope="money:approve", says=SIGNS,
        example={"approve": True},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.known(_rows(actor), number=number)
        values = DECISION.run_validation(request.data)
        if values["approve"]:
            require_for_api(request, actor, ACT.APPROVE, approvals.counted_amount(row))
        cancellations.decide(row, actor=actor, approve=values["approve"], reason=values.get("reason", ""))
        return _detail(actor, number)


class CancellationWithdrawalView(APIView):
    @step(
        "cancellations_withdraw", "Take back what you filed", WhyInput, CancellationDetail, scope="voids:write",
        example={"reason": "客户改变主意"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.known(_rows(actor), number=number)
        cancellations.withdraw(row, actor=actor, reason=WHY.run_validation(request.data).get("reason", ""))
        return _detail(actor, number)


class CancellationChecksView(APIView):
    @step(
        "cancellations_check", "Record a point of the check-list", CancellationCheckInput, CancellationDetail,
        scope="voids:verify", example={"kind": "owner", "passed": True, "detail": "订单与手机号一致"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.known(_rows(actor), number=number)
        values = CHECK.run_validation(request.data)
        kind = values.pop("kind")
        cancellations.record_check(row, kind, actor=actor, **values)
        return _detail(actor, number)


class CancellationExecutionView(APIView):
    @step(
        "cancellations_execute", "Say that it was done at the shop", ReferenceInput, CancellationDetail,
        scope="voids:execute", example={"reference": "SHOP-77"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.known(_rows(actor), number=number)
        values = REFERENCE.run_validation(request.data)
        require_for_api(request, actor, ACT.EXECUTE, row.amount)
        cancellations.execute(row, actor=actor, **values)
        return _detail(actor, number)
