"""What waits for somebody's decision, whatever room it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from apps.accounts.models import User
from apps.core.actors import Actor
from apps.notifications.services.questions import About

NONE, OPTIONAL, REQUIRED = "none", "optional", "required"


@dataclass(frozen=True, slots=True)
class Verb:
    """A decision. `perform(subject, actor, words)` calls the room's service, which checks everything again.

    `words` says whether it takes words (NONE, OPTIONAL, REQUIRED), `key` presses it. What `perform` needs beside words
    is asked on the case's own page.
    """

    name: str
    label: str | Promise
    icon: str
    done: str | Promise
    perform: Callable[[Any, Actor, str], Any]
    words: str = OPTIONAL
    words_label: str | Promise = ""
    key: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `amount` in yuan. `due_of` are the subjects whose next deadline counts; `due_at` is that one.

    `together` where a rule calls it small enough to be ticked along with others.
    """

    source: str
    pk: UUID
    number: str
    title: str
    who: str
    amount: Decimal | None
    since: datetime
    due_of: tuple[UUID, ...] = ()
    due_at: datetime | None = None
    together: bool = False

    @property
    def key(self) -> str:
        return f"{self.source}:{self.pk}"


@dataclass(frozen=True, slots=True)
class Case:
    """A case in full. `why_not` says why this actor can't decide on it (any more); then there are no verbs.

    `content` goes to `template` as `case`. `filer` can be asked back where `about` names the case for the question.
    """

    row: Row
    subject: Any
    template: str
    content: dict[str, Any]
    verbs: tuple[Verb, ...] = ()
    why_not: str = ""
    page: str = ""
    about: About | None = None
    filer: User | None = None
    ticket_id: UUID | None = None
    happened: list[str] = field(default_factory=list)


class Source(Protocol):
    """One kind of case. A later room adds its own to `approvals.SOURCES`."""

    name: str
    label: str | Promise
    icon: str

    def rows(self, actor: Actor) -> list[Row]:
        """What this actor may really decide now, with a fixed number of queries. Never what they filed."""

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        """The case, or None where this actor may not know of it."""
