"""What holds a ticket back: demanded fields and open check-list items (HND-11). Gates and the workspace ask here."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise

from apps.casework import matching
from apps.casework.demandable import NEEDS
from apps.casework.models import Checklist, ChecklistItem, ChecklistTemplate, StateDemand
from apps.casework.states import ENTERED_BY
from apps.feedback.models import Ticket


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is needed before `state`; `act` is the step of the workspace that supplies it."""

    code: str
    label: str | Promise
    state: str
    hint: str
    act: str


def missing(ticket: Ticket, *states: str) -> list[Missing]:
    """What these states demand of the ticket and it has not, each need once for a state, in the order of the needs."""
    asked = {(d.state, d.needs): d for d in _demands(ticket) if d.state in states and d.needs in NEEDS}
    order = list(NEEDS)
    found = []
    met: dict[str, bool] = {}
    for (state, code), demand in sorted(asked.items(), key=lambda pair: (pair[0][0], order.index(pair[0][1]))):
        if code not in met:
            met[code] = NEEDS[code].met(ticket)
        if not met[code]:
            found.append(Missing(code, NEEDS[code].label, state, demand.hint, NEEDS[code].act))
    return found


def next_missing(ticket: Ticket) -> list[Missing]:
    """What the steps that lead on from the ticket's present state will ask for."""
    ahead = {
        "in_progress": ("solution_approval", "resolved", "waiting"),
        "solution_approval": ("resolved",),
        "waiting": ("resolved",),
        "second_follow_up": ("closed",),
    }
    return missing(ticket, *ahead.get(ticket.state, ("in_progress",) if ticket.is_open else ()))


def _demands(ticket: Ticket) -> list[StateDemand]:
    """The rules about this ticket, read once for an instance: a page asks for several steps."""
    known = ticket.__dict__.get("_demands")
    if known is None:
        known = list(StateDemand.objects.filter(active=True, state__in=list(ENTERED_BY)))
        ticket.__dict__["_demands"] = known
    return [demand for demand in known if matching.fits(demand, ticket)]


def open_items(ticket: Ticket) -> list[ChecklistItem]:
    """Required items that nobody has settled."""
    return list(
        ChecklistItem.objects.filter(
            checklist__ticket=ticket, checklist__removed_at=None, required=True, settled_at=None
        ).order_by("checklist_id", "position")
    )


def coming(ticket: Ticket) -> ChecklistTemplate | None:
    """A check-list with required items that a rule is about to put on: the ticket is held until it is there."""
    rules = ChecklistTemplate.objects.filter(active=True, automatic=True, ruled_since__lte=ticket.created_at)
    there = Checklist.objects.filter(ticket=ticket).values("template")
    kinds = Q(kind__in=("", ticket.kind))
    due = rules.filter(kinds, items__required=True).exclude(pk__in=there.filter(template__isnull=False)).distinct()
    return next((t for t in due if matching.fits(t, ticket)), None)
