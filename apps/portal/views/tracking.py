"""Following a ticket by its private link (HND-07), and what the customer can do there."""

import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.billing.retention import requests
from apps.billing.retention.requests import RequestDraft
from apps.core import clock, uploads
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Channel
from apps.feedback.models import Ticket
from apps.feedback.services import closure, conversation, links, nudges, reclassification
from apps.feedback.states import TicketState
from apps.portal import attachments, limits, progress, selectors
from apps.portal.attachments import Files
from apps.portal.forms import MessageForm, MyDataForm, NudgeForm, PublicForm, ReopenForm, SupervisorForm
from apps.portal.views.privacy import private, speak

FORMS: dict[str, type[PublicForm]] = {
    "message": MessageForm, "supervisor": SupervisorForm, "reopen": ReopenForm, "my_data": MyDataForm, "nudge": NudgeForm,
}  # fmt: skip
"""What the customer can do here, by the name that stands in addresses and ids."""

_DONE = {
    "message": lambda: _("Sent. We have added it to your feedback."),
    "supervisor": lambda: _("Sent. A supervisor looks at it now, with everything said so far."),
    "reopen": lambda: _("We have taken it up again."),
    "my_data": lambda: _(
        "We have your request. Somebody makes sure that it is you, then you get an answer within 15 working days."
    ),
    "nudge": lambda: _("We have your nudge and told whoever works on it. Below you see by when the next step is due."),
}


@private
@require_safe
def track(request: HttpRequest, number: str, token: str) -> HttpResponse:
    ticket = _open(request, number, token)
    done = request.GET.get("done", "")
    return _page(request, ticket, done=done if done in _DONE else "")


@private
@require_http_methods(["GET", "HEAD", "POST"])
def add_message(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """The customer adds words or files; a ticket that waited for them goes on."""

    def send(ticket: Ticket, data: dict[str, Any], files: Files) -> None:
        conversation.customer_says(ticket, data["body"], actor=CUSTOMER, channel=Channel.ONLINE, uploads=files.uploads)

    return _act(request, number, token, "message", send)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def supervisor(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """The customer asks for a supervisor (SLA-06)."""

    def send(ticket: Ticket, data: dict[str, Any], files: Files) -> None:
        reclassification.request_supervisor(ticket, actor=CUSTOMER, reason=data["reason"])

    return _act(request, number, token, "supervisor", send)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """It is not solved after all."""

    def send(ticket: Ticket, data: dict[str, Any], files: Files) -> None:
        closure.reopen(ticket, actor=CUSTOMER, reason=data["reason"])

    return _act(request, number, token, "reopen", send)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def nudge(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """催单: the customer asks where it stands (HND-11)."""

    def send(ticket: Ticket, data: dict[str, Any], files: Files) -> None:
        nudges.nudge(ticket, actor=CUSTOMER)

    return _act(request, number, token, "nudge", send)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def my_data(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """See, copy, correct or delete one's personal data (LAW-05)."""

    def send(ticket: Ticket, data: dict[str, Any], files: Files) -> None:
        requests.receive(RequestDraft(data["kind"], data["words"], ticket=ticket), actor=CUSTOMER)

    return _act(request, number, token, "my_data", send)


@require_safe
def attachment(request: HttpRequest, number: str, token: str, attachment_id: UUID) -> FileResponse:
    ticket = selectors.ticket_by_link(number, token)
    return uploads.response(selectors.attachment(ticket, attachment_id))


def _open(request: HttpRequest, number: str, token: str) -> Ticket:
    ticket = selectors.ticket_by_link(number, token)
    speak(request, ticket.language)
    return ticket


def _act(
    request: HttpRequest,
    number: str,
    token: str,
    act: str,
    send: Callable[[Ticket, dict[str, Any], Files], None],
) -> HttpResponse:
    """Take one form of the tracking page: do it once, go back to the page; or show it with what was wrong."""
    ticket = _open(request, number, token)
    if request.method != "POST":  # the address of a refused form, opened anew
        return redirect("portal:track", number, token)
    form = FORMS[act](request.POST)
    try:
        limits.take("private_page", f"{number} {limits.address(request)}")
    except DomainError as error:
        return _refused(request, ticket, act, form, attachments.kept(request), [error])
    files = attachments.of_form(request) if act == "message" else Files()
    if not form.is_valid() or files.errors:
        return _refused(request, ticket, act, form, files, files.errors)
    # The same words from the same page are a double click; "back" and other words are a second message.
    once = "\x1f".join([number, act, *map(str, form.cleaned_data.values()), *(u.sha256 for u in files.uploads)])
    if form.cleaned_data["token"] and not limits.first_time(once):
        return _done(ticket, act)
    try:
        send(ticket, form.cleaned_data, files)
    except (DomainError, DomainErrors) as found:
        limits.forget(once)
        errors = found.errors if isinstance(found, DomainErrors) else [found]
        return _refused(request, Ticket.objects.get(pk=ticket.pk), act, form, files, errors)
    except BaseException:
        limits.forget(once)
        raise
    return _done(ticket, act)


def _done(ticket: Ticket, act: str) -> HttpResponseRedirect:
    address = reverse("portal:track", args=[ticket.number, links.tracking_token(ticket)])
    return redirect(f"{address}?done={act}")


def _refused(
    request: HttpRequest, ticket: Ticket, act: str, form: PublicForm, files: Files, errors: list[DomainError]
) -> HttpResponse:
    form.is_valid()
    form.refuse(errors)
    status = 429 if any(e.status == 429 for e in errors) else 422
    return _page(request, ticket, refused=form, act=act, files=files, status=status)


def _page(
    request: HttpRequest,
    ticket: Ticket,
    *,
    done: str = "",
    refused: PublicForm | None = None,
    act: str = "",
    files: Files | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = selectors.answering(ticket)
    may_nudge, nudge_again = selectors.nudging(ticket)
    until = progress.reopen_until(ticket)
    context = {
        "ticket": ticket,
        "contact": selectors.contact(ticket),
        "shown": shown,
        "together": progress.together(ticket, shown),
        "headline": progress.headline(shown),
        "steps": progress.rail(shown, selectors.answered_survey(shown)),
        "promises": progress.promises(selectors.open_deadlines(shown)),
        "story": selectors.story(ticket),
        "token": links.tracking_token(ticket),
        "forms": _forms(ticket, refused, act),
        "refused": refused,
        "act": act,
        "files": files or Files(),
        "done": done,
        "notice": _DONE[done]() if done else "",
        "survey_link": _survey_link(ticket),
        "may_write": selectors.may_write(ticket),
        "may_nudge": may_nudge,
        "nudge_again": nudge_again,
        "may_reopen": selectors.may_reopen(ticket) and (until is None or until >= clock.now()),
        "reopen_until": until,
        "supervisor_asked_at": selectors.supervisor_asked_at(ticket),
    }
    return render(request, "portal/track.html", context, status=status)


def _forms(ticket: Ticket, refused: PublicForm | None, act: str) -> dict[str, PublicForm]:
    """The page's forms by what they do, empty but for the one that was refused."""
    forms: dict[str, PublicForm] = {
        name: kind(initial={"token": uuid.uuid4().hex}, auto_id=f"{name}_%s") for name, kind in FORMS.items()
    }
    if ticket.state == TicketState.WAITING:
        forms["message"].fields["body"].label = _("Your answer")
    if refused is not None:
        refused.auto_id = f"{act}_%s"
        forms[act] = refused
    return forms


def _survey_link(ticket: Ticket) -> str:
    survey = selectors.open_survey(ticket)
    return reverse("portal:survey", args=[survey.pk, links.survey_token(survey)]) if survey else ""
