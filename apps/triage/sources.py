"""Where past texts come from. Tickets stand above this room, so their room registers what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from apps.core.actors import Actor
from apps.triage.services.score import ScoreFacts


class Past(NamedTuple):
    """A text that came in: where it stands, its category (a slug), whether a person decided that, and when it came."""

    id: UUID
    name: str
    url: str
    text: str
    category: str
    by_person: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that waits for somebody, with what its priority is made of. `place` says for a score when the ticket's
    turn is: the queue is in that order."""

    name: str
    url: str
    title: str
    facts: ScoreFacts
    place: Callable[[int], datetime]


class Source(Protocol):
    """What a room with tickets can tell. Drills are left out everywhere; `actor` sees no more than elsewhere."""

    def decided(self, *, actor: Actor, limit: int) -> Iterator[Past]:
        """At most `limit` texts whose category a person chose or let stand to the end: the chosen ones first, each
        group with the newest first."""

    def between(self, since: datetime, until: datetime, *, actor: Actor) -> int:
        """How many texts came in from `since` (included) to `until` (excluded)."""

    def batch(self, since: datetime, until: datetime, after: str, *, actor: Actor, limit: int) -> list[Past]:
        """The next texts of that time, by id, after the one with the id `after` ("" for the first)."""

    def waiting(self, *, actor: Actor, limit: int) -> list[Waiting]:
        """At most `limit` open tickets, in the order of the queue."""


class _Nothing:
    """Where no room registered a source: there are no texts."""

    def decided(self, *, actor: Actor, limit: int) -> Iterator[Past]:
        return iter(())

    def between(self, since: datetime, until: datetime, *, actor: Actor) -> int:
        return 0

    def batch(self, since: datetime, until: datetime, after: str, *, actor: Actor, limit: int) -> list[Past]:
        return []

    def waiting(self, *, actor: Actor, limit: int) -> list[Waiting]:
        return []


_source: Source = _Nothing()


def register(source: Source) -> None:
    """Called by the room above in its `ready()`; there is one source."""
    global _source
    _source = source


def current() -> Source:
    return _source
