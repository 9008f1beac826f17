"""A complaint's ticket speaks to the platform too. Each runs exactly once per event (journal.deliveries)."""

from apps.channels.models import PayStep
from apps.channels.pay import events
from apps.channels.services import pay_steps
from apps.channels.services.pay import complaint_of
from apps.feedback import events as tickets
from apps.feedback.models import Message, Ticket
from apps.feedback.services import announcements
from apps.feedback.states import TO_CUSTOMER
from apps.journal.models import Event
from apps.journal.receivers import on


def _ticket(event: Event) -> Ticket:
    return Ticket.objects.select_related("customer", "department", "category", "assignee").get(pk=event.subject_id)


@on(tickets.MESSAGE_ADDED, name="channels.answer_complaint")
def answer_complaint(event: Event) -> None:
    """What staff write to the customer is an answer to the user there (回复用户)."""
    if event.data.get("kind") not in TO_CUSTOMER:
        return
    complaint = complaint_of(Ticket(pk=event.subject_id))
    if complaint is not None:
        message = Message.objects.get(pk=event.data["message"])
        pay_steps.plan_reply(complaint, message.body, event=event, message=message)


@on(tickets.TICKET_RESOLVED, name="channels.complete_complaint")
def complete_complaint(event: Event) -> None:
    """The result is told there, and then that it is done (反馈处理完成)."""
    complaint = complaint_of(Ticket(pk=event.subject_id))
    if complaint is not None:
        pay_steps.plan_reply(complaint, _ticket(event).result, event=event)
        pay_steps.plan_completion(complaint, event=event)


@on(tickets.TICKET_REOPENED, name="channels.complaint_goes_on")
def complaint_goes_on(event: Event) -> None:
    complaint = complaint_of(Ticket(pk=event.subject_id))
    if complaint is not None:
        pay_steps.drop_completion(complaint)


@on(events.STEP_FAILED, name="channels.complaint_refused")
def complaint_refused(event: Event) -> None:
    """The platform will not take it: a person must look, before its clock runs out."""
    ticket = _ticket(event)
    kind = PayStep.Kind(event.data["kind"]).label
    reason = f"{kind}: {event.data['error']}"
    announcements.to_staff(announcements.responsible(ticket), "platform_refused", ticket, event, reason=reason)
