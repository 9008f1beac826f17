"""Who hears of missed calls and of calls that nobody logged. Each runs exactly once per event (journal.deliveries)."""

from datetime import datetime

from django.urls import reverse

from apps.accounts import selectors as people
from apps.accounts.models import User
from apps.channels.calls import events
from apps.channels.models import Call, Extension
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox
from apps.sla import events as deadlines
from apps.sla.models import Deadline
from apps.sla.states import Metric, State


@on(events.CALL_MISSED, name="channels.announce_missed_call")
def announce_missed_call(event: Event) -> None:
    """Whose telephone rang hears of it; where it rang in a queue, everybody with an extension."""
    call = Call.objects.select_related("agent").get(pk=event.subject_id)
    due = Deadline.objects.filter(subject_id=call.pk, metric=Metric.CALL_RETURN, state=State.OPEN).first()
    if call.settled_at is None and due is not None:
        _tell(_agents(call), "missed_call", call, event, due.due_at)


@on(deadlines.WARNED, deadlines.BREACHED, deadlines.ESCALATED, name="channels.warn_of_call")
def warn_of_call(event: Event) -> None:
    """A call is not logged, or not returned, in time: whoever took it hears, then the heads of the department (SLA-04)."""
    if event.subject_type != "channels.call":
        return
    call = Call.objects.select_related("agent").filter(pk=event.subject_id, settled_at=None).first()
    if call is None:
        return
    users = _agents(call)
    if event.kind == deadlines.ESCALATED and event.data.get("level") != "assignee":
        department = call.agent.department_id if call.agent else None
        users = people.heads_of(department) if department else people.duty_managers()
    template = "call_unlogged" if event.data["metric"] == Metric.HOTLINE_PICKUP else "missed_call"
    _tell(users, template, call, event, datetime.fromisoformat(event.data["due_at"]))


def _agents(call: Call) -> list[User]:
    if call.agent is not None:
        return [call.agent]
    on_the_phone = Extension.objects.values("user")
    return list(User.objects.filter(is_active=True, pk__in=on_the_phone).order_by("pk"))


def _tell(users: list[User], template: str, call: Call, event: Event, due_at: datetime) -> None:
    context = {"caller": call.caller_masked or "—", "at": call.rang_at, "due_at": due_at}
    outbox.notify_many(users, template, context=context, event=event, link=reverse("admin:desk_calls"))
