"""The receipt of what was taken in at a counter."""

from collections.abc import Mapping
from typing import Any

from apps.core.actors import Actor
from apps.core.vocabulary import Channel
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket


def build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    shown = ticket.channel == Channel.STORE and actor.can("feedback.create_ticket")
    return {"number": ticket.number} if shown else None


CARD = Card("receipt", "side", build)
