"""What a card of the workspace is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket

Build = Callable[[Ticket, Actor, Mapping[str, DeskForm]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Card:
    """One noun that hangs on a ticket, shown by `templates/desk/cards/<name>.html` as `card`.

    `build` reads with a fixed number of queries and answers None where there is nothing to show; its third argument
    holds forms that were refused, by action. `actions` are posted to `desk_act` like the steps of the ticket itself.
    """

    name: str
    column: str  # "talk" (between story and composer), "work" (middle) or "side" (right)
    build: Build
    actions: tuple[Action, ...] = ()

    @property
    def template(self) -> str:
        return f"desk/cards/{self.name}.html"


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with what it shows now."""

    template: str
    content: dict[str, Any]
