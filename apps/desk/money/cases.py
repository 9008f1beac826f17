"""What void requests and refunds have in common on their pages."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from apps.core.actors import Actor
from apps.desk import story
from apps.feedback.models import Attachment, Ticket
from apps.journal import selectors as journal
from apps.notifications.services.questions import About

THUMBNAILS = 12
EVENTS = 300


def by_key(rows: "QuerySet[Any]", key: str) -> Any:
    """A row by its number or its id; None where there is none."""
    try:
        return rows.filter(pk=UUID(key)).first()
    except ValueError:
        return rows.filter(number=key).first()


def evidence(ticket_id: UUID | None) -> list[Attachment]:
    """Files of the ticket and of those merged into it."""
    if ticket_id is None:
        return []
    rows = Attachment.objects.filter(ticket_id=ticket_id) | Attachment.objects.filter(ticket__merged_into_id=ticket_id)
    return list(rows.select_related("upload").order_by("id")[:THUMBNAILS])


def link_to_ticket(ticket: Ticket | None, actor: Actor) -> str:
    """The ticket's page for who may see it; "" else: then only its number stands there."""
    if ticket is None or not Ticket.objects.visible_to(actor).filter(pk=ticket.pk).exists():
        return ""
    return reverse("admin:desk_ticket", args=[ticket.number])


def about_of(case: Any, page: str) -> About:
    return About(case, case.number, page)


@dataclass(frozen=True, slots=True)
class Station:
    """A stop of the rail: past, here or ahead; `note` the side state that the case is in."""

    label: str
    state: str
    note: str = ""


def rail(way: list[Any], here: Any, note: str = "", *, left: bool = False) -> list[Station]:
    """The normal way with where a case stands; one that has left it (`left`) ends there."""
    place = way.index(here)
    stations = []
    for position, state in enumerate(way):
        where = "past" if position < place else "here" if position == place else "ahead"
        if not (left and where == "ahead"):
            stations.append(Station(str(state.label), where, note if where == "here" else ""))
    return stations


def told(*subject_ids: UUID) -> list[story.Line]:
    """The story of a case: its events in words, the newest first."""
    events = list(journal.timeline(*subject_ids, limit=EVENTS))
    names = story.names_for(events)
    return [story.told(event, names) for event in events]
