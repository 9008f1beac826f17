"""Asking back before a decision: a note to whoever filed a case, which stays open meanwhile (VOI-07).

The question and its answer are events of the case, so that they stand in its story and its evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import models, transaction

from apps.accounts.models import User
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import Ref
from apps.journal.models import Event
from apps.notifications import events
from apps.notifications.services import outbox

LONGEST = 1000  # characters
KINDS = (events.QUESTION_ASKED, events.QUESTION_ANSWERED)


@dataclass(frozen=True, slots=True)
class About:
    """A case: the noun its events belong to, its number for people, and the path of its page."""

    subject: models.Model | Ref
    number: str
    link: str


def ask(about: About, text: str, *, of: User | None, actor: Actor) -> Event:
    """Ask whoever filed the case; they get a notice. Nothing else about the case changes.

    The caller has checked that the actor may know of the case. Raises DomainError `core.required`, `core.too_long`,
    `question.nobody` (nobody filed it, or they have left), `question.self`.
    """
    text = _checked(text)
    if of is None or not of.is_active:
        raise DomainError("question.nobody")
    if of.pk == actor.user_id:
        raise DomainError("question.self")
    return _tell(about, text, "question_asked", events.QUESTION_ASKED, of, actor)


def answer(question: Event, about: About, text: str, *, actor: Actor) -> Event:
    """Answer the open question of a case; who asked gets a notice. Raises DomainError `core.required`, `core.too_long`,
    `question.answered`.
    """
    text = _checked(text)
    still = open_questions([question.subject_id]).get(question.subject_id)
    if still is None or still.pk != question.pk:
        raise DomainError("question.answered")
    return _tell(about, text, "question_answered", events.QUESTION_ANSWERED, question.actor, actor)


def open_questions(subject_ids: Iterable[UUID]) -> dict[UUID, Event]:
    """The last question of each case that nobody has answered yet; one query."""
    latest: dict[UUID, Event] = {}
    rows = Event.objects.filter(subject_id__in=list(subject_ids), kind__in=KINDS).select_related("actor")
    for event in rows.order_by("id"):
        latest[event.subject_id] = event
    return {pk: event for pk, event in latest.items() if event.kind == events.QUESTION_ASKED}


def _tell(about: About, text: str, notice: str, kind: str, to: User | None, actor: Actor) -> Event:
    with transaction.atomic():
        data = {"of": to.staff_number or to.get_username()} if to else {}
        event = journal.record(kind, subject=about.subject, actor=actor, data=data, reason=text)
        if to is not None:
            facts = {"number": about.number, "author": str(actor.user or actor.label), "question": text}
            outbox.notify_many([to], notice, context=facts, event=event, link=about.link)
    return event


def _checked(text: str) -> str:
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise DomainError("core.required", field="words")
    if len(text) > LONGEST:
        raise DomainError("core.too_long", field="words", limit=LONGEST, length=len(text))
    return text
