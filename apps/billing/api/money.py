"""Bank batches, differences, delegations, what waits for the caller, and the settlement of a complaint."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import ApprovalLimit, SecondLook, User
from apps.accounts.second_look import require_for_api
from apps.billing import settlement, to_sign
from apps.billing.api import answers, rows, who
from apps.billing.api.describe import filter_by, listing, step
from apps.billing.api.voids import NothingInput, WhyInput
from apps.billing.models import BankBatch, Delegation, Difference
from apps.billing.services import approvals, bank_batches, differences
from apps.billing.states import BatchState, DifferenceKind, DifferenceState, Layout, PayChannel
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.feedback.models import Ticket

ACT = SecondLook.Act
WHO = ("drawn_up_by", "released_by")


class LayoutInput(StrictSerializer):
    layout = serializers.ChoiceField(choices=Layout.choices)


class OwnerInput(StrictSerializer):
    owner = TextField(max_length=40, help_text="Staff number.")


class ResolutionInput(StrictSerializer):
    resolution = TextField(max_length=2_000, help_text="How it was settled.")


class DelegationInput(StrictSerializer):
    """In the caller's name, unless somebody who manages people names the `giver`."""

    subject = serializers.ChoiceField(choices=ApprovalLimit.Subject.choices)
    giver = TextField(required=False, max_length=40, help_text="Staff number.")
    taker = TextField(max_length=40, help_text="Staff number of who signs instead.")
    first_day = serializers.DateField()
    last_day = serializers.DateField(help_text="Included, by the calendar of Shanghai.")
    reason = TextField(required=False, max_length=200)


LAYOUT, OWNER, RESOLUTION, DELEGATION = LayoutInput(), OwnerInput(), ResolutionInput(), DelegationInput()
NOTHING, REASON = NothingInput(), WhyInput()


# Bank batches -----------------------------------------------------------------------------------------------------------


def _batch(actor: Actor, number: str) -> BankBatch:
    who.require(actor, "billing.view_bankbatch")
    return who.known(BankBatch.objects.select_related(*WHO), number=number)


def _batch_detail(actor: Actor, number: str) -> Response:
    row = _batch(actor, number)
    transfers = row.rows.select_related("attempt__refund").order_by("position")
    return Response({**rows.batch(row), "rows": [rows.batch_row(each) for each in transfers]})


class BatchesView(APIView):
    @listing(
        "bank_batches_list", "Bank batches, newest first", answers.paged(answers.BatchAnswer, "BatchPage"),
        filter_by("state", "In this state.", BatchState.values), scope="refunds:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        who.require(who.money_actor(request), "billing.view_bankbatch")
        filters = {"state": who.choice("state", BatchState.values)}
        return who.listed(request, BankBatch.objects.select_related(*WHO), filters, rows.batch)

    @step(
        "bank_batches_create", "Draw up a batch of the transfers that wait", LayoutInput, answers.BatchAnswer,
        scope="refunds:pay", status=201, example={"layout": "pain001"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.signer(request)
        values = LAYOUT.run_validation(request.data)
        require_for_api(request, actor, ACT.BATCH)
        return Response(rows.batch(bank_batches.draw_up(values["layout"], actor=actor)), status=201)


class BatchView(APIView):
    @extend_schema(
        operation_id="bank_batches_retrieve",
        summary="One batch with its transfers",
        responses={200: answers.BatchDetail},
    )
    def get(self, request: Request, number: str) -> Response:
        return _batch_detail(who.money_actor(request), number)


class ReleaseView(APIView):
    @step(
        "bank_batches_release", "Approve a batch that somebody else drew up", NothingInput, answers.BatchDetail,
        scope="refunds:pay", says="The file itself is downloaded by a person, once, on the page.", example={},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.signer(request)
        row = _batch(actor, number)
        NOTHING.run_validation(request.data)
        require_for_api(request, actor, ACT.BATCH, row.total)
        bank_batches.release(row, actor=actor)
        return _batch_detail(actor, number)


class BatchCancellationView(APIView):
    @step(
        "bank_batches_cancel", "Cancel a batch before it is downloaded", WhyInput, answers.BatchDetail,
        scope="refunds:pay", example={"reason": "付款账户变更"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        row = _batch(actor, number)
        bank_batches.cancel(row, actor=actor, reason=REASON.run_validation(request.data).get("reason", ""))
        return _batch_detail(actor, number)


# Differences ------------------------------------------------------------------------------------------------------------


class DifferencesView(APIView):
    @listing(
        "differences_list", "Differences found by reconciliation, newest first",
        answers.paged(answers.DifferenceAnswer, "DifferencePage"),
        filter_by("state", "In this state.", DifferenceState.values), filter_by("kind", "", DifferenceKind.values),
        filter_by("channel", "", PayChannel.values), scope="refunds:read",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.money_actor(request)
        who.require(actor, "billing.view_difference")
        filters = {
            "state": who.choice("state", DifferenceState.values), "kind": who.choice("kind", DifferenceKind.values),
            "channel": who.choice("channel", PayChannel.values),
        }  # fmt: skip
        found = Difference.objects.visible_to(actor).select_related("owner", "resolved_by")
        return who.listed(request, found, filters, rows.difference)


def _difference(actor: Actor, difference_id: UUID) -> Difference:
    return who.known(Difference.objects.visible_to(actor).select_related("owner", "resolved_by"), pk=difference_id)


class DifferenceOwnerView(APIView):
    @step(
        "differences_assign", "Say who sees to it", OwnerInput, answers.DifferenceAnswer, scope="refunds:pay",
        example={"owner": "F012"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, difference_id: UUID) -> Response:
        actor = who.money_actor(request)
        row = _difference(actor, difference_id)
        owner = colleague(OWNER.run_validation(request.data)["owner"], "owner")
        differences.assign(row, owner, actor=actor)
        return Response(rows.difference(_difference(actor, difference_id)))


class DifferenceResolutionView(APIView):
    @step(
        "differences_resolve", "Settle it with words", ResolutionInput, answers.DifferenceAnswer, scope="refunds:pay",
        example={"resolution": "支付宝次日补单，已核对流水"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, difference_id: UUID) -> Response:
        actor = who.money_actor(request)
        row = _difference(actor, difference_id)
        differences.resolve(row, RESOLUTION.run_validation(request.data)["resolution"], actor=actor)
        return Response(rows.difference(_difference(actor, difference_id)))


def colleague(number: str, field: str) -> User:
    """Raises DomainErrors `money.unknown` at the field."""
    found = User.objects.filter(staff_number=number, is_active=True).first()
    if found is None:
        raise DomainErrors([DomainError("money.unknown", field=field, what=field, number=number)])
    return found


# What waits, and who signs instead --------------------------------------------------------------------------------------


class WaitingView(APIView):
    @extend_schema(
        operation_id="approvals_waiting", summary="What waits for the caller's signature, the oldest first",
        description="Only what may really be signed now: within right and limit, not filed by oneself. For a signed-in "
        "person, or a key in somebody's name with the scope `money:approve`.",
        responses={200: answers.WaitingList},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        actor = who.signer(request)
        if actor.kind == "api":
            who.require(actor, *(right for pair in approvals.RIGHTS.values() for right in pair))
        found = [_waiting(each, "void_request", "void-requests") for each in to_sign.voids(actor)]
        found += [_waiting(each, "refund", "refunds") for each in to_sign.refunds(actor)]
        if actor.can("billing.pay_refund"):
            drawn = BankBatch.objects.filter(state=BatchState.DRAWN_UP).exclude(drawn_up_by=actor.user_id)
            found += [_waiting_batch(each) for each in drawn.select_related("drawn_up_by").order_by("id")[:200]]
        return Response({"results": sorted(found, key=lambda row: row["since"])})


def _waiting(each: to_sign.ToSign, kind: str, path: str) -> dict[str, Any]:
    return {
        "kind": kind, "number": each.case.number, "amount": each.standing.amount, "step": each.standing.next,
        "filed_by": rows.person(each.case.requested_by), "since": each.case.created_at,
        "on_behalf_of": rows.person(each.for_whom), "address": f"/api/v1/{path}/{each.case.number}/decision/",
    }  # fmt: skip


def _waiting_batch(row: BankBatch) -> dict[str, Any]:
    return {
        "kind": "bank_batch", "number": row.number, "amount": row.total, "step": None,
        "filed_by": rows.person(row.drawn_up_by), "since": row.created_at, "on_behalf_of": None,
        "address": f"/api/v1/bank-batches/{row.number}/release/",
    }  # fmt: skip


def _delegations(actor: Actor) -> Any:
    """One's own, given and taken; whoever manages people sees all."""
    found = Delegation.objects.select_related("giver", "taker")
    if actor.can("accounts.change_user"):
        return found
    return (found.filter(giver=actor.user_id) | found.filter(taker=actor.user_id)).distinct()


class DelegationsView(APIView):
    @listing(
        "delegations_list",
        "Who signs for whom, newest first",
        answers.paged(answers.DelegationAnswer, "DelegationPage"),
    )
    def get(self, request: Request) -> Response:
        return who.listed(request, _delegations(who.signer(request)), {}, rows.delegation)

    @step(
        "delegations_create", "Let somebody sign instead", DelegationInput, answers.DelegationAnswer, status=201,
        says="Who signs instead still signs nothing that they, or who is absent, filed. A key needs `money:approve` and "
        "`money:approve_large` for it: it hands on what it may do itself, and no more.",
        example={"subject": "refund", "taker": "F013", "first_day": "2026-05-06", "last_day": "2026-05-10"},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        actor = who.signer(request)
        require_for_api(request, actor, ACT.APPROVE)
        values = DELEGATION.run_validation(request.data)
        taker = colleague(values.pop("taker"), "taker")
        given = values.pop("giver", "")
        giver = colleague(given, "giver") if given else actor.user
        made = approvals.delegate(Delegation(**values, giver=giver, taker=taker), actor=actor)
        return Response(rows.delegation(made), status=201)


class DelegationEndView(APIView):
    @step("delegations_end", "Take a delegation back now", NothingInput, answers.DelegationAnswer, example={})
    @idempotent
    def post(self, request: Request, delegation_id: UUID) -> Response:
        actor = who.signer(request)
        NOTHING.run_validation(request.data)
        row = who.known(_delegations(actor), pk=delegation_id)
        approvals.take_back(row, actor=actor)
        return Response(rows.delegation(Delegation.objects.select_related("giver", "taker").get(pk=row.pk)))


class SettlementView(APIView):
    @extend_schema(
        operation_id="tickets_settlement", summary="What a complaint and its repeats come to",
        description="Needs `tickets:read` and `refunds:read`.", responses={200: answers.SettlementAnswer},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        actor = who.money_actor(request)
        ticket = who.known(Ticket.objects.visible_to(actor).select_related("repeat_of"), number=number)
        if not actor.can("billing.view_refund"):
            raise DomainError("core.not_allowed")
        found = settlement.settlement(ticket)
        names = ("refund", "compensation", "logistics", "penalties", "pending", "cap", "sum", "total")
        numbers = Ticket.objects.filter(pk__in=found.tickets).order_by("id").values_list("number", flat=True)
        return Response({"tickets": list(numbers), **{name: getattr(found, name) for name in names}})
