"""Erasing the free words of events (LAW-05). The leaf holds only a commitment, so the log still proves the rest."""

from collections.abc import Sequence

from apps.core.actors import Actor
from apps.core.erasure import ERASED
from apps.journal.events import Ref, record
from apps.journal.models import Event

WORDS_ERASED = "personal_data.words_erased"  # events: ids of those whose reason was erased
NO_SALT = bytes(16)
MOST = 2_000  # ids in one event


def erase_words(subjects: Sequence[Ref], *, actor: Actor) -> int:
    """Erase the reasons of all events about these subjects; returns how many. What happened, when, by whom and the facts stay.

    Each subject gets an event that names the erased ones: without it the database refuses, and the verification would
    call it tampering. Call inside a transaction.
    """
    erased = 0
    for subject in subjects:
        about = Event.objects.filter(subject_id=subject.id).exclude(reason__in=("", ERASED))
        ids = list(about.order_by("id").values_list("pk", flat=True))
        for start in range(0, len(ids), MOST):
            part = ids[start : start + MOST]
            record(WORDS_ERASED, subject=subject, actor=actor, data={"events": part})
            erased += Event.objects.filter(pk__in=part).update(reason=ERASED, salt=NO_SALT)
    return erased


def erased_events() -> set[int]:
    """The events whose words were erased by the rules: what the verification accepts."""
    lists = Event.objects.filter(kind=WORDS_ERASED).values_list("data", flat=True)
    return {event_id for data in lists.iterator() for event_id in data.get("events", [])}
