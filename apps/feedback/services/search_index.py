"""What tickets are found by (HND-09): written in the transaction of the words themselves, so what is saved is found."""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from apps.core import locks
from apps.feedback.lexemes import fold, vector
from apps.feedback.models import Message, SearchText, Ticket
from apps.feedback.models.ticket import TicketQuerySet

VERSION = 1  # raise it when `lexemes` cuts differently: `catch_up` then makes every row anew
LONGEST = 200_000  # characters of all texts of a ticket; later messages are kept, and not found
BATCH = 200

_TITLE, _TEXT, _TALK = "A", "B", "D"
_NUMBERS = ("product_text", "serial_number", "order_number", "invoice_number", "external_ref", "place")
_INSERT = """
INSERT INTO feedback_searchtext (ticket_id, words, scopes, text, version) VALUES (%s, %s::tsvector, %s, %s, %s)
ON CONFLICT (ticket_id) DO UPDATE
SET words = excluded.words, scopes = excluded.scopes, text = excluded.text, version = excluded.version
"""
_APPEND = """
UPDATE feedback_searchtext SET
    words = CASE WHEN length(text) < %s THEN words || %s::tsvector ELSE words END,
    text = CASE WHEN length(text) < %s THEN text || %s ELSE text END
WHERE ticket_id = %s
"""


def write(ticket: Ticket, said: Iterable[str] = ()) -> None:
    """Put down what this ticket is found by: its own texts and what was said on it. Made anew where it exists."""
    if ticket.restricted:  # LAW-05: a part of a restricted customer's ticket
        return
    talk = list(said)
    numbers = " ".join(value for name in _NUMBERS if (value := getattr(ticket, name)))
    # Most titles are the text's first sentence: its words count most, and are cut once. One that ends within a sentence
    # might end within a word.
    title, rest = ticket.title, ticket.description
    begins = rest.startswith(title)
    weighted = [(title, _TITLE), (numbers, _TITLE), (rest[len(title) :] if begins else rest, _TEXT)]
    weighted += [(ticket.result, _TEXT), *((text, _TALK) for text in talk)]
    whole = [*([] if begins else [title]), rest, numbers, ticket.result, *talk]
    scopes = [ticket.department_id, *ticket.collaborator_ids]
    if ticket.assignee_id:
        scopes.append(-ticket.assignee_id)
    folded = fold("\n".join(filter(None, whole)))[:LONGEST]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, (str(ticket.pk), vector(weighted), scopes, folded, VERSION))


def add(ticket_id: UUID, text: str) -> None:
    """More was said on a ticket: a message, a result."""
    if not text.strip():
        return
    values = (LONGEST, vector([(text, _TALK)]), LONGEST, "\n" + fold(text), str(ticket_id))
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, values)
        known = cursor.rowcount
    if not known:
        rebuild([ticket_id])


def rebuild(ticket_ids: Iterable[UUID]) -> None:
    """Make the search rows of these tickets anew from what is written on them, e.g. after messages moved or were erased."""
    with transaction.atomic():
        known = _known().filter(pk__in=list(ticket_ids)).values_list("pk", flat=True)
        tickets = locks.rows(Ticket.objects.filter(pk__in=list(known)))  # nobody adds a message meanwhile
        said: dict[UUID, list[str]] = {}
        messages = Message.objects.filter(ticket__in=tickets).order_by("at", "id")
        for ticket_id, body in messages.values_list("ticket", "body"):
            said.setdefault(ticket_id, []).append(body)
        for ticket in tickets:
            write(ticket, said.get(ticket.pk, ()))


def catch_up(*, seconds: float = float("inf"), tell: Callable[[int], None] = lambda done: None) -> int:
    """Make what is missing or was made by older rules, the newest tickets first; how many were made.

    May be stopped and started again at any time: what is made stays made. `tell` hears after each batch how many are done.
    """
    until, done, before = time.monotonic() + seconds, 0, None
    while time.monotonic() < until:
        todo = _todo() if before is None else _todo().filter(pk__lt=before)
        ids = list(todo.order_by("-pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        rebuild(ids)
        before, done = ids[-1], done + len(ids)
        tell(done)
    return done


def missing() -> int:
    """How many tickets `catch_up` would make findable."""
    return _todo().count()


def forget() -> None:
    """Let `catch_up` make every row anew. What is there is found meanwhile."""
    SearchText.objects.update(version=0)


def _todo() -> TicketQuerySet:
    return _known().filter(Q(search_text=None) | ~Q(search_text__version=VERSION))


def _known() -> TicketQuerySet:
    """LAW-05: who is restricted, or erased, is not looked for."""
    return Ticket.objects.filter(customer__restricted_at=None)
