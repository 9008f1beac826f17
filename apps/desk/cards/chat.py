"""The customer's end of a website chat: there now, or gone (INT-01)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.channels.models import Chat
from apps.core.actors import Actor
from apps.core.vocabulary import Channel
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Message, Ticket
from apps.feedback.states import MessageKind


def build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    return now(ticket) if ticket.channel == Channel.CHAT else None


def now(ticket: Ticket, since: UUID | None = None) -> dict[str, Any] | None:
    """The chat as it stands, with what the customer has said since that message; None for a ticket without one."""
    chat = Chat.objects.filter(ticket=ticket).first()
    if chat is None:
        return None
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER)
    fresh = said.filter(pk__gt=since).prefetch_related("attachments__upload") if since else said.none()
    latest = said.order_by("-at", "-id").values_list("pk", flat=True).first()
    return {"chat": chat, "ticket": ticket, "fresh": list(fresh.order_by("at", "id")), "latest": latest or chat.pk}


CARD = Card("chat", "talk", build)
