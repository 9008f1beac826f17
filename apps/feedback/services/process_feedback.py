"""What slowed handlers down, said after closing (SUR-05): about process and tools, never about people."""

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import ProcessFeedback, Ticket
from apps.feedback.services import separation, words
from apps.feedback.states import TicketState
from apps.journal import events as journal

WORDS_LIMIT = 1000


def may_give(ticket: Ticket, actor: Actor) -> bool:
    """Whoever worked on a closed ticket."""
    if actor.user_id is None or ticket.state != TicketState.CLOSED or ticket.is_drill:
        return False
    return actor.can("feedback.handle_ticket") and actor.user_id in separation.handlers(ticket)


def give(ticket: Ticket, obstacle: str, text: str = "", *, actor: Actor) -> ProcessFeedback:
    """Keep a handler's word on this round of the ticket; said again, the later one counts.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `core.too_long`, `core.control_characters`.
    """
    if obstacle not in ProcessFeedback.Obstacle.values:
        raise DomainError("core.invalid_choice", field="obstacle", value=obstacle)
    text = words.checked(text, "words", limit=WORDS_LIMIT)
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not may_give(fresh, actor):
            raise DomainError("core.not_allowed")
        said, _created = ProcessFeedback.objects.update_or_create(
            ticket=fresh,
            round=fresh.reopen_count,
            author_id=actor.user_id,
            defaults={"obstacle": obstacle, "words": text, "at": clock.now()},
        )
        journal.record(
            events.PROCESS_FEEDBACK_GIVEN, subject=fresh, actor=actor, data={"obstacle": obstacle, "words": bool(text)}
        )
        return said
