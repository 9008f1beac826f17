"""What hangs on a ticket, at `/api/v1/tickets/…/` and beside it; see docs/integrators.md. Scope `tickets:handle`."""

from typing import Any, TypeVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Department, User
from apps.accounts.principals import actor_for
from apps.casework.api import answers, inputs, rows
from apps.casework.models import ChecklistTemplate, Macro, ReplyTemplate, TimeEntry
from apps.casework.selectors import papers
from apps.casework.services import care, checklists, investigations, macros, replies, timekeeping
from apps.casework.services.investigations import Draft
from apps.casework.services.timekeeping import Spent
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import idempotent
from apps.core.vocabulary import Language
from apps.feedback.api.describe import IDEMPOTENCY_KEY
from apps.feedback.api.views import known, require

HANDLE = "feedback.handle_ticket"
HANDLED = "Needs the scopes `tickets:read` and `tickets:handle`."
T = TypeVar("T")

CHECKLIST, ITEM, INVESTIGATION = inputs.ChecklistInput(), inputs.ItemInput(), inputs.InvestigationInput()
INTERVIEW, TIME, CARE, MACRO, FILL = (
    inputs.InterviewInput(), inputs.TimeInput(), inputs.CareInput(), inputs.MacroInput(), inputs.FillInput(),
)  # fmt: skip


def found(row: T | None) -> T:
    """Raises DomainError `core.not_found`."""
    if row is None:
        raise DomainError("core.not_found")
    return row


def _chosen(row: T | None, field: str, value: Any) -> T:
    """What the body names. Raises DomainErrors beside the field."""
    if row is None:
        raise DomainErrors([DomainError("core.invalid_choice", field=field, value=str(value)[:80])])
    return row


class ChecklistTemplatesView(APIView):
    @extend_schema(
        operation_id="checklist_templates_list",
        summary="Check-list templates in use",
        responses={200: answers.ChecklistTemplateList},
    )
    def get(self, request: Request) -> Response:
        require(actor_for(request), HANDLE)
        shown = ChecklistTemplate.objects.filter(active=True)
        return Response({"results": [{"id": t.pk, "name": t.name, "automatic": t.automatic} for t in shown]})


class ChecklistsView(APIView):
    @extend_schema(
        operation_id="tickets_checklists_list",
        summary="Check-lists on the ticket",
        responses={200: answers.ChecklistList},
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = known(actor_for(request), number)
        return Response({"results": [rows.checklist(each) for each in papers.checklists(ticket)]})

    @extend_schema(
        operation_id="tickets_checklists_create",
        summary="Put a check-list on the ticket",
        description=HANDLED,
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.ChecklistInput,
        responses={201: answers.ChecklistAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        given = CHECKLIST.run_validation(request.data)["template"]
        template = _chosen(ChecklistTemplate.objects.filter(pk=given).first(), "template", given)
        return Response(rows.checklist(checklists.add(ticket, template, actor=actor)), status=201)


class ChecklistItemView(APIView):
    @extend_schema(
        operation_id="tickets_checklists_items_create",
        summary="Settle an item, or open it again",
        description=f"A ticket with open required items cannot be resolved. {HANDLED}",
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.ItemInput,
        responses={200: answers.ChecklistItemAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str, item_id: UUID) -> Response:
        actor = actor_for(request)
        item = found(papers.item(known(actor, number), item_id))
        values = ITEM.run_validation(request.data)
        if values["name"] == "not_applicable":
            settled = checklists.not_applicable(item, actor=actor, reason=values.get("reason", ""))
        else:
            act = checklists.tick if values["name"] == "tick" else checklists.untick
            settled = act(item, actor=actor)
        return Response(rows.item(settled))


class InvestigationView(APIView):
    @extend_schema(
        operation_id="tickets_investigation_retrieve",
        summary="The investigation record",
        description="404 where nothing was written yet.",
        responses={200: answers.InvestigationAnswer},
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(rows.record(found(papers.record(known(actor_for(request), number)))))

    @extend_schema(
        operation_id="tickets_investigation_create",
        summary="Write the next version of the investigation",
        description=f"Signing off is for people. {HANDLED}",
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.InvestigationInput,
        responses={201: answers.InvestigationVersion},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        values = INVESTIGATION.run_validation(request.data)
        code = values.pop("department", None)
        department = Department.objects.filter(code=code, active=True).first() if code else None
        if code:
            _chosen(department, "department", code)
        written = investigations.write(ticket, Draft(**values, department=department), actor=actor)
        return Response(rows.version(written), status=201)


class InterviewsView(APIView):
    @extend_schema(
        operation_id="tickets_investigation_interviews_create",
        summary="Note an interview",
        description=HANDLED,
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.InterviewInput,
        responses={201: answers.InterviewAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        values = INTERVIEW.run_validation(request.data)
        return Response(rows.interview(investigations.add_interview(ticket, actor=actor, **values)), status=201)


class TimeView(APIView):
    @extend_schema(
        operation_id="tickets_time_list", summary="Time spent on the ticket", responses={200: answers.TimeList}
    )
    def get(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        require(actor, HANDLE)
        entries = TimeEntry.objects.filter(ticket=known(actor, number)).select_related("user").order_by("id")
        shown = [rows.time(each) for each in entries]
        return Response({"total": sum(row["minutes"] for row in shown), "results": shown})

    @extend_schema(
        operation_id="tickets_time_create",
        summary="Enter time somebody spent",
        description=HANDLED,
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.TimeInput,
        responses={201: answers.TimeAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        values = TIME.run_validation(request.data)
        staff_number = values.pop("user")
        user = User.objects.filter(staff_number=staff_number, is_active=True).first() if staff_number else None
        entry = timekeeping.add(ticket, Spent(**values), actor=actor, user=user)
        return Response(rows.time(entry), status=201)


class CareTasksView(APIView):
    @extend_schema(
        operation_id="tickets_care_tasks_list", summary="Care tasks of the ticket", responses={200: answers.CareList}
    )
    def get(self, request: Request, number: str) -> Response:
        ticket = known(actor_for(request), number)
        return Response({"results": [rows.care(task) for task in papers.care_tasks(ticket)]})


class CareTaskView(APIView):
    @extend_schema(
        operation_id="tickets_care_tasks_create",
        summary="Settle a care task, or open it again",
        description=HANDLED,
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.CareInput,
        responses={200: answers.CareAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str, task_id: UUID) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        task = found(papers.care_task(ticket, task_id))
        values = CARE.run_validation(request.data)
        text = values.get("text", "")
        if values["name"] == "done":
            care.finish(task, actor=actor, outcome=text)
        else:
            act = care.skip if values["name"] == "skip" else care.open_again
            act(task, actor=actor, reason=text)
        settled = next(each for each in papers.care_tasks(ticket) if each.pk == task.pk)
        return Response(rows.care(settled))


LANGUAGE = OpenApiParameter("language", str, enum=Language.values, description="Only those in this language.")


class ReplyTemplatesView(APIView):
    @extend_schema(
        operation_id="reply_templates_list",
        summary="Reply templates in use",
        description=HANDLED,
        parameters=[LANGUAGE],
        responses={200: answers.ReplyTemplateList},
    )
    def get(self, request: Request) -> Response:
        require(actor_for(request), HANDLE)
        shown = ReplyTemplate.objects.filter(active=True).select_related("category")
        if language := request.query_params.get("language"):
            if language not in Language.values:
                raise DomainErrors([DomainError("core.invalid_choice", field="language", value=language[:80])])
            shown = shown.filter(language=language)
        return Response({"results": [rows.reply_template(each) for each in shown]})


class FilledTemplateView(APIView):
    @extend_schema(
        operation_id="tickets_reply_templates_create",
        summary="A reply template filled for the ticket",
        description=f"Nothing is sent. The customer's name is clear with the scope `personal_data:read`. {HANDLED}",
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.FillInput,
        responses={200: answers.FilledAnswer},
    )
    @idempotent
    def post(self, request: Request, number: str, template_id: UUID) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        FILL.run_validation(request.data)
        template = found(ReplyTemplate.objects.filter(pk=template_id, active=True).first())
        return Response({"text": replies.filled(template, ticket, actor=actor)})


class MacrosView(APIView):
    @extend_schema(
        operation_id="macros_list", summary="Shared macros", description=HANDLED, responses={200: answers.MacroList}
    )
    def get(self, request: Request) -> Response:
        actor = actor_for(request)
        require(actor, HANDLE)
        return Response({"results": [rows.macro(m) for m in papers.macros(actor).prefetch_related("steps")]})


class RunMacroView(APIView):
    @extend_schema(
        operation_id="tickets_macros_create",
        summary="Run a macro on the ticket",
        description=f"All its steps or none; `dry_run` only says what it would do. {HANDLED}",
        parameters=[IDEMPOTENCY_KEY],
        request=inputs.MacroInput,
        responses={200: answers.MacroResult},
    )
    @idempotent
    def post(self, request: Request, number: str, macro_id: UUID) -> Response:
        actor = actor_for(request)
        ticket = known(actor, number)
        require(actor, HANDLE)
        dry = MACRO.run_validation(request.data)["dry_run"]
        macro = found(_visible(macro_id, actor))
        return Response(rows.result((macros.rehearse if dry else macros.run)(macro, ticket, actor=actor)))


def _visible(macro_id: UUID, actor: Actor) -> Macro | None:
    return Macro.objects.visible_to(actor).filter(pk=macro_id).first()
