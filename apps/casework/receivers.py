"""What this room does when it hears of a ticket. Each runs exactly once per event (journal.deliveries)."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, override, pgettext_lazy

from apps.accounts import selectors as staff
from apps.accounts.models import User
from apps.casework.models import CareTask, Watch
from apps.casework.selectors import people
from apps.casework.services import care, checklists
from apps.casework.states import CareMoment
from apps.feedback import events
from apps.feedback.models import Message, Ticket
from apps.feedback.services import announcements
from apps.feedback.states import MessageKind
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.sla import events as deadlines
from apps.sla.states import Level, Metric

# What those who follow a ticket hear of, in words.
CHANGES = {
    events.TICKET_ASSIGNED: pgettext_lazy("change", "assigned"),
    events.TICKET_ACCEPTED: pgettext_lazy("change", "accepted"),
    events.TICKET_WAITING: pgettext_lazy("change", "waits for the customer"),
    events.TICKET_RESUMED: pgettext_lazy("change", "work goes on"),
    events.SOLUTION_PROPOSED: pgettext_lazy("change", "a solution was proposed"),
    events.SOLUTION_APPROVED: pgettext_lazy("change", "the solution was approved"),
    events.SOLUTION_DECLINED: pgettext_lazy("change", "the solution was declined"),
    events.TICKET_RESOLVED: pgettext_lazy("change", "resolved"),
    events.FOLLOW_UP_STARTED: pgettext_lazy("change", "second follow-up"),
    events.TICKET_CLOSED: pgettext_lazy("change", "closed"),
    events.TICKET_REOPENED: pgettext_lazy("change", "reopened"),
    events.TICKET_REJECTED: pgettext_lazy("change", "rejected"),
    events.TICKET_RESTORED: pgettext_lazy("change", "restored"),
    events.TICKET_RECLASSIFIED: pgettext_lazy("change", "reclassified"),
    events.URGENCY_CHANGED: pgettext_lazy("change", "urgency changed"),
    events.SUPERVISOR_REQUESTED: pgettext_lazy("change", "the customer asks for a supervisor"),
    events.MESSAGE_ADDED: pgettext_lazy("change", "a new message"),
    deadlines.BREACHED: pgettext_lazy("change", "a deadline was missed"),
}
RECLASSIFIED = (events.TICKET_RECLASSIFIED, events.URGENCY_CHANGED)


def _ticket(event: Event) -> Ticket:
    return Ticket.objects.select_related("customer", "department", "category", "assignee").get(pk=event.subject_id)


@on(events.TICKET_RECEIVED, *RECLASSIFIED, events.TICKET_RESTORED, name="casework.put_on_checklists")
def put_on_checklists(event: Event) -> None:
    """HND-11."""
    checklists.follow_rules(_ticket(event))


@on(events.TICKET_RECEIVED, *RECLASSIFIED, events.TICKET_RESOLVED, name="casework.plan_care")
def plan_care(event: Event) -> None:
    """HND-10."""
    resolved = event.kind == events.TICKET_RESOLVED
    care.follow_rules(_ticket(event), CareMoment.RESOLVED if resolved else CareMoment.RECEIVED)


@on(events.TICKET_REJECTED, name="casework.drop_care")
def drop_care(event: Event) -> None:
    with override(settings.LANGUAGE_CODE):  # what the system writes down is in the house's language
        reason = gettext("The ticket was rejected.")
    care.drop_all(_ticket(event), reason=reason)


@on(events.MESSAGE_ADDED, name="casework.tell_mentioned")
def tell_mentioned(event: Event) -> None:
    """Colleagues named in an internal note hear of it; whoever lost sight of the ticket meanwhile does not."""
    if event.data["kind"] != MessageKind.NOTE:
        return
    ticket = _ticket(event)
    note = Message.objects.select_related("author").get(pk=event.data["message"])
    named = [u for u in people.mentioned(note.body) if u.pk != event.actor_id and people.may_see(u, ticket)]
    announcements.to_staff(named, "mentioned", ticket, event, author=str(note.author or event.actor_label))


@on(*CHANGES, name="casework.tell_followers")
def tell_followers(event: Event) -> None:
    """Followers hear of changes; not of their own ones, nor of what the handler is told anyway."""
    if event.subject_type != "feedback.ticket":
        return
    watching = Watch.objects.filter(ticket=event.subject_id, created_at__lte=event.at).select_related("user")
    users = [w.user for w in watching if w.user_id != event.actor_id and w.user.is_active]
    if not users:
        return
    ticket = _ticket(event)
    users = [u for u in users if u.pk != ticket.assignee_id and people.may_see(u, ticket)]
    announcements.to_staff(users, "ticket_changed", ticket, event, change=CHANGES[event.kind])


@on(deadlines.WARNED, deadlines.BREACHED, deadlines.ESCALATED, name="casework.warn_of_care")
def warn_of_care(event: Event) -> None:
    """A care task comes near, is late or goes up the ladder (SLA-04)."""
    if event.subject_type != "casework.caretask":
        return
    task = CareTask.objects.select_related("ticket__department", "ticket__customer", "assignee").get(
        pk=event.subject_id
    )
    ticket = Ticket.objects.select_related("customer", "department", "category", "assignee").get(pk=task.ticket_id)
    level = event.data.get("level")
    users = announcements.on_level(ticket, level) if level and level != Level.ASSIGNEE else _responsible(task, ticket)
    template = {deadlines.WARNED: "deadline_warned", deadlines.BREACHED: "deadline_breached"}
    announcements.to_staff(
        users,
        template.get(event.kind, "deadline_escalated"),
        ticket,
        event,
        metric=Metric.CARE_TASK.label,
        due_at=datetime.fromisoformat(event.data["due_at"]),
        level=Level(level).label if level else "",
    )


def _responsible(task: CareTask, ticket: Ticket) -> list[User]:
    """Who took it, else those with its role who may see the ticket."""
    if task.assignee:
        return [task.assignee]
    return [user for user in staff.with_role(task.role) if people.may_see(user, ticket)]
