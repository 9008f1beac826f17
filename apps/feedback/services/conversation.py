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
from apps.feedback.services import clocks, family, search_index, words
from apps.feedback.states import OPEN_STATES, TO_CUSTOMER, MessageKind, TicketState
from apps.journal import events as journal
from apps.journal import gates, transitions
from apps.sla.states import Metric

CUSTOMER_MAY_WRITE = OPEN_STATES


def add(
    ticket: Ticket, kind: MessageKind, body: str, *, actor: Actor, channel: str = "", uploads: Sequence[Upload] = ()
) -> Message:
    """Add a staff entry: a reply, a progress note, an internal note, a call record or a test report.

    The first entry that reaches the customer is the first response (an automatic acknowledgement never is, SLA-08);
    each one is a progress update. Raises DomainError `core.not_allowed`, `core.required`, `core.too_long`,
    `core.control_characters`, `ticket.not_waiting`, `merge.write_there`, `part.speaks_through`, and what a gate
    `feedback.ticket.write` of a room above says.
    """
    if kind == MessageKind.CUSTOMER or not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    body = words.checked(body, "body", required="core.required")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if kind in TO_CUSTOMER:
            _check_reaches(fresh)
        if error := gates.refusal(fresh, "write", {"kind": kind, "body": body}):
            raise error
        message = write(fresh, kind, body, actor, channel, uploads)
        if kind in (*TO_CUSTOMER, MessageKind.CALL):
            _customer_heard(fresh)
        return message


def why_not_to_customer(ticket: Ticket) -> DomainError | None:
    """Why words to the customer don't belong on this ticket. Where it was merged into one of another customer, they do."""
    if ticket.customer.restricted_at is not None:
        return DomainError("crm.restricted")  # LAW-05
    if ticket.parent is not None:
        return DomainError("part.speaks_through", number=ticket.parent.number)
    if ticket.merged_into is not None and ticket.merged_into.customer_id == ticket.customer_id:
        return DomainError("merge.write_there", number=ticket.merged_into.number)
    if ticket.merged_into is None and not ticket.is_open:
        return DomainError("ticket.not_waiting")
    return None


def _check_reaches(ticket: Ticket) -> None:
    if error := why_not_to_customer(ticket):
        raise error


def customer_says(ticket: Ticket, body: str, *, actor: Actor, channel: str, uploads: Sequence[Upload] = ()) -> Message:
    """The customer adds something; a ticket that waited for it goes on (SLA-03).

    On a merged ticket it is kept there, and the ticket that answers for it shows it, goes on and hears of it.
    Raises DomainError `core.required`, `core.too_long`, `core.control_characters`, `ticket.not_waiting`.
    """
    body = words.checked(body, "body", required=None if uploads else "core.required")
    with transaction.atomic():
        fresh, leader = family.with_leader(ticket)
        if leader.state not in CUSTOMER_MAY_WRITE:
            raise DomainError("ticket.not_waiting")
        message = write(fresh, MessageKind.CUSTOMER, body, actor, channel, uploads)
        if leader.state == TicketState.WAITING and leader.customer_id == fresh.customer_id:
            resume(leader, actor=actor)
        return message


def ask_customer(ticket: Ticket, question: str, *, actor: Actor, uploads: Sequence[Upload] = ()) -> Ticket:
    """Put a question to the customer and wait: the clocks pause (SLA-03). Same errors as `add`."""
    question = words.checked(question, "body", required="core.required")
    with transaction.atomic():
        waiting = transitions.apply(ticket, "ask_customer", actor=actor)
        _check_reaches(waiting)
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
    search_index.add(ticket.pk, body)
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
