"""Telling people: customers through the channel they chose (HND-07), staff inside the desk (SLA-04, INT-07)."""

from collections.abc import Collection
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


def to_customer(ticket: Ticket, template: str, event: Event, **context: Any) -> None:
    """Send a message about the ticket, once per event. A customer known only by a platform account is passed over."""
    customer = ticket.customer
    if not customer.phone and not customer.email:
        return
    to = outbox.Recipient(email=customer.email, phone=customer.phone, name=customer.name)
    channel = outbox.channel_for(ticket.contact_channel or customer.preferred_channel, to)
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
        thread=thread_of(ticket, customer.email) if channel == MessageChannel.EMAIL else None,
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
    """The handler, or the heads of the department where nobody is named."""
    return [ticket.assignee] if ticket.assignee else people.heads_of(ticket.department_id)


def on_level(ticket: Ticket, level: str) -> list[User]:
    """Who stands on a step of the escalation ladder (SLA-04)."""
    if level == "head":
        return people.heads_of(ticket.department_id)
    if level == "duty_manager":
        return people.duty_managers(ticket.department_id)
    if level == "management":
        return people.management()
    return responsible(ticket)
