"""The staff queue: its tabs, filters, counts and pages (CLS-06). Built for a million rows.

Counts stop at `COUNT_LIMIT`; pages go by key. The next deadline moved forward by priority (`Ticket.queue_at`) is never
later than the deadline itself, so "due before X" may also say "queued before X": one range of the queue's index.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.clock import SHANGHAI
from apps.crm.services.customers import PERSONAL_FIELDS
from apps.feedback.models import Ticket
from apps.feedback.models.ticket import TicketQuerySet
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


COUNTED = tuple(tab for tab in Tab if tab != Tab.ANY)


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


@dataclass(frozen=True, slots=True)
class Page:
    """`previous` and `next` are keys to ask with, or empty."""

    tickets: list[Ticket]
    previous: str = ""
    next: str = ""


def in_tab(tab: str, actor: Actor, now: datetime) -> TicketQuerySet:
    """The visible tickets of a tab (ADM-02), not yet in order."""
    seen = Ticket.objects.visible_to(actor)
    if tab == Tab.ANY:
        return seen
    tickets = seen.open()
    if tab == Tab.MINE:
        return tickets.filter(assignee_id=actor.user_id)
    if tab == Tab.DEPARTMENT:
        return tickets.filter(department_id=getattr(actor.user, "department_id", None))
    if tab == Tab.UNACCEPTED:
        return tickets.filter(state__in=UNACCEPTED_STATES)
    if tab == Tab.SOON:
        until = now + timedelta(hours=rules().due_soon_hours)
        return tickets.filter(queue_at__lt=until, next_due_at__gte=now, next_due_at__lt=until)
    if tab == Tab.LATE:
        return tickets.filter(queue_at__lt=now, next_due_at__lt=now)
    if tab == Tab.WAITING:
        return tickets.filter(state=TicketState.WAITING)
    if tab == Tab.APPROVAL:
        return tickets.filter(state=TicketState.SOLUTION_APPROVAL)
    if tab == Tab.FOLLOW_UP:
        return tickets.filter(state=TicketState.SECOND_FOLLOW_UP)
    return tickets


def counts(actor: Actor, now: datetime) -> dict[str, int]:
    """How many tickets each tab holds, counted up to COUNT_LIMIT, with one query."""
    parts = [
        in_tab(tab, actor, now)
        .order_by()
        .annotate(tab=Value(str(tab.value)))
        .values_list("tab", flat=True)[:COUNT_LIMIT]
        for tab in COUNTED
    ]
    found = Counter(parts[0].union(*parts[1:], all=True))
    return {tab.value: found[tab.value] for tab in COUNTED}


def narrowed(tickets: TicketQuerySet, filters: Filters, now: datetime) -> TicketQuerySet:
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
    if filters.figure in FIGURES:
        tickets = FIGURES[filters.figure](tickets, now)
    return tickets


def page(
    tab: str, filters: Filters, actor: Actor, *, now: datetime, after: str = "", before: str = "", size: int = PAGE
) -> Page:
    """One page of the queue: what is due soonest weighted by priority first; with closed tickets, the newest first."""
    tickets = narrowed(in_tab(tab, actor, now), filters, now)
    order = ("-id",) if tab == Tab.ANY else ("queue_at", "id")
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
    joined = tickets.select_related("customer", "category", "department", "assignee")
    return joined.defer("description", "result", "hits", "contact_given", *hidden)


def arrived_since(tab: str, filters: Filters, actor: Actor, newest: UUID, *, now: datetime) -> int:
    """How many tickets of this list came in after `newest`, counted up to COUNT_LIMIT."""
    tickets = narrowed(in_tab(tab, actor, now), filters, now)
    return tickets.filter(pk__gt=newest).order_by()[:COUNT_LIMIT].count()


def newest_id() -> UUID | None:
    """The ticket that came in last."""
    return Ticket.objects.order_by("-pk").values_list("pk", flat=True).first()


def chosen(actor: Actor, numbers: Collection[str]) -> list[Ticket]:
    """The visible ones of these tickets, in the order of the queue."""
    found = Ticket.objects.visible_to(actor).filter(number__in=list(numbers)).select_related("customer", "department")
    return list(found.order_by("queue_at", "id"))


# Keys ----------------------------------------------------------------------------------------------------------------


def _key(ticket: Ticket, order: Sequence[str]) -> str:
    if order == ("-id",):
        return str(ticket.pk)
    return f"{ticket.queue_at.isoformat() if ticket.queue_at else ''}~{ticket.pk}"


def _parse(key: str, order: Sequence[str]) -> tuple[datetime | None, UUID] | None:
    """The place a key stands for; None (the beginning) for one that was mangled on the way."""
    moment, _tilde, pk = key.rpartition("~")
    try:
        if order == ("-id",):
            return None, UUID(pk)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):
        return None


def _beyond(key: tuple[datetime | None, UUID], order: Sequence[str], backward: bool) -> Q:
    moment, pk = key
    if order == ("-id",):
        return Q(pk__gt=pk) if backward else Q(pk__lt=pk)
    if backward:
        return Q(queue_at__lte=moment) & (Q(queue_at__lt=moment) | Q(pk__lt=pk))
    return Q(queue_at__gte=moment) & (Q(queue_at__gt=moment) | Q(pk__gt=pk))


def _turned(order: Sequence[str]) -> list[models.expressions.OrderBy]:
    return [F(name.lstrip("-")).asc() if name.startswith("-") else F(name).desc() for name in order]
