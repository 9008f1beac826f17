"""The staff queue: list, saved views, new arrivals, bulk steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.principals import actor_for
from apps.casework.models.saved_view import SavedView
from apps.casework.selectors import views as views_of
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.selectors import masked
from apps.desk import presence
from apps.desk.forms.queue import FIGURE_LABELS, Asked, Choices, lost_names, offered, read
from apps.desk.forms.steps import AssignForm
from apps.desk.views import saved_views
from apps.desk.views.frame import framed, is_partial
from apps.feedback.models import Ticket
from apps.feedback.selectors import queue as tickets
from apps.feedback.selectors.queue import COUNT_LIMIT, Tab, Without
from apps.feedback.selectors.search import Snippet
from apps.feedback.services import assignment
from apps.sla import selectors as sla
from apps.sla.models import Deadline

BULK_LIMIT = 50
VIEWS = 20  # saved views that stand among the tabs; all of them on their own page


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab or a saved view. `lost` names what a view asks for and is no longer there; `owner` whose it is, if not ours."""

    name: str
    address: str
    label: str
    count: str
    here: bool
    lost: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in the list with its next deadline, whoever is on its page, and where it holds what was searched."""

    ticket: Ticket
    deadline: Deadline | None
    others: list[str]
    snippet: Snippet | None


@dataclass(slots=True)
class _Frame:
    """What stands around the list: tabs, saved views with their lists read, and what filters can be set to."""

    asked: Asked
    choices: Choices
    views: list[tuple[SavedView, Asked]]

    @property
    def view(self) -> tuple[SavedView, Asked] | None:
        """The saved view that is shown, also where its filters were changed since."""
        return next(((saved, asked) for saved, asked in self.views if saved.pk == self.asked.view), None)


def _frame(request: HttpRequest, actor: Actor) -> _Frame:
    choices = offered()
    views = [(saved, read(QueryDict(saved.query), Tab.ALL, choices)) for saved in views_of.views_of(actor)[:VIEWS]]
    return _Frame(read(request.GET, _default_tab(actor), choices), choices, views)


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    actor, now = actor_for(request), clock.now()
    frame = _frame(request, actor)
    asked = frame.asked
    if not request.GET and (chosen := next((saved for saved, _a in frame.views if saved.is_default), None)):
        return redirect(saved_views.address(chosen))
    page = tickets.page(
        asked.tab, asked.filters, actor, now=now, after=asked.after, before=asked.before, sort=asked.sort
    )
    context = {
        "asked": asked,
        "tabs": tab_links(frame, actor),
        "rows": _rows(page, actor),
        "page": page,
        "newest": tickets.newest_id() or "",
        "query": _without(request.GET, "after", "before"),
        "named": _named(asked, actor),
        "may_assign": actor.can("feedback.assign_ticket"),
        "may_accept": actor.can("feedback.handle_ticket"),
        "now": now,
        "results": [],
        **_keeping(frame, actor),
    }
    if is_partial(request):
        return render(request, "desk/queue/_list.html", context)
    return framed(request, "desk/queue/page.html", _("Queue"), context)


def _keeping(frame: _Frame, actor: Actor) -> dict[str, Any]:
    """What can be done with this list as a saved view, and what it asks for in vain."""
    saved, as_saved = frame.view or (None, None)
    changed = as_saved is not None and as_saved.query != frame.asked.query
    return {
        "view": saved,
        "view_changed": changed,
        "view_mine": saved is not None and views_of.may_change(saved, actor),
        "view_form": saved_views.ViewForm(actor=actor),
        "lost": lost_names(frame.asked.lost, saved.names if saved else {}),
    }


def _default_tab(actor: Actor) -> str:
    """Whoever works on tickets begins with the own ones, others with all."""
    return Tab.MINE if actor.can("feedback.handle_ticket") else Tab.ALL


def tab_links(frame: _Frame, actor: Actor) -> list[TabLink]:
    counts = tickets.counts(actor, clock.now(), {str(saved.pk): asked.listing for saved, asked in frame.views})
    shown = frame.view[0].pk if frame.view else None
    tabs = [
        TabLink(
            tab.value,
            f"?tab={tab.value}",
            str(tab.label),
            _count(counts, tab.value),
            not shown and tab == frame.asked.tab,
        )
        for tab in Tab
        if tab != Tab.DEPARTMENT or getattr(actor.user, "department_id", None)
    ]
    return tabs + [
        TabLink(
            "view", f"?{saved.query}&view={saved.pk}", saved.name, _count(counts, str(saved.pk)), saved.pk == shown,
            lost=" · ".join(lost_names(asked.lost, saved.names)),
            owner="" if saved.owner_id == actor.user_id else str(saved.owner),
        )
        for saved, asked in frame.views
    ]  # fmt: skip


def _count(counts: Mapping[str, int], name: str) -> str:
    return f"{COUNT_LIMIT - 1}+" if counts.get(name, 0) >= COUNT_LIMIT else str(counts.get(name, ""))


def _rows(page: tickets.Page, actor: Actor) -> list[Row]:
    ids = [ticket.pk for ticket in page.tickets]
    due, here = sla.open_by_subject(ids), presence.on(ids, but=actor.user_id or 0)
    return [
        Row(ticket, _next(due.get(ticket.pk, [])), here.get(ticket.pk, []), page.snippets.get(ticket.pk))
        for ticket in page.tickets
    ]


def _next(open_deadlines: list[Deadline]) -> Deadline | None:
    """The next that runs; where all stand still, the next of those."""
    return next((d for d in open_deadlines if d.paused_at is None), next(iter(open_deadlines), None))


def _without(query: QueryDict, *names: str) -> str:
    """The address without these parts, to build others from."""
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest.urlencode()


@dataclass(frozen=True, slots=True)
class Named:
    """A narrowing that has no chip of its own, in words, with the part of the address to take away."""

    name: str
    value: str
    words: str


def _named(asked: Asked, actor: Actor) -> list[Named]:
    filters, found = asked.filters, []
    if filters.words:
        found.append(Named("q", filters.words, _("Search: %(words)s") % {"words": filters.words}))
    if filters.number:
        found.append(Named("number", filters.number, _("Number: %(number)s…") % {"number": filters.number}))
    if filters.customer:
        customer = masked(actor).filter(pk=filters.customer).first()
        words = _("Customer: %(customer)s") % {"customer": customer or "—"}
        found.append(Named("customer", str(filters.customer), words))
    if filters.received:
        first, last = filters.received
        days = f"{first:%m-%d}" if first == last else f"{first:%m-%d} – {last:%m-%d}"
        found.append(Named("received", f"{first}~{last}", _("Received: %(days)s") % {"days": days}))
    found += [Named("tag", tag, _("Tag: %(tag)s") % {"tag": tag}) for tag in filters.tags]
    if filters.figure:
        found.append(Named("figure", filters.figure, str(FIGURE_LABELS[filters.figure])))
    found += [Named("without", value, str(Without(value).label)) for value in filters.without]
    return found


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What came in since the list was shown: announced in a quiet bar, never pushed under the cursor."""
    actor = actor_for(request)
    frame = _frame(request, actor)
    asked = frame.asked
    try:
        since = UUID(request.GET.get("since", ""))
    except ValueError:
        since = None
    count = tickets.arrived_since(asked.tab, asked.filters, actor, since, now=clock.now()) if since else 0
    context = {
        "count": count,
        "many": count >= COUNT_LIMIT,
        "tabs": tab_links(frame, actor),
        "query": _without(request.GET, "after", "before", "since"),
        "asked": asked,
    }
    return render(request, "desk/queue/_news.html", context)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one ticket of a bulk step."""

    number: str
    title: str
    ok: bool
    words: str


@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest) -> HttpResponse:
    """The same step for several tickets, each by its own rules: what is refused says why and stops nothing else.

    GET: the form to assign with, which names everybody who works here, so it is fetched only when it is opened.
    """
    actor = actor_for(request)
    if request.method == "GET":
        if not actor.can("feedback.assign_ticket"):
            raise Http404
        return render(request, "desk/queue/_bulk_assign.html", {"bulk_form": AssignForm(actor=actor)})
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
