"""Macros: what one would do to a ticket, and running one for several tickets from the queue (HND-09)."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.principals import actor_for
from apps.casework.models import Macro
from apps.casework.selectors import papers
from apps.casework.services import macros
from apps.core.errors import DomainError
from apps.desk.views.frame import framed, is_partial, ticket_or_404
from apps.desk.views.queue import BULK_LIMIT
from apps.feedback.selectors import queue as tickets

HANDLE = "feedback.handle_ticket"


@require_GET
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """What a macro would do to the ticket: tried out and taken back."""
    ticket, actor = ticket_or_404(request, number), actor_for(request)
    if not actor.can(HANDLE):
        raise Http404
    result, refused = None, ""
    macro = _macro(request.GET.get("macro", ""))
    if macro is not None:
        try:
            result = macros.rehearse(macro, ticket, actor=actor)
        except DomainError as error:
            refused = error.words
    return render(request, "desk/cards/_macro_preview.html", {"result": result, "refused": refused})


@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest) -> HttpResponse:
    """GET: the macros to choose from. POST: try one out (`try`), or run it, for the chosen tickets, each by itself."""
    actor = actor_for(request)
    if not actor.can(HANDLE):
        raise Http404
    if request.method == "GET":
        return render(request, "desk/queue/_bulk_macros.html", {"macros": papers.macros(actor)})
    chosen = tickets.chosen(actor, [n.replace("\x00", "") for n in request.POST.getlist("ticket")[:BULK_LIMIT]])
    macro, trying = _macro(request.POST.get("macro", "")), bool(request.POST.get("try"))
    context = {"results": [], "trying": trying, "macro": macro, "refused": "", "back": request.POST.get("back", "")}
    if macro is None:
        context["refused"] = _("Choose a macro first.")
    elif not chosen:
        context["refused"] = _("Choose tickets first.")
    else:
        try:
            act = macros.rehearse if trying else macros.run
            context["results"] = [act(macro, ticket, actor=actor) for ticket in chosen]
        except DomainError as error:
            context["refused"] = error.words
    if is_partial(request):
        return render(request, "desk/queue/_macro_results.html", context)
    if not context["results"] and not context["refused"]:
        return redirect(reverse("admin:desk_queue"))
    return framed(request, "desk/queue/macro_results.html", _("Macro"), context)


def _macro(given: str) -> Macro | None:
    try:
        return Macro.objects.filter(pk=UUID(given)).first()
    except ValueError:
        return None
