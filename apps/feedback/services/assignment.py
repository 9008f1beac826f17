"""Giving tickets to departments and people, and taking them (CLS-07, SLA-04)."""

from django.db import transaction

from apps.accounts.models import Department, User
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import clocks
from apps.journal import transitions
from apps.sla.states import Metric


def assign(
    ticket: Ticket,
    *,
    actor: Actor,
    department: Department,
    assignee: User | None = None,
    collaborators: list[int] | None = None,
    reason: str = "",
) -> Ticket:
    """Give the ticket to a department, and to one of its people where `assignee` is given.

    Raises DomainError `ticket.assignee_elsewhere` and those of `transitions.apply`.
    """
    if assignee is not None and assignee.department_id != department.pk:
        raise DomainError("ticket.assignee_elsewhere", field="assignee", name=str(assignee))
    with transaction.atomic():
        moved = ticket.department_id != department.pk or ticket.state == "in_progress"
        fresh = transitions.apply(
            ticket,
            "assign",
            actor=actor,
            reason=reason,
            department=department,
            assignee=assignee,
            collaborators=collaborators,
        )
        if moved:  # the new department gets its own time to accept
            clocks.cancel(fresh, [Metric.ACCEPTANCE, Metric.PROGRESS])
            clocks.start(fresh, Metric.ACCEPTANCE)
            clocks.recompute(fresh, actor)
        return fresh


def accept(ticket: Ticket, *, actor: Actor) -> Ticket:
    """The department takes the ticket; whoever accepts becomes its handler unless one is named already."""
    with transaction.atomic():
        handler = None if ticket.assignee_id else actor.user
        fresh = transitions.apply(ticket, "accept", actor=actor, assignee=handler)
        clocks.meet(fresh, Metric.ACCEPTANCE, at=clock.now())
        clocks.start(fresh, Metric.PROGRESS)
        clocks.refresh(fresh)
        return fresh
