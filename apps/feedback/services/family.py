"""Tickets that answer for each other, read and locked together: always in the order of their keys."""

from collections.abc import Iterable
from uuid import UUID

from apps.core import locks
from apps.feedback.models import Merge, Ticket


def leader(ticket: Ticket) -> Ticket:
    """The ticket that answers for this one: the one it was merged into, or itself."""
    return ticket.merged_into or ticket


def locked(ids: Iterable[UUID]) -> dict[UUID, Ticket]:
    """These tickets, freshly read, by id."""
    return {ticket.pk: ticket for ticket in locks.rows(Ticket.objects.filter(pk__in=set(ids)))}


def with_leader(ticket: Ticket) -> tuple[Ticket, Ticket]:
    """The ticket and its leader, which may be itself, both locked."""
    merged_into = Ticket.objects.values_list("merged_into_id", flat=True).get(pk=ticket.pk)
    found = locked({ticket.pk, merged_into or ticket.pk})
    own = found[ticket.pk]
    if own.merged_into_id is None:
        return own, own
    if own.merged_into_id not in found:  # merged this very moment
        return own, locks.row(Ticket, own.merged_into_id)
    return own, found[own.merged_into_id]


def below(ticket: Ticket) -> set[UUID]:
    """Ids of the tickets that came to their leader with this one, nearest or by way of others."""
    members = Ticket.objects.filter(merged_into_id=ticket.merged_into_id or ticket.pk).values("pk")
    went = dict(Merge.objects.filter(ticket__in=members, undone_at=None).values_list("ticket_id", "into_id"))
    found: set[UUID] = set()
    fresh = {ticket.pk}
    while fresh:
        fresh = {pk for pk, into in went.items() if into in fresh} - found
        found |= fresh
    return found - {ticket.pk}
