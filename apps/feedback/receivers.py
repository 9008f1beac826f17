"""What this room does when it hears of an event. Each runs exactly once per event (journal.deliveries)."""

from datetime import datetime

from django.urls import reverse

from apps.accounts import selectors as people
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import locks
from apps.core.actors import system
from apps.core.vocabulary import Kind
from apps.feedback import events
from apps.feedback.models import Message, Survey, Ticket
from apps.feedback.services import announcements, clocks, closure, drills, family, links, reclassification, survey_sms
from apps.feedback.states import MessageKind, TicketState
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications import muting
from apps.notifications.services import outbox
from apps.sla import events as deadlines
from apps.sla.models import ExtensionRequest
from apps.sla.selectors import asked_to_decide
from apps.sla.states import Level, Metric

SLA = system("sla")

muting.register("feedback.ticket", drills.silence)  # no message about a drill leaves the house (TRN-01)


def _ticket(event: Event) -> Ticket:
    return Ticket.objects.select_related("customer", "department", "category", "assignee").get(pk=event.subject_id)


@on(events.TICKET_RECEIVED, name="feedback.acknowledge")
def acknowledge(event: Event) -> None:
    """The customer gets number and private link (INT-10); critical feedback alerts the duty manager at once (INT-07)."""
    ticket = _ticket(event)
    announcements.to_customer(
        ticket,
        "acknowledgement",
        event,
        kind=Kind(ticket.kind).label,
        received_at=ticket.received_at,
        reply_by=ticket.next_due_at or "",
    )
    if ticket.urgency == "critical":
        managers = people.duty_managers(ticket.department_id)
        announcements.to_staff(managers, "critical_alert", ticket, event, urgently=True)


@on(events.TICKET_ASSIGNED, name="feedback.tell_assignee")
def tell_assignee(event: Event) -> None:
    ticket = _ticket(event)
    if ticket.assignee and ticket.assignee_id != event.actor_id:
        announcements.to_staff([ticket.assignee], "assigned", ticket, event)


@on(events.MESSAGE_ADDED, name="feedback.pass_message_on")
def pass_message_on(event: Event) -> None:
    """Replies go to the customer, the customer's words to whoever is responsible."""
    ticket = _ticket(event)
    message = Message.objects.select_related("author").get(pk=event.data["message"])
    if message.kind == MessageKind.CUSTOMER:
        answering = family.leader(ticket)
        told = announcements.responsible(answering)
        if answering.parent is not None:  # the whole speaks to the customer, so whoever has it hears of this, too
            told += [user for user in announcements.responsible(answering.parent) if user not in told]
        announcements.to_staff(told, "customer_replied", answering, event)
    elif message.kind == MessageKind.PROGRESS:
        announcements.to_customer(
            ticket, "progress_update", event, progress=message.body, next_update_by=ticket.next_due_at or ""
        )
    elif message.kind == MessageKind.REPLY:
        template, words = ("waiting_for_customer", "question") if event.data["question"] else ("staff_reply", "message")
        announcements.to_customer(
            ticket, template, event, handler=outbox.handler(message.author), **{words: message.body}
        )


@on(events.TICKET_RESOLVED, name="feedback.send_result")
def send_result(event: Event) -> None:
    ticket = _ticket(event)
    announcements.to_customer(
        ticket, "result_notice", event, solution=ticket.result, handler=outbox.handler(ticket.assignee)
    )


@on(events.CALLBACK_STARTED, name="feedback.send_survey")
def send_survey(event: Event) -> None:
    ticket = _ticket(event)
    survey = Survey.objects.get(pk=event.data["survey"])
    if not survey_sms.unwanted(ticket):
        announcements.to_customer(ticket, "survey", event, link=links.survey_url(survey))


@on(events.SURVEY_REMINDED, name="feedback.send_survey_reminder")
def send_survey_reminder(event: Event) -> None:
    ticket = _ticket(event)
    # Reopened or answered meanwhile: nobody is to be reminded of a round that is over.
    open_ones = ticket.surveys.filter(round=ticket.reopen_count, answered_at=None)
    survey = open_ones.exclude(reminded_at=None).first()
    if survey is None or survey_sms.unwanted(ticket):
        return
    announcements.to_customer(ticket, "survey_reminder", event, link=links.survey_url(survey), closes_on="")


@on(events.FOLLOW_UP_STARTED, name="feedback.announce_follow_up")
def announce_follow_up(event: Event) -> None:
    ticket = _ticket(event)
    announcements.to_customer(ticket, "second_followup", event, contact_by=ticket.next_due_at or "")
    if not event.data.get("contradicts"):
        announcements.to_staff(announcements.responsible(ticket), "assigned", ticket, event)
        return
    # Whoever handled it can't close it: the heads hear of it and send somebody else (HND-12).
    users = {u.pk: u for u in [*people.heads_of(ticket.department_id), *announcements.responsible(ticket)]}
    survey = ticket.surveys.filter(round=ticket.reopen_count).first()
    words = survey.contradiction if survey else ""
    announcements.to_staff(list(users.values()), "survey_contradicted", ticket, event, reason=words)


@on(events.TICKET_CLOSED, name="feedback.announce_closing")
def announce_closing(event: Event) -> None:
    announcements.to_customer(_ticket(event), "closed_notice", event)


@on(events.TICKET_REOPENED, name="feedback.announce_reopening")
def announce_reopening(event: Event) -> None:
    ticket = _ticket(event)
    announcements.to_customer(ticket, "reopened", event, reason="", reply_by=ticket.next_due_at or "")
    announcements.to_staff(announcements.responsible(ticket), "assigned", ticket, event)


@on(events.SUPERVISOR_REQUESTED, name="feedback.call_supervisor")
def call_supervisor(event: Event) -> None:
    """SLA-06: the head of the department hears of it, with the handler."""
    ticket = _ticket(event)
    users = {u.pk: u for u in [*people.heads_of(ticket.department_id), *announcements.responsible(ticket)]}
    announcements.to_staff(list(users.values()), "supervisor_requested", ticket, event, reason=event.reason)


@on(deadlines.WARNED, deadlines.BREACHED, name="feedback.warn_of_deadline")
def warn_of_deadline(event: Event) -> None:
    if event.subject_type != "feedback.ticket":
        return
    ticket = _ticket(event)
    template = "deadline_warned" if event.kind == deadlines.WARNED else "deadline_breached"
    _tell_of_deadline(announcements.responsible(ticket), template, ticket, event)


@on(deadlines.ESCALATED, name="feedback.escalate")
def escalate(event: Event) -> None:
    """One step up the ladder: whoever stands there is told and the ticket is flagged (SLA-04)."""
    if event.subject_type != "feedback.ticket":
        return
    ticket = _ticket(event)
    level = event.data["level"]
    if level != "assignee":
        reclassification.escalate(ticket, level=level, metric=event.data["metric"], actor=SLA)
    urgently = ticket.urgency == "critical" and level != "assignee"
    _tell_of_deadline(announcements.on_level(ticket, level), "deadline_escalated", ticket, event, urgently=urgently)


def _tell_of_deadline(
    users: list[User], template: str, ticket: Ticket, event: Event, *, urgently: bool = False
) -> None:
    announcements.to_staff(
        users,
        template,
        ticket,
        event,
        urgently=urgently,
        metric=Metric(event.data["metric"]).label,
        due_at=datetime.fromisoformat(event.data["due_at"]),
        level=Level(event.data["level"]).label if event.data.get("level") else "",
    )


@on(deadlines.CHANGED, deadlines.CANCELLED, deadlines.SET_BY_HAND, name="feedback.note_next_deadline")
def note_next_deadline(event: Event) -> None:
    """A calendar, a policy or a person moved a deadline: the queue follows."""
    if event.subject_type == "feedback.ticket":
        clocks.refresh(locks.row(Ticket, event.subject_id))


@on(deadlines.EXTENSION_ASKED, name="feedback.ask_for_extension")
def ask_for_extension(event: Event) -> None:
    """More time is asked for: the head of department hears of it, management where it is long (SLA-05)."""
    if event.subject_type != "feedback.ticket":
        return
    asked = ExtensionRequest.objects.select_related("deadline").get(pk=event.data["extension"])
    announcements.to_staff(
        asked_to_decide(asked),
        "extension_asked",
        _ticket(event),
        event,
        metric=asked.deadline.get_metric_display(),
        due_at=asked.was_due_at,
        until=asked.asked_until,
        author=str(asked.requested_by or asked.requested_label),
        reason=asked.reason,
    )


@on(deadlines.SET_BY_HAND, deadlines.EXTENSION_ENDED, name="feedback.tell_of_extension")
def tell_of_extension(event: Event) -> None:
    """Whoever asked hears what was decided; not of what they took back themselves (SLA-05)."""
    if event.subject_type != "feedback.ticket" or not event.data.get("extension"):
        return
    asked = ExtensionRequest.objects.select_related("deadline", "requested_by").get(pk=event.data["extension"])
    if asked.requested_by is None or asked.requested_by_id == event.actor_id:
        return
    announcements.to_staff(
        [asked.requested_by],
        "extension_decided",
        _ticket(event),
        event,
        metric=asked.deadline.get_metric_display(),
        decision=asked.get_state_display(),
        due_at=datetime.fromisoformat(event.data["due_at"]),
        reason=asked.decision_reason,
    )


@on(deadlines.OFFICIAL_DAYS_MISSING, name="feedback.tell_of_missing_days")
def tell_of_missing_days(event: Event) -> None:
    """Administrators hear that next year's make-up days are not known yet (SLA-02)."""
    year = event.data["year"]
    link = reverse("admin:sla_calendar_year", args=["official", year])
    users = people.with_role(Role.ADMINISTRATOR)
    outbox.notify_many(users, "official_days_missing", context={"year": str(year)}, event=event, link=link)


@on(deadlines.FIRED, name="feedback.act_on_timer")
def act_on_timer(event: Event) -> None:
    """Survey, reminder and giving up come from timers; a ticket that has moved on meanwhile is left alone."""
    if event.subject_type != "feedback.ticket":
        return
    ticket = _ticket(event)
    metric = event.data["metric"]
    if metric == Metric.SURVEY_SEND and ticket.state == TicketState.RESOLVED:
        closure.start_callback(ticket, actor=closure.SURVEYS)
    elif metric == Metric.SURVEY_REMINDER and ticket.state == TicketState.CALLBACK:
        closure.remind(ticket)
    elif metric == Metric.SURVEY_NO_REPLY and ticket.state == TicketState.CALLBACK:
        closure.close_unanswered(ticket)
