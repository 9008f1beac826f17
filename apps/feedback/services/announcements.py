"""Telling people: customers through the channel they chose (HND-07), staff inside the desk (SLA-04, INT-07)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from apps.accounts import selectors as people
from apps.accounts.models import User
from apps.core.vocabulary import Kind, Urgency
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.feedback.selectors.mail import thread_of
from apps.feedback.services import links
from apps.journal.models import Event
from apps.notifications.services import outbox
from apps.notifications.states import MessageChannel


@dataclass(frozen=True, slots=True)
class WayBack:
    """A door that a ticket's customer wrote through: what `outbox.Recipient` needs to know of it."""

    address: str
    label: str
    is_open: bool


_ways_back: list[Callable[[Ticket], WayBack | None]] = []


def register_way_back(find: Callable[[Ticket], WayBack | None]) -> None:
    """A room above knows the doors: it says how a ticket's customer is answered there. Called in its `ready()`."""
    if find not in _ways_back:
        _ways_back.append(find)


def recipient(ticket: Ticket) -> outbox.Recipient:
    """The ticket's customer with every address that is known."""
    customer = ticket.customer
    door = next((found for find in _ways_back if (found := find(ticket))), None)
    to = outbox.Recipient(email=customer.email, phone=customer.phone, name=customer.name)
    return replace(to, door=door.address, door_label=door.label, door_open=door.is_open) if door else to


def way_to(ticket: Ticket) -> tuple[str, outbox.Recipient] | None:
    """The channel by which the customer hears of this ticket now, with their addresses; None where nothing goes out."""
    if ticket.parent_id is not None or ticket.customer.restricted_at is not None:  # LAW-05: restricted, nothing is sent
        return None
    to = recipient(ticket)
    if not (to.phone or to.email or to.door):
        return None
    return outbox.channel_for(ticket.contact_channel or ticket.customer.preferred_channel, to), to


def to_customer(ticket: Ticket, template: str, event: Event, **context: Any) -> None:
    """Send a message about the ticket, once per event; through the door they came by where that is their channel.

    A customer of whom no address is known at all is passed over; so is everything about a part: the whole speaks (HND-11).
    """
    way = way_to(ticket)
    if way is None:
        return
    channel, to = way
    outbox.send(
        template,
        to=to,
        context={
            "number": ticket.number,
            "contact": rules().hotline,
            "link": links.tracking_url(ticket),
            **context,
        },
        event=event,
        language=ticket.language,
        channel=channel,
        thread=thread_of(ticket, ticket.customer.email) if channel == MessageChannel.EMAIL else None,
    )


def to_staff(
    users: Collection[User], template: str, ticket: Ticket, event: Event, *, urgently: bool = False, **context: Any
) -> None:
    """A notice for each of these colleagues, once per event; `urgently` also by e-mail and SMS, wherever they are."""
    facts = {
        "number": ticket.number,
        "kind": Kind(ticket.kind).label,
        "urgency": Urgency(ticket.urgency).label,
        "category": str(ticket.category),
        "department": str(ticket.department),
        "customer": str(ticket.customer),
        "responsible": str(ticket.assignee or ""),
        "received_at": ticket.received_at,
        "due_at": ticket.next_due_at or "",
        **context,
    }
    link = links.staff_url(ticket)
    outbox.notify_many(users, template, context=facts, event=event, link=link)
    if urgently:
        away = {"link": settings.PUBLIC_URL + link, **facts}
        for user in users:
            for channel, address in (("email", user.email), ("sms", user.phone)):
                if address:
                    to = outbox.Recipient(user=user)
                    outbox.send(template, to=to, context=away, event=event, language=user.language, channel=channel)


def responsible(ticket: Ticket) -> list[User]:
    """The handler, or the heads of the department where nobody is named; with whoever was asked first until somebody
    has accepted it (LAW-03)."""
    named = [ticket.assignee] if ticket.assignee else people.heads_of(ticket.department_id)
    first = ticket.answerable
    return named if first is None or first in named else [*named, first]


def on_level(ticket: Ticket, level: str) -> list[User]:
    """Who stands on a step of the escalation ladder (SLA-04)."""
    if level == "head":
        return people.heads_of(ticket.department_id)
    if level == "duty_manager":
        return people.duty_managers(ticket.department_id)
    if level == "management":
        return people.management()
    return responsible(ticket)
