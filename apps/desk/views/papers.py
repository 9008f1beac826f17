"""Parts of the workspace that come when they are asked for: forms of additions, words for replies, names, papers."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.accounts.roles import label
from apps.casework.models import CareTask, ReplyTemplate
from apps.casework.selectors import papers, people, replies
from apps.casework.services import investigations
from apps.casework.services import replies as filling
from apps.casework.states import Tone
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.cards.add import addable
from apps.desk.views.frame import framed, is_partial, ticket_or_404
from apps.feedback.models import Ticket

HANDLE = "feedback.handle_ticket"


@require_GET
def form(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """The form of an addition; without scripts the page itself opens it (`?act=…`)."""
    ticket, actor = ticket_or_404(request, number), actor_for(request)
    action = next((a for a in addable(ticket, actor) if a.name == name), None)
    if action is None or action.form is None:
        raise Http404
    if not is_partial(request):
        return redirect(f"{reverse('admin:desk_ticket', args=[number])}?act={name}#adding")
    given = {key: request.GET[key][:60] for key in ("into", "first") if key in request.GET}
    context = {"ticket": ticket, "action": action, "form": action.form(ticket=ticket, actor=actor, initial=given)}
    return render(request, "desk/cards/_form.html", context)


@require_GET
def evidence(request: HttpRequest, number: str, evidence_id: UUID) -> HttpResponse:
    """A file of the investigation, for those who may see its ticket."""
    found = papers.evidence(ticket_or_404(request, number), evidence_id)
    if found is None:
        raise Http404
    return uploads.response(found.upload)  # type: ignore[return-value]


@require_GET
def investigation(request: HttpRequest, number: str) -> HttpResponse:
    """The record on paper: the version that holds, interviews, evidence, the signature."""
    ticket = ticket_or_404(request, number)
    record = papers.record(ticket)
    if record is None:
        raise Http404
    context = {"ticket": ticket, "record": record, "newest": record.newest, "reader": actor_for(request).user}
    return render(request, "desk/cards/investigation_print.html", context)


@require_POST
def interviewee(request: HttpRequest, number: str, interview_id: UUID) -> HttpResponse:
    """The clear name of who was interviewed, after a reason; the look is recorded (INT-06)."""
    found = papers.interview(ticket_or_404(request, number), interview_id)
    if found is None:
        raise Http404
    clear, refused = "", ""
    try:
        clear = investigations.reveal(found, actor=actor_for(request), reason=request.POST.get("reason", ""))
    except DomainError as error:
        refused = error.words
    context = {"interview": found, "clear": clear, "refused": refused}
    response = render(request, "desk/cards/_interviewee.html", context, status=200 if clear else 422)
    response["Cache-Control"] = "no-store"
    return response


# Words for replies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offered:
    """A template as the picker shows it: filled, with masked personal data."""

    template: ReplyTemplate
    text: str
    calming: bool


@require_GET
def reply_templates(request: HttpRequest, number: str) -> HttpResponse:
    ticket, actor = _working_on(request, number)
    found = replies.offered(ticket, search=request.GET.get("q", ""))
    shown = [Offered(t, replies.preview(t.body, ticket, actor, t.language), t.tone == Tone.CALMING) for t in found]
    return render(request, "desk/cards/_replies.html", {"found": shown, "ticket": ticket})


@require_POST
def reply_text(request: HttpRequest, number: str, template_id: UUID) -> HttpResponse:
    """A template's text for this customer; where the clear name stands in it, that look is recorded (INT-06)."""
    ticket, actor = _working_on(request, number)
    template = ReplyTemplate.objects.filter(pk=template_id, active=True).first()
    if template is None:
        raise Http404
    text = filling.filled(template, ticket, actor=actor)
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@require_GET
def mentions(request: HttpRequest, number: str) -> HttpResponse:
    """Colleagues for what stands after an `@` in the composer."""
    ticket, _actor = _working_on(request, number)
    found = people.suggested(request.GET.get("q", ""), ticket)
    return render(request, "desk/cards/_mentions.html", {"found": found})


def _working_on(request: HttpRequest, number: str) -> tuple[Ticket, Actor]:
    """The ticket and the actor, who must be one that works on tickets."""
    ticket, actor = ticket_or_404(request, number), actor_for(request)
    if not actor.can(HANDLE):
        raise Http404
    return ticket, actor


# Tasks ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    task: CareTask
    role: str


@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """My tasks: care tasks that I took or that fall to my role, the next due first (HND-10)."""
    actor = actor_for(request)
    found = [Task(task, label(task.role)) for task in papers.my_care_tasks(actor)]
    return framed(request, "desk/tasks.html", _("My tasks"), {"tasks": found, "may_act": actor.can(HANDLE)})
