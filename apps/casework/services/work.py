"""Who may work on a ticket's papers, and the ticket under lock: ticket first, then what hangs on it."""

from typing import Any

from django.db import models

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.journal import events as journal

HANDLE = "feedback.handle_ticket"


def ticket(known: Ticket, actor: Actor, *, over_too: bool = False) -> Ticket:
    """The ticket, fresh and locked. `over_too`: closed and rejected ones as well.

    Raises DomainError `core.not_allowed`, `casework.ticket_over`.
    """
    require(actor, HANDLE)
    fresh = locks.row(Ticket, known.pk)
    if not (fresh.is_open or over_too):
        raise DomainError("casework.ticket_over")
    return fresh


def require(actor: Actor, permission: str) -> None:
    if not actor.can(permission):
        raise DomainError("core.not_allowed")


def note(kind: str, ticket: models.Model, actor: Actor, data: dict[str, Any] | None = None, reason: str = "") -> None:
    """Record an event about a ticket's papers."""
    journal.record(kind, subject=ticket, actor=actor, data=data or {}, reason=reason)
