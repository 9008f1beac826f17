"""`/api/v1/tickets/…`. Views look up, check the shape and hand over to the services; see docs/integrators.md."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core import paging
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import idempotent
from apps.crm.services import customers
from apps.feedback.api import answers, describe, inputs, rows, steps
from apps.feedback.api.filters import TicketFilter, narrowed, reference
from apps.feedback.models import Message, Ticket
from apps.feedback.services import closure, conversation, intake, planning
from apps.feedback.services.intake import Report
from apps.feedback.services.planning import PlanDraft
from apps.feedback.states import MessageKind
from apps.journal import events as journal
from apps.journal import transitions
from apps.journal.models import Event

TICKET, MESSAGE, PLAN = inputs.TicketInput(), inputs.MessageInput(), inputs.PlanInput()
CONTACT_FIELDS = frozenset(inputs.ContactInput().fields)


def require(actor: Actor, permission: str) -> None:
    if not actor.can(permission):
        raise DomainError("core.not_allowed")


def known(actor: Actor, number: str) -> Ticket:
    """The ticket with this number. Raises DomainError `core.not_found` also for one that the actor may not know of."""
    ticket = rows.visible(actor, number)
    if ticket is None:
        raise DomainError("core.not_found")
    return ticket


class TicketsView(GenericAPIView):
    queryset = Ticket.objects.all()
    filterset_class = TicketFilter

    @extend_schema(
        operation_id="tickets_list",
        summary="List tickets, newest first",
        description=describe.LIST,
        parameters=describe.PAGE,
        filters=True,
        responses={200: answers.TicketPage},
        examples=[describe.PAGE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        actor = actor_for(request)
        require(actor, "feedback.view_ticket")
        size, last = paging.size_of(request), paging.after(request, UUID)
        tickets = narrowed(request, Ticket.objects.listed_for(actor)).order_by("-id")
        if last is not None:
            tickets = tickets.filter(pk__lt=last)
        found = rows.read(tickets[: size + 1])
        return Response(paging.page(request, found[:size], found[size - 1]["id"] if len(found) > size else None))

    @extend_schema(
        operation_id="tickets_create",
        summary="Register feedback",
        description=describe.CREATE,
        parameters=[describe.IDEMPOTENCY_KEY],
        request=inputs.TicketInput,
        responses={201: answers.TicketRow, 200: answers.TicketRow},
        examples=describe.CREATE_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        actor = actor_for(request)
        require(actor, "feedback.create_ticket")
        report = _report(request, TICKET.run_validation(request.data))
        try:
            ticket = intake.receive(report, actor=actor)
        except DomainErrors as found:
            raise _placed(found) from found
        return Response(rows.of(ticket), status=201 if ticket.is_new else 200)


def _report(request: Request, values: dict[str, Any]) -> Report:
    contact = values.pop("contact")
    shared = {name: values[name] for name in ("language", "region") if name in values}
    if values.get("external_ref"):
        values["external_ref"] = reference(request, values["external_ref"])
    return Report(contact=customers.Contact(**contact, **shared), **values)


def _placed(found: DomainErrors) -> DomainErrors:
    """The same errors, those of the contact under its own name in the body."""
    for error in found.errors:
        if error.field in CONTACT_FIELDS:
            error.field = f"contact/{error.field}"
    return found


class TicketView(APIView):
    @extend_schema(
        operation_id="tickets_retrieve",
        summary="One ticket with its deadlines, plan and solutions",
        parameters=[describe.PERSONAL_DATA, describe.REVEAL_REASON],
        responses={200: answers.TicketDetail},
    )
    def get(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        row = rows.detail(ticket, actor)
        if _wants_clear(request):
            about, reason = journal.ref(ticket), request.query_params.get("reason", "").strip()
            if actor.kind == "staff" and not reason:  # a person says why (INT-06); a key's purpose is its name
                raise DomainErrors([DomainError("reason.missing", field="reason")])
            rows.clear_customer(
                row,
                ["name", "phone", "email"],
                lambda field: customers.reveal(ticket.customer, field, actor=actor, reason=reason, about=about),
            )
        return Response(row, headers={"Cache-Control": "no-store"})


def _wants_clear(request: Request) -> bool:
    wanted = request.query_params.get("personal_data", "masked")
    if wanted not in ("masked", "clear"):
        raise DomainErrors([DomainError("core.invalid_choice", field="personal_data", value=wanted[:80])])
    return wanted == "clear"


class TransitionsView(APIView):
    @extend_schema(
        operation_id="tickets_transitions_list",
        summary="Steps that leave the present state",
        responses={200: answers.OfferList},
    )
    def get(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        offers = transitions.available(known(actor, number), actor)
        return Response({"results": [rows.offer(step) for step in offers if step.name in steps.STEPS]})

    @extend_schema(
        operation_id="tickets_transitions_create",
        summary="Take a step",
        description=describe.TRANSITIONS,
        parameters=[describe.IDEMPOTENCY_KEY],
        request=describe.STEP_INPUT,
        responses={200: answers.TicketRow},
        examples=describe.STEP_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        moved = steps.take(known(actor, number), request.data, actor=actor)
        return Response(rows.of(moved))


class PlansView(APIView):
    @extend_schema(
        operation_id="tickets_plans_create",
        summary="Write the handling plan",
        description="The newest plan holds; earlier ones are kept. A ticket without a plan cannot be resolved.",
        parameters=[describe.IDEMPOTENCY_KEY],
        request=inputs.PlanInput,
        responses={201: answers.PlanAnswer},
        examples=[describe.PLAN_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        draft = PlanDraft(**PLAN.run_validation(request.data))
        return Response(rows.plan(planning.write_plan(ticket, draft, actor=actor)), status=201)


class MessagesView(APIView):
    @extend_schema(
        operation_id="tickets_messages_list",
        summary="The ticket's messages, oldest first",
        parameters=describe.PAGE,
        responses={200: answers.MessagePage},
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = known(actor_for(request), number)
        size, last = paging.size_of(request), paging.after(request, UUID)
        messages = ticket.messages.filter(**rows.after_id(last)).select_related("author").order_by("id")
        found = list(messages[: size + 1])
        more = found[size - 1].pk if len(found) > size else None
        return Response(paging.page(request, [rows.message(m) for m in found[:size]], more))

    @extend_schema(
        operation_id="tickets_messages_create",
        summary="Add a message, note or call record",
        description=describe.MESSAGES,
        parameters=[describe.IDEMPOTENCY_KEY],
        request=inputs.MessageInput,
        responses={201: answers.MessageAnswer},
        examples=[describe.MESSAGE_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        values = MESSAGE.run_validation(request.data)
        return Response(rows.message(_write(ticket, values, actor)), status=201)


def _write(ticket: Ticket, values: dict[str, Any], actor: Actor) -> Message:
    kind, body, channel = MessageKind(values["kind"]), values["body"], values.get("channel", "")
    if kind == MessageKind.FOLLOW_UP:
        return closure.record_follow_up(ticket, body, actor=actor)
    if kind == MessageKind.CUSTOMER:
        require(actor, "feedback.create_ticket")
        return conversation.customer_says(ticket, body, actor=actor, channel=channel or "api")
    return conversation.add(ticket, kind, body, actor=actor, channel=channel)


class EventsView(APIView):
    @extend_schema(
        operation_id="tickets_events_list",
        summary="What happened to the ticket, oldest first",
        description="Needs the scope `events:read`.",
        parameters=describe.PAGE,
        responses={200: answers.EventPage},
    )
    def get(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        require(actor, "journal.view_event")
        ticket = known(actor, number)
        size, last = paging.size_of(request), paging.after(request, int)
        found = list(Event.objects.filter(subject_id=ticket.pk, **rows.after_id(last)).order_by("id")[: size + 1])
        more = found[size - 1].pk if len(found) > size else None
        return Response(paging.page(request, [rows.event(e) for e in found[:size]], more))
