"""催单 (HND-11): the customer asks where it stands. It counts, raises the priority, and somebody hears of it."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import clocks, family, words
from apps.feedback.services.intake import rescore
from apps.feedback.states import WORKING_STATES, TicketState
from apps.journal import events as journal

MOST = 9_999
NUDGEABLE = (*(s for s in WORKING_STATES if s != TicketState.WAITING), TicketState.SECOND_FOLLOW_UP)
"""In these states we owe the customer something; while we wait for their answer they are asked for it instead."""


def nudge(ticket: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """Count a nudge by the customer, or by staff who took the call. A merged ticket passes it on to the one it went into.

    Raises DomainError `core.not_allowed`, `core.too_long`, `nudge.waits_for_you`, `nudge.over`, and for everybody but staff
    `nudge.too_soon`.
    """
    if actor.kind != "customer" and not (actor.can("feedback.create_ticket") or actor.can("feedback.handle_ticket")):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=500)
    with transaction.atomic():
        fresh = family.with_leader(ticket)[1]
        if refusal := refused(fresh, actor):
            raise refusal
        fresh.nudges = min(MOST, fresh.nudges + 1)
        fresh.nudged_at = clock.now()
        rescore(fresh)
        fresh.version += 1
        fresh.save(
            update_fields=["nudges", "nudged_at", "priority_score", "priority_level", "priority_parts", "version"]
        )
        clocks.refresh(fresh)
        data = {"count": fresh.nudges, "score": fresh.priority_score, "through": ticket.number}
        journal.record(events.TICKET_NUDGED, subject=fresh, actor=actor, reason=reason, data=data)
        return fresh


def refused(ticket: Ticket, actor: Actor) -> DomainError | None:
    """Why this ticket cannot be nudged now, or None. `ticket` answers for itself."""
    if ticket.state == TicketState.WAITING:
        return DomainError("nudge.waits_for_you")
    if ticket.state not in NUDGEABLE or ticket.parent_id is not None:
        return DomainError("nudge.over")
    again = next_at(ticket)
    if actor.kind != "staff" and again is not None and again > clock.now():
        return DomainError("nudge.too_soon", again=f"{clock.local(again):%H:%M}", hours=rules().nudge_hours)
    return None


def next_at(ticket: Ticket) -> datetime | None:
    """From when on the customer may nudge again; None if they never did."""
    return ticket.nudged_at + timedelta(hours=rules().nudge_hours) if ticket.nudged_at else None
