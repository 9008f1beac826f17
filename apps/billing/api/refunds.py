"""`/api/v1/refunds/…`: filed, read, signed, sent, cancelled (REF-01 … REF-08)."""

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
from apps.billing.api.voids import NothingInput, SignatureInput
from apps.billing.models import Approval, Refund
from apps.billing.services import approvals, paying, refunds
from apps.billing.services.refunds import Payee, RefundDraft
from apps.billing.states import PayChannel, RefundKind, RefundState
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.crm.models import Customer

ACT = SecondLook.Act


class PayeeInput(StrictSerializer):
    """Where a transfer goes; kept encrypted, shown masked."""

    name = TextField(max_length=60)
    account = TextField(max_length=40)
    bank = TextField(required=False, max_length=100)


class RefundInput(StrictSerializer):
    """A refund names the payment it comes from, compensation the customer."""

    amount = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.")
    kind = serializers.ChoiceField(choices=RefundKind.choices, default=RefundKind.REFUND)
    payment = TextField(required=False, max_length=64, help_text="Our payment number.")
    customer = TextField(required=False, max_length=60, help_text="The customer's `external_id`.")
    ticket = TextField(required=False, max_length=40, help_text="Ticket number.")
    void_request = TextField(required=False, max_length=20)
    words = TextField(required=False, max_length=2_000)
    channel = serializers.ChoiceField(choices=PayChannel.choices, required=False)
    payee = PayeeInput(required=False)


class WayInput(StrictSerializer):
    """Another way after a proven failure; it is signed anew. The payee must be who paid."""

    way = TextField(required=False, max_length=30, help_text="`channel:method`; empty takes the next one.")
    payee = PayeeInput(required=False)
    reason = TextField(required=False, max_length=2_000)


class GivenUpInput(StrictSerializer):
    reason = TextField(max_length=2_000)


FILE, WAY, GIVEN_UP, DECISION, NOTHING = RefundInput(), WayInput(), GivenUpInput(), SignatureInput(), NothingInput()


def detail(row: Refund) -> Response:
    signed = Approval.objects.filter(case_id=row.pk).select_related("by", "for_whom").order_by("at", "id")
    return Response(rows.refund_detail(row, approvals.standing(row), list(signed)))


def after(actor: Actor, number: str) -> Response:
    return detail(who.refund(actor, number))


class RefundsView(APIView):
    @listing(
        "refunds_list", "Refunds and compensation that you may see, newest first",
        answers.paged(answers.RefundAnswer, "RefundPage"), filter_by("state", "In this state.", RefundState.values),
        filter_by("kind", "Of this kind.", RefundKind.values), filter_by("payment", "Of this payment number."),
        filter_by("ticket", "Of this ticket number."), scope="refunds:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.view_refund", "billing.request_refund")
        filters = {
            "state": who.choice("state", RefundState.values), "kind": who.choice("kind", RefundKind.values),
            "payment": who.equal("payment__number"), "ticket": who.equal("ticket__number"),
        }  # fmt: skip
        return who.listed(request, who.refund_rows(actor), filters, rows.refund)

    @step(
        "refunds_create", "File a refund or compensation", RefundInput, answers.RefundAnswer, scope="refunds:write",
        status=201, says="Its amount is reserved on the payment from now on; the sum never exceeds what was paid.",
        example={"amount": "100.00", "payment": "P20260506001", "ticket": "202605-001", "words": "退货退款"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.request_refund")
        values = FILE.run_validation(request.data)
        return Response(rows.refund(refunds.file(_draft(values, actor), actor=actor)), status=201)


def _draft(values: dict[str, Any], actor: Actor) -> RefundDraft:
    voiding = None
    if number := values.get("void_request"):
        voiding = who.void_rows(actor).filter(number=number).first()
        if voiding is None:
            raise DomainErrors([_unknown("void_request", number)])
    customer = None
    if number := values.get("customer"):
        customer = Customer.objects.filter(external_id=number).first()
        if customer is None:
            raise DomainErrors([DomainError("crm.no_customer", field="customer", number=number)])
    return RefundDraft(
        values["amount"], values.get("words", ""), values["kind"],
        who.payment_named(values["payment"]) if values.get("payment") else None, customer,
        who.ticket_named(actor, values.get("ticket")), voiding, values.get("channel", ""),
        Payee(**values["payee"]) if values.get("payee") else Payee(),
    )  # fmt: skip


def _unknown(field: str, number: str) -> DomainError:
    return DomainError("money.unknown", field=field, what=field, number=number[:80])


class RefundView(APIView):
    @extend_schema(
        operation_id="refunds_retrieve", summary="One refund with its attempts and signatures",
        responses={200: answers.RefundDetail},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        return detail(who.refund(who.money_actor(request), number))


class AttemptsView(APIView):
    @extend_schema(
        operation_id="refunds_attempts", summary="Every try at a channel, the first one first",
        responses={200: answers.paged(answers.AttemptAnswer, "AttemptPage")},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        row = who.refund(who.money_actor(request), number)
        return Response({"results": [rows.attempt(each) for each in row.attempts.order_by("position")], "next": None})


class DecisionView(APIView):
    @step(
        "refunds_decide", "Sign or reject", SignatureInput, answers.RefundDetail, scope="money:approve", says=SIGNS,
        example={"approve": False, "reason": "金额与退货单不符"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.refund(actor, number)
        values = DECISION.run_validation(request.data)
        if values["approve"]:
            require_for_api(request, actor, ACT.APPROVE, approvals.counted_amount(row))
        refunds.decide(row, actor=actor, approve=values["approve"], reason=values.get("reason", ""))
        return after(actor, number)


class CancellationView(APIView):
    @step(
        "refunds_cancel", "Give up a refund that was not sent", GivenUpInput, answers.RefundDetail, scope="refunds:write",
        example={"reason": "客户改要换货"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.refund(actor, number)
        refunds.cancel(row, actor=actor, **GIVEN_UP.run_validation(request.data))
        return after(actor, number)


class PaymentView(APIView):
    @step(
        "refunds_pay", "Send an approved refund now", NothingInput, answers.RefundDetail, scope="refunds:pay",
        says="Approved refunds are sent by themselves every few seconds; this asks for one at once and says what holds it.",
        example={},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.refund(actor, number)
        who.require(actor, "billing.pay_refund")
        NOTHING.run_validation(request.data)
        require_for_api(request, actor, ACT.PAY, row.amount)
        paying.begin(row, actor=actor)
        return after(actor, number)


class AnotherWayView(APIView):
    @step(
        "refunds_reroute", "Try another way after a proven failure", WayInput, answers.RefundDetail, scope="refunds:write",
        example={"way": "bank:transfer", "payee": {"name": "张三", "account": "6222021234567890123"}},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.refund(actor, number)
        values = WAY.run_validation(request.data)
        require_for_api(request, actor, ACT.PAY, row.amount)
        payee = Payee(**values["payee"]) if values.get("payee") else Payee()
        refunds.reroute(row, payee, actor=actor, reason=values.get("reason", ""), way=values.get("way", ""))
        return after(actor, number)
