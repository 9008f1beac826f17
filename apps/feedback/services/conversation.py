"""The ticket's story: the customer's words, replies, notes and calls (HND-03, HND-07)."""

from collections.abc import Sequence

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.core.vocabulary import Channel
from apps.feedback import events
from apps.feedback.models import Attachment, Message, Ticket
from apps.feedback.services import clocks, words
from apps.feedback.states import TO_CUSTOMER, MessageKind, TicketState
from apps.journal import events as journal
from apps.journal import transitions
from apps.sla.states import Metric

CUSTOMER_MAY_WRITE = [s for s in TicketState if s not in (TicketState.CLOSED, TicketState.REJECTED)]


def add(
    ticket: Ticket, kind: MessageKind, body: str, *, actor: Actor, channel: str = "", uploads: Sequence[Upload] = ()
) -> Message:
    """Add a staff entry: a reply, a progress note, an internal note or a call record.

    The first entry that reaches the customer is the first response (an automatic acknowledgement never is, SLA-08);
    each one is a progress update. Raises DomainError `core.not_allowed`, `core.required`, `core.too_long`,
    `core.control_characters`, `ticket.not_waiting`.
    """
    if kind == MessageKind.CUSTOMER or not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    body = words.checked(body, "body", required="core.required")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if kind in TO_CUSTOMER and not fresh.is_open:
            raise DomainError("ticket.not_waiting")
        message = write(fresh, kind, body, actor, channel, uploads)
        if kind in (*TO_CUSTOMER, MessageKind.CALL):
            _customer_heard(fresh)
        return message


def customer_says(ticket: Ticket, body: str, *, actor: Actor, channel: str, uploads: Sequence[Upload] = ()) -> Message:
    """The customer adds something; a ticket that waited for it goes on (SLA-03).

    Raises DomainError `core.required`, `core.too_long`, `core.control_characters`, `ticket.not_waiting`.
    """
    body = words.checked(body, "body", required=None if uploads else "core.required")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if fresh.state not in CUSTOMER_MAY_WRITE:
            raise DomainError("ticket.not_waiting")
        message = write(fresh, MessageKind.CUSTOMER, body, actor, channel, uploads)
        if fresh.state == TicketState.WAITING:
            resume(fresh, actor=actor)
        return message


def ask_customer(ticket: Ticket, question: str, *, actor: Actor, uploads: Sequence[Upload] = ()) -> Ticket:
    """Put a question to the customer and wait: the clocks pause (SLA-03). Same errors as `add`."""
    question = words.checked(question, "body", required="core.required")
    with transaction.atomic():
        waiting = transitions.apply(ticket, "ask_customer", actor=actor)
        write(waiting, MessageKind.REPLY, question, actor, "", uploads, is_question=True)
        _customer_heard(waiting)
        clocks.pause(waiting)
        return waiting


def resume(ticket: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """Go on working: the customer answered, or staff learned what they needed elsewhere."""
    with transaction.atomic():
        fresh = transitions.apply(ticket, "resume", actor=actor, reason=reason)
        clocks.resume(fresh)
        return fresh


def write(
    ticket: Ticket,
    kind: MessageKind,
    body: str,
    actor: Actor,
    channel: str,
    uploads: Sequence[Upload] = (),
    *,
    is_question: bool = False,
) -> Message:
    """Append an entry to a locked ticket's story. The caller has checked who may and what was typed."""
    message = Message.objects.create(
        ticket=ticket, kind=kind, body=body, author_id=actor.user_id, channel=channel or Channel.ONLINE, at=clock.now()
    )
    Attachment.objects.bulk_create([Attachment(ticket=ticket, message=message, upload=u) for u in uploads])
    journal.record(
        events.MESSAGE_ADDED,
        subject=ticket,
        actor=actor,
        data={
            "kind": kind,
            "message": str(message.pk),
            "files": len(uploads),
            "question": is_question,
            "text": journal.digest(body, of=message),
        },
    )
    return message


def _customer_heard(ticket: Ticket) -> None:
    """Staff reached the customer: first response and progress update."""
    if ticket.first_responded_at is None:
        ticket.first_responded_at = clock.now()
        ticket.save(update_fields=["first_responded_at"])
        clocks.meet(ticket, Metric.FIRST_RESPONSE)
    if ticket.state in (TicketState.IN_PROGRESS, TicketState.SOLUTION_APPROVAL):
        clocks.meet(ticket, Metric.PROGRESS)
        clocks.start(ticket, Metric.PROGRESS)
    clocks.refresh(ticket)
