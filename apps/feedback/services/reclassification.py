"""Corrections by people: category, kind, urgency, impact (CLS-04, SLA-03), and asking for a supervisor (SLA-06)."""

from dataclasses import dataclass

from django.db import transaction

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Demand, Kind, Urgency
from apps.feedback import events
from apps.feedback.models import RegulatorCase, Ticket
from apps.feedback.services import clocks, words
from apps.feedback.services.intake import rescore
from apps.feedback.states import OVER_STATES, TicketState
from apps.journal import events as journal
from apps.triage.models import Category
from apps.triage.states import Impact


@dataclass(slots=True)
class Correction:
    """What a person decides; None leaves a field as it is."""

    category: Category | None = None
    kind: str | None = None
    urgency: str | None = None
    impact: str | None = None
    demand: str | None = None


# An authority's case is settled before the customer is told the result (INT-13).
_ANSWERED = (TicketState.RESOLVED, TicketState.CALLBACK, TicketState.SECOND_FOLLOW_UP, *OVER_STATES)
_CHOICES = {"kind": Kind, "urgency": Urgency, "impact": Impact, "demand": Demand}


def reclassify(ticket: Ticket, correction: Correction, *, actor: Actor, reason: str) -> Ticket:
    """Apply a correction with its reason; priority and open deadlines are computed again, what was met stays met.

    Raises DomainError `core.not_allowed`, `reason.missing`, `core.invalid_choice`, `regulator.reopen_first`,
    `regulator.stays`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        _check_kind(fresh, correction.kind or fresh.kind)
        changes = _apply(fresh, correction)
        if not changes:
            return fresh
        rescore(fresh)
        fresh.version += 1
        fresh.save()
        kind = events.URGENCY_CHANGED if "urgency" in changes else events.TICKET_RECLASSIFIED
        journal.record(kind, subject=fresh, actor=actor, reason=reason, data={"changes": changes})
        if "kind" in changes:
            clocks.follow_kind(fresh)
        clocks.recompute(fresh, actor)
        return fresh


def _check_kind(ticket: Ticket, kind: str) -> None:
    if kind == ticket.kind:
        return
    if kind == Kind.REGULATOR and ticket.state in _ANSWERED:
        raise DomainError("regulator.reopen_first", field="kind")
    if ticket.kind == Kind.REGULATOR and RegulatorCase.objects.filter(ticket=ticket).exists():
        raise DomainError("regulator.stays", field="kind")


def _apply(ticket: Ticket, correction: Correction) -> dict[str, list[str]]:
    changes: dict[str, list[str]] = {}
    for name, choices in _CHOICES.items():
        value = getattr(correction, name)
        if value is None or value == getattr(ticket, name):
            continue
        if value not in choices.values:
            raise DomainError("core.invalid_choice", field=name, value=value)
        changes[name] = [getattr(ticket, name), value]
        setattr(ticket, name, value)
    if correction.category is not None and correction.category.pk != ticket.category_id:
        changes["category"] = [ticket.category.slug, correction.category.slug]
        ticket.category, ticket.category_by_person = correction.category, True
    return changes


def request_supervisor(ticket: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """The customer, or staff for them, asks for a supervisor: the ticket is flagged and goes up (SLA-06)."""
    reason = words.checked(reason, "reason")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not fresh.is_open:
            raise DomainError("ticket.not_waiting")
        if not fresh.escalated:
            fresh.escalated = True
            fresh.version += 1
            fresh.save(update_fields=["escalated", "version"])
        journal.record(events.SUPERVISOR_REQUESTED, subject=fresh, actor=actor, reason=reason)
        return fresh


def escalate(ticket: Ticket, *, level: str, metric: str, actor: Actor) -> Ticket:
    """A deadline was missed and went up the ladder (SLA-04)."""
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if fresh.is_open and not fresh.escalated:
            fresh.escalated = True
            fresh.save(update_fields=["escalated"])
            journal.record(events.TICKET_ESCALATED, subject=fresh, actor=actor, data={"level": level, "metric": metric})
        return fresh
