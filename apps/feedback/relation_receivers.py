"""What follows when tickets turn out to hang together, and when a customer asks where one stands."""

from uuid import UUID

from apps.accounts import selectors as people
from apps.core import locks
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import announcements, clocks, family, intake, parts
from apps.journal.models import Event
from apps.journal.receivers import on

_WITH = ("customer", "department", "category", "assignee", "merged_into__assignee", "parent__assignee")


def _ticket(pk: UUID | str) -> Ticket:
    return Ticket.objects.select_related(*_WITH).get(pk=pk)


@on(events.REPEATED, name="feedback.note_repeat")
def note_repeat(event: Event) -> None:
    """The first ticket's handler hears of it, and the first one weighs more (INT-08, CLS-05)."""
    first = locks.row(Ticket, event.subject_id)
    if first.repeat_of_id is not None:  # made a repeat itself meanwhile: chains point to the first
        repeat = locks.row(Ticket, event.data["ticket"])
        if repeat.repeat_of_id == first.pk and repeat.pk != first.repeat_of_id:
            repeat.repeat_of_id = first.repeat_of_id
            repeat.save(update_fields=["repeat_of"])
    if first.is_open:
        intake.rescore(first)
        first.save(update_fields=["priority_score", "priority_level", "priority_parts"])
        clocks.refresh(first)
    answering = family.leader(_ticket(event.subject_id))
    repeat = Ticket.objects.get(pk=event.data["ticket"])
    announcements.to_staff(
        announcements.responsible(answering), "repeat_received", answering, event, repeat=repeat.number
    )


@on(events.TICKET_NUDGED, name="feedback.pass_nudge_on")
def pass_nudge_on(event: Event) -> None:
    """The handler is told, from the desk's number of nudges on the heads too; the customer hears by when (HND-11)."""
    ticket, count = _ticket(event.subject_id), event.data["count"]
    users = {user.pk: user for user in announcements.responsible(ticket)}
    if count >= rules().nudge_heads_from:
        users |= {user.pk: user for user in people.heads_of(ticket.department_id)}
    announcements.to_staff(
        list(users.values()), "customer_nudged", ticket, event, count=str(count), reason=event.reason
    )
    announcements.to_customer(ticket, "nudge_received", event, due_at=ticket.next_due_at or "")


@on(events.PART_CREATED, name="feedback.announce_part")
def announce_part(event: Event) -> None:
    part = _ticket(event.subject_id)
    if part.assignee is None:  # a named handler hears of it by the assignment
        announcements.to_staff(announcements.responsible(part), "assigned", part, event)


@on(events.TICKET_CLOSED, events.TICKET_REJECTED, name="feedback.tell_whole")
def tell_whole(event: Event) -> None:
    """The last part is done: whoever answers for the whole can go on (HND-11)."""
    part = _ticket(event.subject_id)
    whole = part.parent
    if whole is None or not whole.is_open or parts.open_parts(whole).exists():
        return
    whole = _ticket(whole.pk)
    announcements.to_staff(announcements.responsible(whole), "parts_done", whole, event, part=part.number)
