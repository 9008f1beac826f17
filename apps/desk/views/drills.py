"""Drills: starting one, how it goes, ending it (TRN-01)."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError
from apps.desk.forms.drills import DrillForm
from apps.desk.views.frame import framed
from apps.feedback.models import Drill
from apps.feedback.selectors import drills as reads
from apps.feedback.services import drills

LISTED = 30


@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: HttpRequest) -> HttpResponse:
    """All drills, and the form that starts another."""
    _may_look(request)
    actor = actor_for(request)
    form = DrillForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            drill = drills.start(given["name"], list(given["scenarios"]), given["count"], actor=actor)
        except DomainError as error:
            form.refuse(error)
        else:
            said = ngettext(
                "%(n)s drill ticket is in the queue.", "%(n)s drill tickets are in the queue.", given["count"]
            )
            messages.success(request, said % {"n": given["count"]})
            return redirect("admin:desk_drill", drill.pk)
    context = {"drills": reads.drills()[:LISTED], "form": form, "may_run": actor.can(drills.RUNS)}
    return framed(request, "desk/drills.html", _("Drills"), context, 422 if form.errors else 200)


@require_GET
def one(request: HttpRequest, drill_id: UUID) -> HttpResponse:
    """The results so far, or as they were kept."""
    _may_look(request)
    drill = _known(drill_id)
    results = reads.results(drill)
    context = {
        "drill": drill,
        "results": results,
        "scores": reads.per_person(results),
        "may_run": actor_for(request).can(drills.RUNS),
    }
    return framed(request, "desk/drill.html", drill.name, context)


@require_POST
def end(request: HttpRequest, drill_id: UUID) -> HttpResponse:
    """End it: the results are kept, its tickets leave the queues."""
    drill = _known(drill_id)
    try:
        drills.end(drill, actor=actor_for(request))
    except DomainError as error:
        messages.error(request, error.words)
    else:
        messages.success(request, _("The drill has ended; its tickets are out of the queues and its results are kept."))
    return redirect("admin:desk_drill", drill.pk)


def _may_look(request: HttpRequest) -> None:
    actor = actor_for(request)
    if not (actor.can("feedback.view_drill") or actor.can(drills.RUNS)):
        raise PermissionDenied


def _known(drill_id: UUID) -> Drill:
    drill = Drill.objects.select_related("started_by").filter(pk=drill_id).first()
    if drill is None:
        raise Http404
    return drill
