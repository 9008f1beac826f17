"""The satisfaction survey by its one-time link (SUR-02). Opening the link answers nothing: mail scanners open links too."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.feedback.models import Survey, Ticket
from apps.feedback.services import closure, links
from apps.portal import limits, progress, selectors
from apps.portal.forms import SurveyForm
from apps.portal.views.privacy import private, speak
from apps.sla.states import Metric


@private
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, survey_id: UUID, token: str) -> HttpResponse:
    asked = selectors.survey_by_link(survey_id, token)
    speak(request, asked.ticket.language)
    if selectors.open_survey(asked.ticket) != asked:
        return _over(request, asked)
    if request.method != "POST":
        return _page(request, asked, SurveyForm(initial={"score": request.GET.get("score", "")}))
    form = SurveyForm(request.POST)
    valid = form.is_valid()
    try:
        limits.take("private_page", f"{survey_id} {limits.address(request)}")
        if valid:
            closure.answer_survey(asked, actor=CUSTOMER, **form.answer)
    except DomainError as error:
        if error.code == "survey.closed":  # a double click, or time ran out meanwhile
            return redirect("portal:survey", survey_id, token)
        form.refuse([error])
        return _page(request, asked, form, status=error.status)
    if not valid:
        return _page(request, asked, form, status=422)
    return redirect("portal:survey", survey_id, token)


def _page(request: HttpRequest, asked: Survey, form: SurveyForm, status: int = 200) -> HttpResponse:
    return render(request, "portal/survey.html", {"ticket": asked.ticket, "form": form}, status=status)


def _over(request: HttpRequest, asked: Survey) -> HttpResponse:
    """Thanks with what follows, or that the survey is over."""
    ticket = asked.ticket
    context = {
        "ticket": ticket,
        "survey": asked,
        "contact_by": _contact_by(ticket),
        "reopen_until": progress.reopen_until(ticket),
        "tracking": reverse("portal:track", args=[ticket.number, links.tracking_token(ticket)]),
    }
    return render(request, "portal/survey_over.html", context)


def _contact_by(ticket: Ticket) -> object:
    owed = [
        d for d in selectors.open_deadlines(ticket) if d.metric in (Metric.SECOND_FOLLOW_UP, Metric.SUPERVISOR_CALL)
    ]
    return min((d.due_at for d in owed), default=None)
