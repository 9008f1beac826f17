"""Tickets for `triage`: to learn from, to try a keyword change on, to try points on (CLS-03, CLS-04, CLS-05, CLS-10)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Count, QuerySet
from django.urls import reverse

from apps.core import clock
from apps.core.actors import Actor
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import clocks
from apps.feedback.states import TicketState
from apps.triage import sources
from apps.triage.services.score import ScoreFacts
from apps.triage.sources import Past, Waiting


class Tickets:
    """See `triage.sources.Source`."""

    def decided(self, *, actor: Actor, limit: int) -> Iterator[Past]:
        """A category that nobody changed until the ticket was closed is taken for right."""
        tickets = _tickets(actor).order_by("-id")
        chosen = list(_texts(tickets.filter(category_by_person=True)[:limit]))
        closed = tickets.filter(category_by_person=False, state=TicketState.CLOSED)
        return chain(chosen, _texts(closed[: limit - len(chosen)]))

    def between(self, since: datetime, until: datetime, *, actor: Actor) -> int:
        return _tickets(actor).filter(received_at__gte=since, received_at__lt=until).count()

    def batch(self, since: datetime, until: datetime, after: str, *, actor: Actor, limit: int) -> list[Past]:
        tickets = _tickets(actor).filter(received_at__gte=since, received_at__lt=until).order_by("id")
        return list(_texts((tickets.filter(id__gt=after) if after else tickets)[:limit]))

    def waiting(self, *, actor: Actor, limit: int) -> list[Waiting]:
        found = list(_tickets(actor).open().select_related("customer").order_by("queue_at", "id")[:limit])
        repeats = _repeats({ticket.customer_id for ticket in found})
        return [_waiting(ticket, repeats) for ticket in found]


def register() -> None:
    sources.register(Tickets())


def _tickets(actor: Actor) -> QuerySet[Ticket]:
    """Parts are described by colleagues, not by customers: their whole is here."""
    return (
        Ticket.objects.visible_to(actor).real().filter(parent=None, restricted=False)
    )  # LAW-05: nothing learns from them


def _texts(tickets: QuerySet[Ticket]) -> Iterator[Past]:
    rows = tickets.values_list("id", "number", "description", "category__slug", "category_by_person", "received_at")
    for pk, number, text, category, by_person, at in rows.iterator(chunk_size=1000):
        yield Past(pk, number, reverse("admin:desk_ticket", args=[number]), text, category, by_person, at)


def _repeats(customers: set) -> dict:
    """Earlier feedback by customer, counted as `intake` counts it."""
    since = clock.now() - timedelta(days=rules().repeat_days)
    rows = Ticket.objects.filter(customer_id__in=customers, received_at__gte=since).values("customer_id")
    return dict(rows.annotate(count=Count("id")).values_list("customer_id", "count"))


def _waiting(ticket: Ticket, repeats: dict) -> Waiting:
    facts = ScoreFacts(
        urgency=ticket.urgency,
        tier=ticket.customer.tier,
        kind=ticket.kind,
        risk=ticket.risk,
        impact=ticket.impact,
        repeats=max(0, repeats.get(ticket.customer_id, 0) - 1),
        sentiment=ticket.sentiment,
        risk_words=tuple(hit["text"] for hit in ticket.hits if hit["risk"]),
        nudges=ticket.nudges,
    )
    url = reverse("admin:desk_ticket", args=[ticket.number])
    return Waiting(ticket.number, url, ticket.title, facts, _place(ticket))


def _place(ticket: Ticket) -> Callable[[int], datetime]:
    """A ticket's turn for a score, as `clocks.note_next` computes it."""
    due = ticket.next_due_at or ticket.received_at + timedelta(days=clocks.DAYS_WITHOUT_DEADLINE)
    minutes = rules().queue_minutes_per_point
    return lambda score: due - timedelta(minutes=score * minutes)
