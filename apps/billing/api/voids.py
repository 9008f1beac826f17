"""`/api/v1/void-requests/…`: filed, read, signed, verified, executed (VOI-01 … VOI-06)."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import SecondLook
from apps.accounts.second_look import require_for_api
from apps.billing import events, makers
from apps.billing.api import answers, rows, who
from apps.billing.api.describe import SIGNS, filter_by, listing, step
from apps.billing.models import Approval, RedForm, VoidRequest
from apps.billing.services import approvals, red_forms, tax_facts, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.services.voids import VoidDraft
from apps.billing.states import CheckKind, FormState, VoidState
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.journal.models import Event

ACT = SecondLook.Act


class AskRow(StrictSerializer):
    """A part of a line: a quantity, or a net amount."""

    line = serializers.IntegerField(min_value=1, help_text="Position on the invoice.")
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6, required=False)
    net = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True, help_text="Yuan.")


class VoidInput(StrictSerializer):
    """Without `lines` the whole invoice is undone."""

    invoice = TextField(max_length=20)
    invoice_code = TextField(required=False, max_length=12)
    reason = TextField(max_length=4, help_text="Reason code: 01 issued in error, 02 goods returned, …")
    words = TextField(required=False, max_length=2_000)
    ticket = TextField(required=False, max_length=40, help_text="Ticket number.")
    lines = AskRow(many=True, required=False)


class AgainInput(StrictSerializer):
    words = TextField(max_length=2_000)
    lines = AskRow(many=True, required=False)


class SignatureInput(StrictSerializer):
    """A refusal needs a reason."""

    approve = serializers.BooleanField()
    reason = TextField(required=False, max_length=2_000)


class WhyInput(StrictSerializer):
    reason = TextField(required=False, max_length=2_000)


class CheckInput(StrictSerializer):
    """What a person or a system in their name found out; `detail` says how."""

    kind = serializers.ChoiceField(choices=CheckKind.choices)
    passed = serializers.BooleanField()
    detail = TextField(max_length=300)


class FormInput(StrictSerializer):
    """The form's state on the tax platform; only 01 and 04 allow the red invoice."""

    state = serializers.ChoiceField(choices=FormState.choices)
    number = TextField(required=False, max_length=40)
    reason = TextField(required=False, max_length=2_000)


class NothingInput(StrictSerializer):
    """An empty object."""


FILE, AGAIN, DECISION, REASON = VoidInput(), AgainInput(), SignatureInput(), WhyInput()
CHECK, FORM, NOTHING = CheckInput(), FormInput(), NothingInput()


def detail(row: VoidRequest) -> Response:
    signed = Approval.objects.filter(case_id=row.pk).select_related("by", "for_whom").order_by("at", "id")
    return Response(rows.void_detail(row, approvals.standing(row), list(signed)))


def after(actor: Actor, number: str) -> Response:
    """The request as it stands after a step; the actor may have lost sight of it by that."""
    return detail(who.known(who.void_rows(actor), number=number))


def _asks(row: VoidRequest | Any, given: list[dict[str, Any]]) -> list[Ask]:
    lines = {line.position: line for line in row.lines.all()} if given else {}
    asks = []
    for at, ask in enumerate(given):
        if ask["line"] not in lines:
            raise DomainErrors([DomainError("core.invalid", field=f"lines/{at}/line")])
        asks.append(Ask(lines[ask["line"]], ask.get("quantity") or 0, ask.get("net")))
    return asks


class VoidRequestsView(APIView):
    @listing(
        "void_requests_list", "Void requests that you may see, newest first",
        answers.paged(answers.VoidAnswer, "VoidRequestPage"), filter_by("state", "In this state.", VoidState.values),
        filter_by("invoice", "Of this invoice number."), filter_by("ticket", "Of this ticket number."), scope="voids:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.view_voidrequest", "billing.request_void")
        filters = {
            "state": who.choice("state", VoidState.values), "invoice": who.equal("invoice__number"),
            "ticket": who.equal("ticket__number"),
        }  # fmt: skip
        return who.listed(request, who.void_rows(actor), filters, rows.void)

    @step(
        "void_requests_create", "File a void request", VoidInput, answers.VoidAnswer, scope="voids:write", status=201,
        says="What it undoes is held on the invoice from now on. Whether it becomes a void or a red letter is decided by rule.",
        example={"invoice": "26317000000000000001", "reason": "02", "words": "客户退货", "ticket": "202605-001"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.request_void")
        values = FILE.run_validation(request.data)
        invoice = who.invoice_named(actor, values["invoice"], values.get("invoice_code", ""))
        draft = VoidDraft(
            invoice, values["reason"], values.get("words", ""), _asks(invoice, values.get("lines", [])),
            who.ticket_named(actor, values.get("ticket")),
        )  # fmt: skip
        return Response(rows.void(voids.file(draft, actor=actor)), status=201)


class VoidRequestView(APIView):
    @extend_schema(
        operation_id="void_requests_retrieve", responses={200: answers.VoidDetail},
        summary="One void request with lines, checks, forms, calls and signatures",
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        return detail(who.void_request(who.money_actor(request), number))


class DecisionView(APIView):
    @step(
        "void_requests_decide", "Sign or reject", SignatureInput, answers.VoidDetail, scope="money:approve", says=SIGNS,
        example={"approve": True},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = who.void_request(actor, number)
        values = DECISION.run_validation(request.data)
        if values["approve"]:
            require_for_api(request, actor, ACT.APPROVE, approvals.counted_amount(row))
        voids.decide(row, actor=actor, approve=values["approve"], reason=values.get("reason", ""))
        return after(actor, number)


class WithdrawalView(APIView):
    @step(
        "void_requests_withdraw", "Take back what you filed", WhyInput, answers.VoidDetail, scope="voids:write",
        example={"reason": "重复提交"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        own(row, actor)
        voids.withdraw(row, actor=actor, reason=REASON.run_validation(request.data).get("reason", ""))
        return after(actor, number)


class ResubmissionView(APIView):
    @step(
        "void_requests_resubmit", "File a rejected request again", AgainInput, answers.VoidDetail, scope="voids:write",
        example={"words": "已补充退货签收单"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        own(row, actor)
        values = AGAIN.run_validation(request.data)
        voids.resubmit(row, actor=actor, words_=values["words"], asks=_asks(row.invoice, values.get("lines", [])))
        return after(actor, number)


def own(row: VoidRequest, actor: Actor) -> None:
    """A key without a person takes back what a key of this name filed, nobody else's. Raises `core.not_allowed`."""
    if actor.kind == "api" and actor.user is None and (row.requested_by_id is not None or not _filed_by(row, actor)):
        raise DomainError("core.not_allowed")


def not_own(row: VoidRequest, actor: Actor, key: Any) -> None:
    """Nor does it verify what it filed, in whosever name, nor what was made by the person whose name it asks for, agreed
    or not; with people the services see to that. Raises `approval.own`.
    """
    if actor.kind != "api" or actor.user is not None:
        return
    if _filed_by(row, actor) or key.acts_for_id in makers.of(row):
        raise DomainError("approval.own")


def _filed_by(row: VoidRequest, actor: Actor) -> bool:
    return Event.objects.filter(subject_id=row.pk, kind=events.VOID_SUBMITTED, actor_label=actor.label).exists()


class ChecksView(APIView):
    @step(
        "void_requests_check", "Record a point of the verification", CheckInput, answers.VoidDetail, scope="voids:verify",
        says="What the system finds out by itself is not overruled (409 `void.check_by_system`).",
        example={"kind": "goods_back", "passed": True, "detail": "入库单 RK20260506-3"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        not_own(row, actor, request.auth)
        values = CHECK.run_validation(request.data)
        verification.record_check(row, values["kind"], passed=values["passed"], actor=actor, detail=values["detail"])
        return after(actor, number)


class VerificationView(APIView):
    @step(
        "void_requests_verify", "Finish the verification", NothingInput, answers.VoidDetail, scope="voids:verify",
        says="Asks the tax platform anew, then decides void or red letter.", example={},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        NOTHING.run_validation(request.data)
        not_own(row, actor, request.auth)
        tax_facts.confirm(row, actor=actor)
        return after(actor, number)


class ExecutionView(APIView):
    @step(
        "void_requests_execute", "Have it carried out", NothingInput, answers.VoidDetail, scope="voids:execute",
        example={},
        says="Decided in another month, or on facts that changed, it is decided again instead and is back in verification.",
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        NOTHING.run_validation(request.data)
        require_for_api(request, actor, ACT.EXECUTE, row.amount)
        tax_facts.execute(row, actor=actor)
        return after(actor, number)


class FormsView(APIView):
    @step(
        "void_requests_enter_form", "Enter the red form", NothingInput, answers.VoidDetail, scope="voids:verify",
        says="On the tax platform, or noted as awaited where the buyer starts it.", example={},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        NOTHING.run_validation(request.data)
        red_forms.enter(row, actor=actor)
        return after(actor, number)


class FormView(APIView):
    @step(
        "void_requests_change_form", "Tell the red form's state", FormInput, answers.VoidDetail, scope="voids:verify",
        says="Said twice it changes nothing.", example={"state": "04", "number": "3112026050600001"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str, form_id: UUID) -> Response:
        actor = who.money_actor(request)
        row = who.void_request(actor, number)
        form = who.known(RedForm.objects.filter(request=row), pk=form_id)
        values = FORM.run_validation(request.data)
        red_forms.change(
            form, values["state"], actor=actor, number=values.get("number", ""), reason=values.get("reason", "")
        )
        return after(actor, number)
