"""The staff queue: its tabs, filters, search, order, counts and pages (CLS-06, HND-09). Built for a million rows.

Counts stop at `COUNT_LIMIT`; pages go by key. The next deadline moved forward by priority (`Ticket.queue_at`) is never
later than the deadline itself, so "due before X" may also say "queued before X": one range of the queue's index.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.clock import SHANGHAI
from apps.crm.services.customers import PERSONAL_FIELDS
from apps.feedback.models import Ticket
from apps.feedback.models.ticket import ONCE, TicketQuerySet
from apps.feedback.selectors import search
from apps.feedback.selectors.desk_rules import rules
from apps.feedback.selectors.figures import FIGURES
from apps.feedback.states import UNACCEPTED_STATES, TicketState

PAGE = 50
COUNT_LIMIT = 100  # a tab with more shows "99+"


class Tab(models.TextChoices):
    MINE = "mine", _("Mine")
    DEPARTMENT = "department", _("Department")
    UNACCEPTED = "unaccepted", _("Not accepted")
    SOON = "soon", _("Due soon")
    LATE = "late", _("Late")
    WAITING = "waiting", _("Waiting for customer")
    APPROVAL = "approval", _("To approve")
    FOLLOW_UP = "follow_up", _("Second follow-up")
    ALL = "all", _("All open")
    ANY = "any", _("All, also closed")


_STATES: dict[str, Sequence[TicketState]] = {
    Tab.UNACCEPTED: UNACCEPTED_STATES,
    Tab.WAITING: [TicketState.WAITING],
    Tab.APPROVAL: [TicketState.SOLUTION_APPROVAL],
    Tab.FOLLOW_UP: [TicketState.SECOND_FOLLOW_UP],
}
COUNTED = tuple(tab for tab in Tab if tab != Tab.ANY)


class Sort(models.TextChoices):
    DUE = "due", _("Due soonest, by priority")
    PRIORITY = "priority", _("Highest priority")
    NEWEST = "newest", _("Newest")
    BEST = "best", _("Best match")


class Without(models.TextChoices):
    """What statistics leave out: a number on the dashboard leads to just the rows that it counted."""

    DRILLS = "drills", _("without drills")
    REPEATS = "repeats", _("each issue once")


_ORDERS: dict[str, tuple[str, ...]] = {
    Sort.DUE: ("queue_at", "id"),
    Sort.PRIORITY: ("-priority_score", "id"),
    Sort.NEWEST: ("-id",),
    Sort.BEST: ("-rank", "-id"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a tab; empty parts do nothing. `received` are two calendar dates in Shanghai, both included."""

    kind: Sequence[str] = ()
    urgency: Sequence[str] = ()
    category: Sequence[UUID] = ()
    department: Sequence[int] = ()
    channel: Sequence[str] = ()
    state: Sequence[str] = ()
    number: str = ""
    customer: UUID | None = None
    received: tuple[date, date] | None = None
    figure: str = ""
    tags: Sequence[str] = ()
    without: Sequence[str] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`previous` and `next` are keys to ask with, or empty. With a search, `snippets` shows where each ticket holds it;
    `by_letters`: the index knew nothing, and these are what the latest tickets hold letter by letter."""

    tickets: list[Ticket]
    previous: str = ""
    next: str = ""
    snippets: Mapping[UUID, search.Snippet] = field(default_factory=dict)
    by_letters: bool = False


def in_tab(tab: str, actor: Actor, now: datetime) -> TicketQuerySet:
    """The visible tickets of a tab (ADM-02, LAW-05), not yet in order."""
    seen = Ticket.objects.listed_for(actor)
    if tab == Tab.ANY:
        return seen
    if tab in _STATES:  # said by these states alone: with "open" beside it, PostgreSQL takes them for much rarer
        return seen.filter(state__in=_STATES[tab])
    tickets = seen.open()
    if tab == Tab.MINE:
        return tickets.filter(assignee_id=actor.user_id)
    if tab == Tab.DEPARTMENT:
        return tickets.filter(department_id=getattr(actor.user, "department_id", None))
    if tab == Tab.SOON:
        until = now + timedelta(hours=rules().due_soon_hours)
        return tickets.filter(queue_at__lt=until, next_due_at__gte=now, next_due_at__lt=until)
    if tab == Tab.LATE:
        return tickets.filter(queue_at__lt=now, next_due_at__lt=now)
    return tickets


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of tickets: a tab, what narrows it, and its order (empty: the tab's own)."""

    tab: str
    filters: Filters = field(default_factory=Filters)
    sort: str = ""


def sorts(tab: str, filters: Filters) -> list[Sort]:
    """The orders that a list can have, its own first. Closed tickets are due no more."""
    found = [Sort.NEWEST] if tab == Tab.ANY else [Sort.DUE, Sort.PRIORITY, Sort.NEWEST]
    return [*found, Sort.BEST] if search.parse(filters.words).words else found


def counts(actor: Actor, now: datetime, views: Mapping[str, Listing] | None = None) -> dict[str, int]:
    """How many tickets each tab and each of these views holds, counted up to COUNT_LIMIT, with one query.

    A list of closed tickets too is not counted, as their tab isn't.
    """
    lists = {tab.value: in_tab(tab, actor, now) for tab in COUNTED}
    for name, view in (views or {}).items():
        if view.tab != Tab.ANY:
            lists[name] = narrowed(in_tab(view.tab, actor, now), view.filters, actor, now)
    parts = [
        tickets.order_by().annotate(tab=Value(name)).values_list("tab", flat=True)[:COUNT_LIMIT]
        for name, tickets in lists.items()
    ]
    found = Counter(parts[0].union(*parts[1:], all=True))
    return {name: found[name] for name in lists}


def narrowed(tickets: TicketQuerySet, filters: Filters, actor: Actor, now: datetime) -> TicketQuerySet:
    """Those of these tickets, visible to this actor, that pass the filters and hold the words."""
    tickets = _filtered(tickets, filters, now)
    query = search.parse(filters.words)
    return search.matching(tickets, query, actor) if query.asks else tickets


def _filtered(tickets: TicketQuerySet, filters: Filters, now: datetime) -> TicketQuerySet:
    for name in ("kind", "urgency", "category", "department", "channel", "state"):
        if values := getattr(filters, name):
            tickets = tickets.filter(**{f"{name}__in": values})
    if filters.number:
        tickets = tickets.filter(number__startswith=filters.number)
    if filters.customer:
        tickets = tickets.filter(customer_id=filters.customer)
    if filters.received:
        first, last = (datetime.combine(day, time(), SHANGHAI) for day in filters.received)
        tickets = tickets.filter(received_at__gte=first, received_at__lt=last + timedelta(days=1))
    if filters.tags:
        tickets = tickets.tagged(filters.tags)
    if filters.figure in FIGURES:
        tickets = FIGURES[filters.figure](tickets, now)
    if Without.DRILLS in filters.without:
        tickets = tickets.real()
    if Without.REPEATS in filters.without:
        tickets = tickets.filter(ONCE)
    return tickets


def page(
    tab: str,
    filters: Filters,
    actor: Actor,
    *,
    now: datetime,
    after: str = "",
    before: str = "",
    size: int = PAGE,
    sort: str = "",
) -> Page:
    """One page of the queue: what is due soonest weighted by priority first; with closed tickets, the newest first."""
    possible = sorts(tab, filters)
    order = _ORDERS[sort if sort in possible else possible[0]]
    tickets, query = in_tab(tab, actor, now), search.parse(filters.words)
    found = narrowed(tickets, filters, actor, now)
    if "-rank" in order:
        found = search.ranked(found, query)
    page = _page(found, order, after, before, size)
    if not query.asks or page.tickets:
        return replace(page, snippets=search.snippets(page.tickets, query)) if query.asks else page
    letters = search.by_letters(_filtered(tickets, filters, now), query, actor)
    rows = list(for_list(letters).order_by("-pk")[:size])
    return Page(rows, snippets=search.snippets(rows, query), by_letters=bool(rows))


def _page(tickets: TicketQuerySet, order: Sequence[str], after: str, before: str, size: int) -> Page:
    backward = bool(before)
    if key := _parse(before or after, order):
        tickets = tickets.filter(_beyond(key, order, backward))
    rows = list(for_list(tickets).order_by(*(_turned(order) if backward else order))[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backward:
        rows.reverse()
    if not rows:
        return Page([])
    has_previous = more if backward else bool(after)
    has_next = True if backward else more
    return Page(
        rows,
        previous=_key(rows[0], order) if has_previous else "",
        next=_key(rows[-1], order) if has_next else "",
    )


def for_list(tickets: TicketQuerySet) -> TicketQuerySet:
    """With what a row shows, and without long texts and cipher texts."""
    hidden = [f"customer__{name}" for name in (*PERSONAL_FIELDS, "note")]
    joined = tickets.select_related("customer", "assignee").prefetch_related("category", "department")
    unused = [f"assignee__{name}" for name in ("password", "email", "phone", "last_login", "date_joined")]
    return joined.defer("description", "result", "hits", "contact_given", *hidden, *unused)


def arrived_since(tab: str, filters: Filters, actor: Actor, newest: UUID, *, now: datetime) -> int:
    """How many tickets of this list came in after `newest`, counted up to COUNT_LIMIT."""
    tickets = narrowed(in_tab(tab, actor, now), filters, actor, now)
    return tickets.filter(pk__gt=newest).order_by()[:COUNT_LIMIT].count()


def newest_id() -> UUID | None:
    """The ticket that came in last."""
    return Ticket.objects.order_by("-pk").values_list("pk", flat=True).first()


def chosen(actor: Actor, numbers: Collection[str]) -> list[Ticket]:
    """The visible ones of these tickets, in the order of the queue."""
    found = Ticket.objects.listed_for(actor).filter(number__in=list(numbers)).select_related("customer", "department")
    return list(found.order_by("queue_at", "id"))


# Keys: the values of a row by which it is ordered, joined by "~" -----------------------------------------------------


def _key(ticket: Ticket, order: Sequence[str]) -> str:
    values = (getattr(ticket, name.lstrip("-")) for name in order)
    return "~".join(value.isoformat() if isinstance(value, datetime) else str(value or 0) for value in values)


def _read_moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _read_number(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**31:
        raise ValueError(text)
    return number


_READ: dict[str, Callable[[str], Any]] = {
    "queue_at": _read_moment, "priority_score": _read_number, "rank": _read_number, "id": UUID,
}  # fmt: skip


def _parse(key: str, order: Sequence[str]) -> list[Any] | None:
    """The place a key stands for; None (the beginning) for one that was mangled on the way or is of another order."""
    try:
        return [_READ[name.lstrip("-")](text) for name, text in zip(order, key.split("~"), strict=True)]
    except (ValueError, OverflowError):
        return None


def _beyond(key: Sequence[Any], order: Sequence[str], backward: bool) -> Q:
    """Rows after a place (before it, going backward). The first part alone is said once more: it is what an index knows."""
    (name, value), *rest = zip(order, key, strict=True)
    column, side = name.lstrip("-"), "lt" if name.startswith("-") != backward else "gt"
    if not rest:
        return Q(**{f"{column}__{side}": value})
    further = _beyond(key[1:], order[1:], backward)
    return Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | further)


def _turned(order: Sequence[str]) -> list[models.expressions.OrderBy]:
    return [F(name.lstrip("-")).asc() if name.startswith("-") else F(name).desc() for name in order]
