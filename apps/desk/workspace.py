"""Everything one ticket's page shows, gathered with a fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from apps.accounts.models import Department
from apps.billing import selectors as money
from apps.casework.selectors import replies
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.selectors import Customer360, customer_360
from apps.desk import cards, story
from apps.desk.actions import ACTIONS, AUTOMATIC, Step, offered
from apps.desk.forms.base import DeskForm
from apps.desk.told import told
from apps.feedback.models import Ticket
from apps.feedback.selectors import workspace as reads
from apps.feedback.services import clocks, contact_given, conversation
from apps.feedback.states import MAIN_WAY, TicketState
from apps.journal import selectors as journal
from apps.journal.events import ref
from apps.notifications import selectors as notifications
from apps.sla import selectors as deadlines
from apps.sla.models import Deadline
from apps.sla.services.deadlines import explain_missing, unmatched
from apps.sla.states import Purpose, State
from apps.triage.services import score
from apps.triage.services.classify import MODEL

EVENTS = 300
FACTS = (
    "product_text",
    "product_id",
    "serial_number",
    "order_number",
    "invoice_number",
    "ship_date",
    "occurred_on",
    "place",
    "region",
)
# Where on the rail the states stand that are not stations themselves.
STATION = {
    TicketState.WAITING: TicketState.IN_PROGRESS,
    TicketState.SOLUTION_APPROVAL: TicketState.IN_PROGRESS,
    TicketState.SECOND_FOLLOW_UP: TicketState.CALLBACK,
    TicketState.REOPENED: TicketState.ASSIGNED,
}
# Forms that stand on the page beside the steps of the state.
CARDS = ("message", "plan", "reclassify", "supervisor", "facts")
PLANNING = (TicketState.PENDING, TicketState.ASSIGNED, TicketState.REOPENED, TicketState.IN_PROGRESS)
"""In these states a plan can be written (HND-02)."""


@dataclass(frozen=True, slots=True)
class Station:
    """A stop of the rail; `state` is past, here or ahead, `note` the side state that the ticket is in."""

    label: str
    state: str
    note: str = ""


def rail(ticket: Ticket) -> list[Station]:
    """The way a ticket normally goes, with where this one stands; a rejected or merged one has left it."""
    if ticket.state == TicketState.MERGED:
        return [
            Station(str(TicketState.PENDING.label), "past"),
            Station(str(TicketState.MERGED.label), "here", ticket.merged_into.number),
        ]
    if ticket.state == TicketState.REJECTED:
        return [
            Station(str(TicketState.PENDING.label), "past"),
            Station(str(TicketState.REJECTED.label), "here", ticket.get_rejected_as_display()),
        ]
    here = STATION.get(TicketState(ticket.state), TicketState(ticket.state))
    place = MAIN_WAY.index(here)
    note = "" if here == ticket.state else ticket.get_state_display()
    if ticket.state == TicketState.CLOSED:
        note = ticket.get_closed_as_display()
    return [
        Station(str(s.label), "past" if i < place else "here" if i == place else "ahead", note if i == place else "")
        for i, s in enumerate(MAIN_WAY)
    ]


def build_form(name: str, ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> DeskForm | None:
    """The form as it was sent and refused, or a fresh one."""
    form = ACTIONS[name].form
    if name in bound:
        return bound[name]
    return form(ticket=ticket, actor=actor) if form else None


def context(
    ticket: Ticket, actor: Actor, *, opened: str = "", bound: Mapping[str, DeskForm] | None = None
) -> dict[str, Any]:
    """`opened` names the step whose form is unfolded, `bound` holds forms that were refused."""
    bound = bound or {}
    steps = [
        Step(
            action, None if why else build_form(action.name, ticket, actor, bound), why, action.name in (opened, *bound)
        )
        for action, why in offered(ticket, actor)
    ]
    handles = actor.can("feedback.handle_ticket")
    files = reads.attachments(ticket)
    return {
        "ticket": ticket,
        "now": clock.now(),
        "token": uuid4().hex,
        "rail": rail(ticket),
        "steps": steps,
        "likeliest": steps[0].action.name if steps and not steps[0].why_not else "",
        "automatic": [AUTOMATIC[name] for name in _automatic(ticket)],
        "opened": opened,
        "bound": bound,
        "handles": handles,
        "forms": {name: build_form(name, ticket, actor, bound) for name in CARDS} if handles else {},
        "may_wait": handles
        and ticket.state == TicketState.IN_PROGRESS
        and not conversation.why_not_to_customer(ticket),
        "may_plan": handles and ticket.state in PLANNING,
        "may_supervise": handles and ticket.is_open and not ticket.escalated,
        "plans": reads.plans(ticket),
        "solutions": reads.solutions(ticket),
        "surveys": reads.surveys(ticket),
        "attachments": files,
        "first_files": [file for file in files if file.message_id is None],
        "no_facts": not any(getattr(ticket, name) for name in FACTS),
        "collaborators": _collaborators(ticket),
        "cards": cards.shown(ticket, actor, _with_opened(opened, ticket, actor, bound)),
        "guidance": replies.guidance(ticket) if handles else None,
        "told": told(ticket) if handles else None,
        **history_context(ticket),
        **reading_context(ticket),
        **deadline_context(ticket, actor, bound),
        **customer_context(ticket, actor),
    }


def history_context(ticket: Ticket) -> dict[str, Any]:
    """What happened to the ticket and its cases of money, the messages that went out, and by which event it stands."""
    cases = money.case_ids(ticket)
    events = list(journal.timeline(ticket.pk, *cases, limit=EVENTS))
    return {
        "events": events,
        "story": story.tell(reads.story(ticket), events[::-1]),
        "stamp": next((event.pk for event in events if event.subject_id == ticket.pk), 0),
        "sent": list(notifications.messages_of(ref(ticket), cases)),
    }


def reading_context(ticket: Ticket) -> dict[str, Any]:
    """How the system reads the ticket: what its score is made of, how sure the category is and why (CLS-05)."""
    return {
        "parts": score.explain(ticket.priority_parts),
        "confidence_percent": round(100 * ticket.confidence),
        "by_model": [hit["text"] for hit in ticket.hits if hit.get("by") == MODEL and hit["category"]],
    }


def _with_opened(opened: str, ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> Mapping[str, DeskForm]:
    """The form that `?act=` asks a card to show, where no refused one stands there already."""
    action = cards.STEPS.get(opened)
    if (
        opened in ACTIONS
        or opened in bound
        or action is None
        or action.form is None
        or not actor.can(action.permission)
    ):
        return bound
    return {**bound, opened: action.form(ticket=ticket, actor=actor)}


def _automatic(ticket: Ticket) -> list[str]:
    return list(AUTOMATIC) if ticket.state == TicketState.CALLBACK else []


def _collaborators(ticket: Ticket) -> list[str]:
    if not ticket.collaborator_ids:
        return []
    return list(Department.objects.filter(pk__in=ticket.collaborator_ids).values_list("name", flat=True))


@dataclass(frozen=True, slots=True)
class Kept:
    """A deadline that is over; `round` tells the first resolution from the one after a reopening (SLA-09)."""

    deadline: Deadline
    late: bool
    round: int


def deadline_context(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any]:
    """All deadlines, open and over, and the metrics for which no policy sets one (SLA-08, SLA-09)."""
    known = deadlines.all_for(ticket)
    running = sorted((d for d in known if d.state == State.OPEN), key=_first_due)
    seen: dict[str, int] = {}
    over = []
    for deadline in known:
        seen[deadline.metric] = seen.get(deadline.metric, 0) + 1
        if deadline.state != State.OPEN and deadline.purpose == Purpose.OBLIGATION:
            over.append(Kept(deadline, deadline.is_late(clock.now()), seen[deadline.metric]))
    facts = clocks.facts(ticket, ticket.customer.tier)
    without = unmatched(clocks.ON_RECEIPT, facts, at=ticket.received_at) if ticket.is_open else []
    started = {d.metric for d in known}
    may_set = actor.can("sla.approve_extension")
    return {
        "running": running,
        "over": over,
        "no_policy": [explain_missing(metric, facts) for metric in without if metric not in started],
        "due_form": build_form("set_due", ticket, actor, bound) if may_set else None,
        "due_refused": _refused_deadline(bound),
    }


def _refused_deadline(bound: Mapping[str, DeskForm]) -> str:
    return str(bound["set_due"].data.get("deadline", "")) if "set_due" in bound else ""


def _first_due(deadline: Deadline) -> tuple[bool, bool, datetime]:
    return deadline.is_timer, deadline.paused_at is not None, deadline.due_at


def customer_context(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    """The customer with everything known of them (INT-12); only the mask for who may not see customers."""
    try:
        known: Customer360 | None = customer_360(ticket.customer_id, actor)
    except DomainError:
        known = None
    ratings = reads.ratings_of(ticket.customer_id, actor)
    return {
        "known": known,
        "earlier": reads.of_customer(ticket.customer_id, actor, but=ticket.pk),
        "ratings": ratings,
        "mean_rating": sum(ratings) / len(ratings) if ratings else None,
        "given": contact_given.masked(ticket),
        "may_reveal": actor.can("crm.view_personal_data"),
    }
