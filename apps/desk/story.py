"""The ticket's story: messages in full, events folded between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import Department, User
from apps.billing import audit_events
from apps.casework import events as casework
from apps.channels.chat import events as chats
from apps.channels.pay import events as pay
from apps.channels.services.counter import RECEIPT_SHOWN
from apps.core import clock
from apps.core.vocabulary import Demand, Kind, Urgency
from apps.desk.money import told as money
from apps.feedback import events as feedback
from apps.feedback.models import Message, RegulatorCase, Ticket
from apps.feedback.selectors.mail import is_id
from apps.feedback.services.relations import Relation
from apps.feedback.states import ClosedAs, RejectReason, TicketState
from apps.journal.erasure import WORDS_ERASED
from apps.journal.models import Event
from apps.notifications import events as notifications
from apps.notifications.catalogue import MESSAGE_TYPES
from apps.sla import events as sla
from apps.sla.states import ExtensionState, Level, Metric
from apps.triage.models import Category
from apps.triage.states import Impact

KINDS: dict[str, str | Promise] = {
    feedback.TICKET_RECEIVED: gettext_lazy("Received"),
    feedback.TICKET_ASSIGNED: gettext_lazy("Assigned"),
    feedback.TICKET_ACCEPTED: gettext_lazy("Accepted"),
    feedback.TICKET_WAITING: gettext_lazy("Waiting for the customer"),
    feedback.TICKET_RESUMED: gettext_lazy("Work resumed"),
    feedback.SOLUTION_PROPOSED: gettext_lazy("Solution proposed"),
    feedback.SOLUTION_APPROVED: gettext_lazy("Solution approved"),
    feedback.SOLUTION_DECLINED: gettext_lazy("Solution declined"),
    feedback.TICKET_RESOLVED: gettext_lazy("Resolved"),
    feedback.CALLBACK_STARTED: gettext_lazy("Survey sent"),
    feedback.TICKET_CLOSED: gettext_lazy("Closed"),
    feedback.FOLLOW_UP_STARTED: gettext_lazy("Second follow-up begun"),
    feedback.TICKET_REOPENED: gettext_lazy("Reopened"),
    feedback.TICKET_REJECTED: gettext_lazy("Rejected"),
    feedback.TICKET_RESTORED: gettext_lazy("Restored"),
    feedback.TICKET_RECLASSIFIED: gettext_lazy("Classification corrected"),
    feedback.URGENCY_CHANGED: gettext_lazy("Urgency changed"),
    feedback.TICKET_ESCALATED: gettext_lazy("Escalated"),
    feedback.SUPERVISOR_REQUESTED: gettext_lazy("Supervisor asked for"),
    feedback.PLAN_WRITTEN: gettext_lazy("Handling plan written"),
    feedback.MESSAGE_ADDED: gettext_lazy("Message"),
    feedback.SURVEY_ANSWERED: gettext_lazy("Survey answered"),
    feedback.SURVEY_REMINDED: gettext_lazy("Reminded of the survey"),
    feedback.FOLLOW_UP_RECORDED: gettext_lazy("Follow-up recorded"),
    feedback.PROCESS_FEEDBACK_GIVEN: gettext_lazy("Said what slowed the work down"),
    feedback.ARTICLE_DRAFTED: gettext_lazy("Article drafted"),
    feedback.TAGS_CHANGED: gettext_lazy("Tags changed"),
    feedback.REPEAT_FOUND: gettext_lazy("The same issue came in before"),
    feedback.REPEATED: gettext_lazy("The same issue came in again"),
    feedback.REPEAT_LINKED: gettext_lazy("Marked as a repeat"),
    feedback.REPEAT_UNLINKED: gettext_lazy("Not a repeat after all"),
    feedback.TICKET_MERGED: gettext_lazy("Merged into another ticket"),
    feedback.TICKET_UNMERGED: gettext_lazy("Taken out of another ticket"),
    feedback.MERGED_IN: gettext_lazy("Another ticket was merged in"),
    feedback.MERGED_OUT: gettext_lazy("A ticket was taken out again"),
    feedback.LINKED: gettext_lazy("Linked"),
    feedback.UNLINKED: gettext_lazy("Link taken away"),
    feedback.PART_CREATED: gettext_lazy("Made as a part of another ticket"),
    feedback.PART_ATTACHED: gettext_lazy("Attached as a part of another ticket"),
    feedback.PART_DETACHED: gettext_lazy("Stands for itself again"),
    feedback.PART_REMOVED: gettext_lazy("A part stands for itself again"),
    feedback.PART_ADDED: gettext_lazy("A part went to a department"),
    feedback.TICKET_NUDGED: gettext_lazy("The customer asked where it stands"),
    feedback.FACTS_CORRECTED: gettext_lazy("Facts completed"),
    casework.INVESTIGATION_WRITTEN: gettext_lazy("Investigation written"),
    casework.INVESTIGATION_SIGNED: gettext_lazy("Investigation signed off"),
    casework.EVIDENCE_ADDED: gettext_lazy("Evidence added"),
    casework.INTERVIEW_ADDED: gettext_lazy("Interview noted"),
    casework.RECORD_STRUCK: gettext_lazy("Struck out of the investigation"),
    casework.INTERVIEWEE_REVEALED: gettext_lazy("Name of an interviewee looked at"),
    casework.CHECKLIST_ADDED: gettext_lazy("Check-list put on"),
    casework.CHECKLIST_REMOVED: gettext_lazy("Check-list taken off"),
    casework.CHECKLIST_ITEM_SETTLED: gettext_lazy("Check-list item settled"),
    casework.CHECKLIST_ITEM_REOPENED: gettext_lazy("Check-list item opened again"),
    casework.TIME_ADDED: gettext_lazy("Time entered"),
    casework.TIME_CORRECTED: gettext_lazy("Time corrected"),
    casework.MACRO_RUN: gettext_lazy("Macro run"),
    casework.TICKET_FOLLOWED: gettext_lazy("Followed"),
    casework.TICKET_UNFOLLOWED: gettext_lazy("No longer followed"),
    casework.CARE_PLANNED: gettext_lazy("Care task planned"),
    casework.CARE_ENDED: gettext_lazy("Care task settled"),
    chats.CHAT_OPENED: gettext_lazy("Chat opened"),
    RECEIPT_SHOWN: gettext_lazy("Receipt shown"),
    pay.COMPLAINT_TAKEN_IN: gettext_lazy("Complaint taken in from the payment provider"),
    pay.COMPLAINT_CHANGED: gettext_lazy("State at the payment provider changed"),
    pay.STEP_DONE: gettext_lazy("Told the payment provider"),
    pay.STEP_FAILED: gettext_lazy("The payment provider refused"),
    sla.WARNED: gettext_lazy("Deadline comes near"),
    sla.BREACHED: gettext_lazy("Deadline missed"),
    sla.ESCALATED: gettext_lazy("Overdue, passed up"),
    sla.FIRED: gettext_lazy("Timer went off"),
    sla.CHANGED: gettext_lazy("Deadline moved"),
    sla.CANCELLED: gettext_lazy("Deadline dropped"),
    sla.SET_BY_HAND: gettext_lazy("Deadline set by hand"),
    sla.EXTENSION_ASKED: gettext_lazy("More time asked for"),
    sla.EXTENSION_ENDED: gettext_lazy("No more time: the date stands"),
    feedback.REGULATOR_CASE_RECORDED: gettext_lazy("Regulator case recorded"),
    feedback.REGULATOR_OUTCOME_RECORDED: gettext_lazy("Outcome of the regulator case"),
    feedback.GOODS_BACK: gettext_lazy("Goods are back"),
    feedback.REFUND_PAID: gettext_lazy("Money returned"),
    feedback.REFUND_CAME_BACK: gettext_lazy("The refund came back; the legal time runs again"),
    notifications.MESSAGE_SENT: gettext_lazy("Message sent out"),
    notifications.MESSAGE_FAILED: gettext_lazy("Message not delivered"),
    notifications.MESSAGE_QUEUED_AGAIN: gettext_lazy("Message queued again"),
    notifications.CALL_NOT_ANSWERED: gettext_lazy("Call not answered"),
    notifications.PERSONAL_DATA_REVEALED: gettext_lazy("Personal data looked at"),
    **money.KINDS,
    audit_events.HOLD_PLACED: gettext_lazy("Legal hold placed"),
    audit_events.HOLD_LIFTED: gettext_lazy("Legal hold lifted"),
    audit_events.RECORD_DESTROYED: gettext_lazy("Record destroyed"),
    feedback.TICKET_ERASED: gettext_lazy("Texts and files wiped"),
    WORDS_ERASED: gettext_lazy("Words of events erased"),
}
# Told by the message itself.
SHOWN_AS_MESSAGE = {feedback.MESSAGE_ADDED, feedback.FOLLOW_UP_RECORDED}
_CHANGED = {
    "kind": (Kind, gettext_lazy("Kind")),
    "urgency": (Urgency, gettext_lazy("Urgency")),
    "impact": (Impact, gettext_lazy("Impact range")),
    "demand": (Demand, gettext_lazy("Demand")),
}


@dataclass(slots=True)
class Line:
    """One event in words."""

    event: Event
    words: str
    detail: str = ""

    @property
    def who(self) -> str:
        return str(self.event.actor) if self.event.actor else who(self.event)


@dataclass(slots=True)
class Entry:
    """A message, or the events between two messages."""

    at: datetime
    message: Message | None = None
    lines: list[Line] = field(default_factory=list)


def who(event: Event) -> str:
    """Who acted, for actors without an account."""
    if event.actor_kind == "customer":
        return _("Customer")
    if event.actor_kind == "system":
        return _("the system")
    if event.actor_kind == "api":
        return _("API key %(name)s") % {"name": event.actor_label.removeprefix("api:")}
    return event.actor_label


@dataclass(frozen=True, slots=True)
class Names:
    """Codes that events carry, in words; read once for a page."""

    departments: dict[str, str]
    people: dict[str, str]
    categories: dict[str, str]
    tickets: dict[str, str]  # numbers by id


def names_for(events: Iterable[Event]) -> Names:
    data = [event.data for event in events]
    numbers = {d["assignee"] for d in data if d.get("assignee")}
    slugs = {slug for d in data for slug in d.get("changes", {}).get("category", ())}
    people = User.objects.filter(staff_number__in=numbers) if numbers else []
    return Names(
        departments=dict(Department.objects.values_list("code", "name")),
        people={str(person.staff_number): str(person) for person in people},
        tickets=_numbers(data),
        categories=dict(Category.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {},
    )


def _numbers(data: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Numbers of tickets that events name by id, because they had none yet when it happened."""
    named = [each.get(key) for each in data for key in ("first", "ticket")]
    ids = {value for value in named if isinstance(value, str) and is_id(value)}
    if not ids:
        return {}
    return {str(pk): number for pk, number in Ticket.objects.filter(pk__in=ids).values_list("pk", "number")}


def told(event: Event, names: Names) -> Line:
    """An event in words with what matters of its facts."""
    return Line(event, str(KINDS.get(event.kind, event.kind)), " · ".join(filter(None, _details(event, names))))


def _details(event: Event, names: Names) -> Iterable[str]:
    data: dict[str, Any] = event.data
    yield from _way(event, names)
    yield from _deadline(event)
    yield from _regulator(event)
    yield from _judged(event)
    if data.get("template") in MESSAGE_TYPES:
        yield str(MESSAGE_TYPES[data["template"]].label)
    if event.kind.startswith(("checklist.", "macro.", "care.")):
        yield data.get("name", "")
    if event.kind in (casework.TIME_ADDED, casework.TIME_CORRECTED):
        yield _("%(minutes)s min") % {"minutes": data["minutes"]}
    yield from _kin(event, names)
    yield from money.details(event)
    for name, (before, after) in data.get("changes", {}).items():
        yield _change(name, before, after, names)
    yield event.reason


def _way(event: Event, names: Names) -> Iterable[str]:
    """From which state to which, and to whom."""
    data = event.data
    if "from" in data and "to" in data and data["from"] != data["to"]:
        yield f"{_state(event, data['from'])} → {_state(event, data['to'])}"
    if event.kind in (feedback.TICKET_ASSIGNED, feedback.TICKET_ACCEPTED):
        yield names.departments.get(data.get("department", ""), "")
        if data.get("assignee") != event.actor_label:
            yield names.people.get(data.get("assignee") or "", "")


def _deadline(event: Event) -> Iterable[str]:
    """Which clock, how high it was escalated, and when it is due now."""
    data = event.data
    if data.get("metric") in Metric.values:
        yield str(Metric(data["metric"]).label)
    if event.kind == sla.ESCALATED and data.get("level") in Level.values:
        yield str(Level(data["level"]).label)
    if event.kind == sla.EXTENSION_ASKED:
        yield f"{_short(data['due_at'])} → {_short(data['asked_until'])}"
    if data.get("became") in ExtensionState.values:
        yield str(ExtensionState(data["became"]).label)
    if event.kind in (sla.CHANGED, sla.SET_BY_HAND):
        yield " → ".join(_short(data[key]) for key in ("was_due_at", "due_at") if data.get(key))


def _regulator(event: Event) -> Iterable[str]:
    """An authority's case, and the moments from which the law counts."""
    data = event.data
    if event.kind == feedback.REGULATOR_CASE_RECORDED:
        yield data["number"]
    if data.get("outcome") in RegulatorCase.Outcome.values:
        yield str(RegulatorCase.Outcome(data["outcome"]).label)
    if event.kind in (feedback.GOODS_BACK, feedback.REFUND_PAID, feedback.REFUND_CAME_BACK):
        yield _short(data["at"])


def _judged(event: Event) -> Iterable[str]:
    """What it costs, what the customer thought of it, and how it ended."""
    data = event.data
    if data.get("cost"):
        yield f"¥{data['cost']}"
    if data.get("score") and event.kind in (feedback.SURVEY_ANSWERED, feedback.FOLLOW_UP_STARTED):
        yield _("%(score)s of 5") % {"score": data["score"]}
    if data.get("contradicts"):
        yield _("the comment says that it is not solved")
    if data.get("process_score"):
        yield _("handling: %(score)s of 5") % {"score": data["process_score"]}
    if data.get("as") in ClosedAs.values:
        yield str(ClosedAs(data["as"]).label)
    if data.get("why") in RejectReason.values:
        yield str(RejectReason(data["why"]).label)


_KIN = ("first", "ticket", "into", "out_of", "whole")


def _kin(event: Event, names: Names) -> Iterable[str]:
    """Other tickets that an event names, tags put on and taken off, how alike two texts are."""
    data = event.data
    if event.kind in (feedback.LINKED, feedback.UNLINKED) and data.get("relation") in Relation.values:
        yield str(Relation(data["relation"]).label)
    if event.kind.startswith("ticket."):
        for key in _KIN:
            if isinstance(data.get(key), str):
                yield names.tickets.get(data[key], data[key])
    if event.kind in (feedback.REPEAT_FOUND, feedback.REPEATED) and data["why"] == "text":
        yield _("%(percent)s%% alike") % {"percent": data["likeness"]}
    if event.kind == feedback.TAGS_CHANGED:
        yield " ".join([f"+{tag}" for tag in data["added"]] + [f"−{tag}" for tag in data["removed"]])
    if event.kind == feedback.TICKET_NUDGED:
        yield _("no. %(count)s") % {"count": data["count"]}


def _state(event: Event, value: str) -> str:
    if event.kind.startswith("ticket.") or event.kind not in money.KINDS:
        return str(TicketState(value).label) if value in TicketState.values else value
    return money.state(event, value)


def _short(value: str) -> str:
    return f"{clock.local(datetime.fromisoformat(value)):%m-%d %H:%M}"


def _change(name: str, before: str, after: str, names: Names) -> str:
    if name == "category":
        return f"{_('Category')}: {names.categories.get(before, before)} → {names.categories.get(after, after)}"
    if name not in _CHANGED:
        return ""
    choices, label = _CHANGED[name]
    return f"{label}: {choices(before).label} → {choices(after).label}"


def tell(messages: Sequence[Message], events: Sequence[Event]) -> list[Entry]:
    """Messages and events in the order of time; neighbouring events make one entry."""
    names = names_for(events)
    moments: list[tuple[datetime, int, Any]] = [(message.at, 0, message) for message in messages]
    moments += [(event.at, 1, event) for event in events if event.kind not in SHOWN_AS_MESSAGE]
    moments.sort(key=lambda each: (each[0], each[1], str(each[2].pk).zfill(40)))
    entries: list[Entry] = []
    for at, is_event, each in moments:
        if not is_event:
            entries.append(Entry(at, message=each))
        elif entries and entries[-1].message is None:
            entries[-1].lines.append(told(each, names))
            entries[-1].at = at
        else:
            entries.append(Entry(at, lines=[told(each, names)]))
    return entries
