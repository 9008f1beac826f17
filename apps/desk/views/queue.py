"""The staff queue: list, new arrivals, search, bulk steps."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.selectors import find_customer, masked
from apps.desk import presence
from apps.desk.forms.queue import FIGURE_LABELS, Asked, read
from apps.desk.forms.steps import AssignForm
from apps.desk.views.frame import framed, is_partial
from apps.feedback.models import Ticket
from apps.feedback.selectors import queue as tickets
from apps.feedback.selectors.queue import COUNT_LIMIT, Tab
from apps.feedback.services import assignment
from apps.sla import selectors as sla
from apps.sla.models import Deadline

BULK_LIMIT = 50


@dataclass(frozen=True, slots=True)
class TabLink:
    name: str
    label: str
    count: str
    here: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in the list with its next deadline and whoever is on its page."""

    ticket: Ticket
    deadline: Deadline | None
    others: list[str]


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    actor, now = actor_for(request), clock.now()
    asked = read(request.GET, _default_tab(actor))
    page = tickets.page(asked.tab, asked.filters, actor, now=now, after=asked.after, before=asked.before)
    context = {
        "asked": asked,
        "tabs": tab_links(actor, asked.tab),
        "rows": _rows(page.tickets, actor),
        "page": page,
        "newest": tickets.newest_id() or "",
        "query": _without(request.GET, "after", "before"),
        "named": _named(asked, actor),
        "bulk_form": AssignForm(actor=actor) if actor.can("feedback.assign_ticket") else None,
        "may_accept": actor.can("feedback.handle_ticket"),
        "now": now,
        "results": [],
    }
    if is_partial(request):
        return render(request, "desk/queue/_list.html", context)
    return framed(request, "desk/queue/page.html", _("Queue"), context)


def _default_tab(actor: Actor) -> str:
    """Whoever works on tickets begins with the own ones, others with all."""
    return Tab.MINE if actor.can("feedback.handle_ticket") else Tab.ALL


def tab_links(actor: Actor, here: str) -> list[TabLink]:
    counts = tickets.counts(actor, clock.now())
    return [
        TabLink(
            tab.value,
            str(tab.label),
            f"{COUNT_LIMIT - 1}+" if counts.get(tab, 0) >= COUNT_LIMIT else str(counts.get(tab, "")),
            tab == here,
        )
        for tab in Tab
        if tab != Tab.DEPARTMENT or getattr(actor.user, "department_id", None)
    ]


def _rows(found: list[Ticket], actor: Actor) -> list[Row]:
    ids = [ticket.pk for ticket in found]
    due, here = sla.open_by_subject(ids), presence.on(ids, but=actor.user_id or 0)
    return [Row(ticket, _next(due.get(ticket.pk, [])), here.get(ticket.pk, [])) for ticket in found]


def _next(open_deadlines: list[Deadline]) -> Deadline | None:
    """The next that runs; where all stand still, the next of those."""
    return next((d for d in open_deadlines if d.paused_at is None), next(iter(open_deadlines), None))


def _without(query: QueryDict, *names: str) -> str:
    """The address without these parts, to build others from."""
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest.urlencode()


def _named(asked: Asked, actor: Actor) -> list[tuple[str, str]]:
    """The narrowings that have no chip of their own, in words, with the part of the address to take away."""
    filters, found = asked.filters, []
    if filters.number:
        found.append(("number", _("Number: %(number)s…") % {"number": filters.number}))
    if filters.customer:
        customer = masked(actor).filter(pk=filters.customer).first()
        found.append(("customer", _("Customer: %(customer)s") % {"customer": customer or "—"}))
    if filters.received:
        first, last = filters.received
        days = f"{first:%m-%d}" if first == last else f"{first:%m-%d} – {last:%m-%d}"
        found.append(("received", _("Received: %(days)s") % {"days": days}))
    if filters.figure:
        found.append(("figure", str(FIGURE_LABELS[filters.figure])))
    return found


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What came in since the list was shown: announced in a quiet bar, never pushed under the cursor."""
    actor = actor_for(request)
    asked = read(request.GET, _default_tab(actor))
    try:
        since = UUID(request.GET.get("since", ""))
    except ValueError:
        since = None
    count = tickets.arrived_since(asked.tab, asked.filters, actor, since, now=clock.now()) if since else 0
    context = {
        "count": count,
        "many": count >= COUNT_LIMIT,
        "tabs": tab_links(actor, asked.tab),
        "query": _without(request.GET, "after", "before", "since"),
        "asked": asked,
    }
    return render(request, "desk/queue/_news.html", context)


@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """A ticket's number leads to the ticket; a phone, e-mail, order or customer number to that customer's tickets.

    It is posted, so that no phone number stands in an address or a log.
    """
    actor, text = actor_for(request), request.POST.get("find", "").replace("\x00", "").strip()[:120]
    queue = reverse("admin:desk_queue")
    if not text:
        return redirect(queue)
    exact = Ticket.objects.visible_to(actor).filter(number=text).values_list("number", flat=True).first()
    if exact:
        return redirect("admin:desk_ticket", exact)
    customer = find_customer(text, actor)
    if customer is not None:
        return redirect(f"{queue}?{urlencode({'tab': Tab.ANY, 'customer': customer.pk})}")
    if Ticket.objects.visible_to(actor).filter(number__startswith=text).exists():
        return redirect(f"{queue}?{urlencode({'tab': Tab.ANY, 'number': text})}")
    messages.warning(
        request, _("Nothing found. Enter a ticket number, phone, e-mail, order number or customer number.")
    )
    return redirect(queue)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one ticket of a bulk step."""

    number: str
    title: str
    ok: bool
    words: str


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The same step for several tickets, each by its own rules: what is refused says why and stops nothing else."""
    actor = actor_for(request)
    chosen = tickets.chosen(actor, [n.replace("\x00", "") for n in request.POST.getlist("ticket")[:BULK_LIMIT]])
    step = request.POST.get("step", "")
    form = AssignForm(request.POST, actor=actor) if step == "assign" else None
    if not chosen:
        messages.warning(request, _("Choose tickets first."))
    elif form is not None and not form.is_valid():
        messages.error(request, " ".join(e for errors in form.errors.values() for e in errors))
    elif step in ("accept", "assign"):
        results = [_one(ticket, actor, form.cleaned_data if form else None) for ticket in chosen]
        if is_partial(request):
            return render(request, "desk/queue/_results.html", {"results": results})
        for result in results:
            (messages.success if result.ok else messages.error)(request, f"{result.number}: {result.words}")
    back = f"{reverse('admin:desk_queue')}?{request.POST.get('back', '')}"
    return HttpResponse(headers={"HX-Redirect": back}) if is_partial(request) else redirect(back)


def _one(ticket: Ticket, actor: Actor, given: dict[str, Any] | None) -> Result:
    try:
        if given is None:
            assignment.accept(ticket, actor=actor)
            words = _("Accepted.")
        else:
            assignment.assign(
                ticket, actor=actor, department=given["department"], assignee=given["assignee"], reason=given["reason"]
            )
            words = _("Assigned.")
    except DomainError as error:
        return Result(ticket.number, ticket.title, False, error.words)
    except DomainErrors as error:
        return Result(ticket.number, ticket.title, False, " ".join(e.words for e in error.errors))
    return Result(ticket.number, ticket.title, True, words)
