"""The workspace of one ticket."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.billing import selectors as money
from apps.core import uploads
from apps.core.errors import DomainError, DomainErrors
from apps.crm.models import Customer
from apps.crm.services import customers
from apps.desk import meanwhile, presence, workspace
from apps.desk.actions import attempt, run
from apps.desk.cards import STEPS
from apps.desk.files import collect
from apps.desk.forms.base import DeskForm
from apps.desk.forms.steps import GIVEN, RevealForm
from apps.desk.views.frame import framed, is_partial, ticket_or_404
from apps.feedback.models import Ticket
from apps.feedback.selectors import workspace as reads
from apps.feedback.services import contact_given, promises
from apps.journal import selectors as journal
from apps.journal.events import ref
from apps.notifications import selectors as notifications
from apps.notifications.services import desk as outbox
from apps.sla import selectors as sla
from apps.sla.services.deadlines import explain

NEXT_PAGE = "HX-Redirect"


@require_GET
def page(request: HttpRequest, number: str) -> HttpResponse:
    """`?act=resolve` opens that step's form."""
    ticket = ticket_or_404(request, number)
    return _show(request, ticket, opened=request.GET.get("act", ""))


def _show(request: HttpRequest, ticket: Ticket, *, status: int = 200, said: str = "", **options: Any) -> HttpResponse:
    """The whole page, or its changing part for htmx; `said` is a short word on what was done."""
    actor = actor_for(request)
    context = workspace.context(ticket, actor, **options)
    context["others"] = presence.enter(ticket.pk, actor.user)
    if is_partial(request):
        response = render(request, "desk/ticket/_workspace.html", {**context, "said": said}, status=status)
        if said:
            response["HX-Replace-Url"] = reverse("admin:desk_ticket", args=[ticket.number])
        return response
    context["subtitle"] = ticket.title
    return framed(request, "desk/ticket/page.html", ticket.number, context, status)


@require_POST
def act(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """Take a step. A refused form comes back with its errors and everything that was typed (422)."""
    ticket, action = ticket_or_404(request, number), STEPS.get(name)
    if action is None:
        raise Http404
    form = action.form(request.POST, ticket=ticket, actor=actor_for(request)) if action.form else None
    extra = _composed(request, form) if form and form.takes_files else {}
    sent = {"version": request.POST.get("version", ""), "token": request.POST.get("token", "")}
    if form is None:
        try:
            said = run(action, ticket, extra, actor_for(request), **sent)
        except (DomainError, DomainErrors) as error:
            return _refused_without_form(request, number, error)
    else:
        said = attempt(action, ticket, form, actor_for(request), **sent, **extra)
    if not said:
        fresh = ticket_or_404(request, number)
        if form is not None:
            meanwhile.explain(form, fresh, request.POST)
        return _show(request, fresh, status=422, bound={name: form})
    return _done(request, number, said)


def _composed(request: HttpRequest, form: DeskForm) -> dict[str, Any]:
    """What the composer holds beside its fields: files, and which of its two buttons was pressed."""
    form.kept, refused = collect(request, form.actor)
    for error in refused:
        form.refuse(error)
    return {"uploads": form.kept, "wait": request.POST.get("then") == "wait"}


def _refused_without_form(request: HttpRequest, number: str, error: DomainError | DomainErrors) -> HttpResponse:
    words = error.words if isinstance(error, DomainError) else " ".join(e.words for e in error.errors)
    messages.error(request, words)
    return _show(request, ticket_or_404(request, number), status=409)


def _done(request: HttpRequest, number: str, said: str) -> HttpResponse:
    """Show the ticket anew; whoever gave it away to where they can't see it goes back to the queue."""
    ticket = reads.ticket(number, actor_for(request))
    if ticket is None:
        messages.success(request, f"{number}: {said}")
        queue = reverse("admin:desk_queue")
        return HttpResponse(headers={NEXT_PAGE: queue}) if is_partial(request) else redirect(queue)
    if is_partial(request):
        return _show(request, ticket, said=said)
    messages.success(request, said)
    return redirect("admin:desk_ticket", number)


@require_GET
def here(request: HttpRequest, number: str) -> HttpResponse:
    """An open page reports itself: who else is on this ticket, and whether it changed since (HND-08)."""
    ticket = ticket_or_404(request, number)
    latest = journal.timeline(ticket.pk, limit=1).first()
    seen = request.GET.get("stamp", "")
    context = {
        "ticket": ticket,
        "others": presence.enter(ticket.pk, request.user),
        "latest": latest,
        "changed": latest is not None
        and seen.isdecimal()
        and len(seen) < 19
        and latest.pk > int(seen)
        and latest.actor_id != request.user.pk,
        "stamp": seen,
    }
    return render(request, "desk/ticket/_presence.html", context)


@require_POST
def check_plan(request: HttpRequest, number: str) -> HttpResponse:
    """Vague promises in what is being typed, to stand beside their fields at once (HND-02)."""
    ticket_or_404(request, number)
    found = {name: promises.errors(request.POST.get(name, ""), name) for name in ("steps", "measures")}
    return render(request, "desk/ticket/_plan_check.html", {"found": found})


@require_GET
def why(request: HttpRequest, number: str, deadline_id: UUID) -> HttpResponse:
    """Why a deadline is due when it is due (SLA-08)."""
    ticket = ticket_or_404(request, number)
    deadline = next((d for d in sla.all_for(ticket) if d.pk == deadline_id), None)
    if deadline is None:
        raise Http404
    context = {"deadline": deadline, "sentences": explain(deadline), "ticket": ticket}
    if is_partial(request):
        return render(request, "desk/ticket/_why.html", context)
    return framed(request, "desk/ticket/why.html", deadline.get_metric_display(), context)


@require_POST
def reveal(request: HttpRequest, number: str) -> HttpResponse:
    """A clear value, after a reason; who looked and why is recorded (INT-06)."""
    ticket = ticket_or_404(request, number)
    form = RevealForm(request.POST, ticket=ticket, actor=actor_for(request))
    clear = ""
    if form.is_valid():
        try:
            clear = _reveal(ticket, form.cleaned_data, request)
        except DomainError as error:
            form.add_error(None, error.words)
    context = {"ticket": ticket, "form": form, "clear": clear, "field": request.POST.get("field", "")}
    if is_partial(request):
        response = render(request, "desk/ticket/_reveal.html", context, status=200 if clear else 422)
    else:
        response = framed(request, "desk/ticket/reveal.html", ticket.number, context)
        if isinstance(response, TemplateResponse):
            response.render()
    response["Cache-Control"] = "no-store"
    return response


def _reveal(ticket: Ticket, data: dict[str, Any], request: HttpRequest) -> str:
    if not data["reason"].strip():
        raise DomainError("crm.reason_missing", field="reason")
    field, reason, actor = data["field"], data["reason"], actor_for(request)
    if field.startswith(GIVEN):
        return contact_given.reveal(ticket, field.removeprefix(GIVEN), actor=actor, reason=reason)
    customer = Customer.objects.get(pk=ticket.customer_id)
    return customers.reveal(customer, field, actor=actor, reason=reason, about=ref(ticket))


@require_GET
def message(request: HttpRequest, number: str, message_id: UUID) -> HttpResponse:
    """The text of a message that went out about this ticket; opening it is recorded."""
    ticket = ticket_or_404(request, number)
    sent = notifications.messages_of(ref(ticket), money.case_ids(ticket)).filter(pk=message_id).first()
    if sent is None:
        raise Http404
    try:
        opened, refused = outbox.open_message(sent.pk, actor=actor_for(request)), ""
    except DomainError as error:
        opened, refused = None, error.words
    context = {"ticket": ticket, "message": sent, "opened": opened, "refused": refused}
    if is_partial(request):
        response: HttpResponse = render(request, "desk/ticket/_message.html", context)
    else:
        response = framed(request, "desk/ticket/message.html", sent.get_template_display(), context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def called(request: HttpRequest, number: str, message_id: UUID) -> HttpResponse:
    """Staff made the call that the customer wanted, or nobody answered (HND-07)."""
    ticket = ticket_or_404(request, number)
    if not notifications.calls_to_make(ref(ticket), money.case_ids(ticket)).filter(pk=message_id).exists():
        raise Http404
    reached = request.POST.get("reached") == "yes"
    try:
        outbox.record_call(message_id, actor=actor_for(request), reached=reached)
    except DomainError as error:
        return _refused_without_form(request, number, error)
    return _done(request, number, _("The call is recorded.") if reached else _("Noted; the call stays on the list."))


@require_GET
def file(request: HttpRequest, number: str, attachment_id: UUID) -> HttpResponse:
    """A received file, for those who may see its ticket."""
    found = reads.attachment(ticket_or_404(request, number), attachment_id)
    if found is None:
        raise Http404
    return uploads.response(found.upload)  # type: ignore[return-value]
