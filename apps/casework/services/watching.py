"""Following tickets, and telling those who follow or are named (notices)."""

from django.db import transaction

from apps.accounts.models import User
from apps.casework import events
from apps.casework.models import Watch
from apps.casework.services import work
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket


def follow(ticket: Ticket, *, actor: Actor) -> Watch:
    """Hear of the ticket's changes from now on; twice is once. Raises DomainError `core.not_allowed`."""
    user = _reader(ticket, actor)
    with transaction.atomic():
        watch, is_new = Watch.objects.get_or_create(ticket=ticket, user=user)
        if is_new:
            work.note(events.TICKET_FOLLOWED, ticket, actor)
        return watch


def unfollow(ticket: Ticket, *, actor: Actor) -> None:
    """Hear no more of it. Raises DomainError `core.not_allowed`."""
    user = _reader(ticket, actor)
    with transaction.atomic():
        gone, _each = Watch.objects.filter(ticket=ticket, user=user).delete()
        if gone:
            work.note(events.TICKET_UNFOLLOWED, ticket, actor)


def _reader(ticket: Ticket, actor: Actor) -> User:
    """Whoever may see a ticket may follow it."""
    if actor.user is None or not Ticket.objects.visible_to(actor).filter(pk=ticket.pk).exists():
        raise DomainError("core.not_allowed")
    return actor.user  # type: ignore[return-value]
