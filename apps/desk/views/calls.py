"""Calls to the hotline on the desk: who is ringing now, what is not logged yet, whom to call back (INT-12)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.channels.calls import selectors
from apps.channels.models import Call
from apps.channels.services import calls
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.views.frame import framed, ticket_or_404
from apps.feedback.models import Ticket
from apps.feedback.selectors import workspace as reads
from apps.sla.models import Deadline
from apps.sla.states import State

STOP_ASKING = 286  # htmx: no more polling
ON_CARD, ON_PAGE = 4, 50


@dataclass(slots=True)
class Shown:
    """A call with the caller's open tickets, and until when it has to be dealt with."""

    call: Call
    open_tickets: list[Ticket]
    deadline: Deadline | None


@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """The card in every page's corner. `?stamp=` is what it shows already: 204 when nothing has changed."""
    actor = actor_for(request)
    if not actor.can("feedback.create_ticket"):
        return HttpResponse(status=STOP_ASKING)
    found = selectors.before_their_eyes(request.user.pk)
    if not found and not selectors.takes_calls(request.user.pk):
        return HttpResponse(status=STOP_ASKING)
    facts = " ".join(f"{c.pk} {c.state} {c.customer_id} {c.caller_masked}" for c in found)
    stamp = hashlib.sha256(facts.encode()).hexdigest()[:16]
    if request.GET.get("stamp") == stamp:
        return HttpResponse(status=204)
    context = {"stamp": stamp, "shown": _known(found, actor)}
    response = render(request, "desk/calls/_now.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is still to be done about calls first, then the latest ones."""
    actor = _clerk(request)
    context = {
        "to_return": _timed(selectors.to_return(actor)[:ON_PAGE]),
        "unlogged": _timed(selectors.unlogged(actor)[:ON_PAGE]),
        "latest": selectors.latest(actor)[:ON_PAGE],
    }
    return framed(request, "desk/calls/page.html", _("Calls"), context)


@require_POST
def settle(request: HttpRequest, call_id: UUID, how: str) -> HttpResponse:
    """`log` (with `ticket`), `nothing` (with `reason`), `reached` or `not-reached`."""
    actor, ticket = _clerk(request), None
    try:
        if how == "log":
            ticket = ticket_or_404(request, request.POST.get("ticket", "")[:20])
            calls.log(call_id, ticket, actor=actor)
        elif how == "nothing":
            calls.nothing(call_id, actor=actor, reason=request.POST.get("reason", ""))
        else:
            calls.called_back(call_id, actor=actor, reached=how == "reached")
    except DomainError as error:
        messages.error(request, error.words)
        return redirect("admin:desk_calls")
    if ticket is not None:
        messages.success(request, _("The call belongs to this ticket now; write down what was said."))
        return redirect("admin:desk_ticket", ticket.number)
    messages.success(
        request, _("Noted; the call stays on the list.") if how == "not-reached" else _("The call is settled.")
    )
    return redirect("admin:desk_calls")


def chosen(text: str, actor: Actor) -> Call | None:
    """The unsettled call that a new ticket is about."""
    try:
        return Call.objects.visible_to(actor).filter(pk=UUID(text), settled_at=None).first()
    except ValueError:
        return None


def _clerk(request: HttpRequest) -> Actor:
    actor = actor_for(request)
    if not actor.can("feedback.create_ticket"):
        raise PermissionDenied
    return actor


def _timed(found: Iterable[Call]) -> list[Shown]:
    """Calls with what is due about them; one query for all."""
    listed = list(found)
    running = Deadline.objects.filter(subject_id__in=[c.pk for c in listed], state=State.OPEN).order_by("-due_at")
    due = {deadline.subject_id: deadline for deadline in running}
    return [Shown(call, [], due.get(call.pk)) for call in listed]


def _known(found: Iterable[Call], actor: Actor) -> list[Shown]:
    """The same with the caller's open tickets, as far as this actor may know of customer and tickets."""
    timed = _timed(found)
    if not actor.can("crm.view_customer"):
        return timed
    for each in timed:
        if each.call.customer_id:
            earlier = reads.of_customer(each.call.customer_id, actor, limit=20)
            each.open_tickets = [ticket for ticket in earlier if ticket.is_open][:ON_CARD]
    return timed
