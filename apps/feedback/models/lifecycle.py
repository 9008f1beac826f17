"""The state machine of a ticket (HND-01). Driven only through `journal.transitions.apply`.

The methods are pure: they set fields and return the facts for the event. What follows from a step (deadlines,
messages) is in `feedback.services`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE, FSMField, transition

from apps.core import clock
from apps.core.actors import Actor
from apps.core.vocabulary import Kind
from apps.feedback import events
from apps.feedback.models.regulator_case import RegulatorCase
from apps.feedback.states import OPEN_STATES, ClosedAs, RejectReason, TicketState
from apps.journal.events import digest
from apps.journal.transitions import condition
from apps.sla import selectors as deadlines
from apps.sla.states import Metric

if TYPE_CHECKING:
    from apps.accounts.models import Department, User
    from apps.feedback.models import Ticket

S = TicketState


def system_only(ticket: "Ticket", actor: Actor) -> bool:
    """Only the product itself, acting on a deadline or on the customer's own answer."""
    return actor.kind == "system"


def customer_or(permission: str) -> Callable[["Ticket", Actor], bool]:
    """The customer behind the private link, the system, or staff with the permission."""
    return lambda ticket, actor: actor.kind == "customer" or actor.can(permission)


@condition("ticket.plan_missing")
def has_plan(ticket: "Ticket") -> bool:
    return ticket.parent_id is not None or ticket.plans.exists()  # the plan is the whole's


@condition("ticket.follow_up_missing")
def has_follow_up_record(ticket: "Ticket") -> bool:
    """A record made since this follow-up began, not one of an earlier round (SUR-03)."""
    survey = ticket.surveys.order_by("-round").first()
    return survey is not None and survey.followed_up_at is not None


@condition("ticket.supervisor_call_missing")
def has_supervisor_called(ticket: "Ticket") -> bool:
    """Below a score of 3 a supervisor's call was promised: no other call keeps that promise (SUR-03)."""
    return not deadlines.has_open(ticket, Metric.SUPERVISOR_CALL)


@condition("regulator.outcome_missing")
def has_regulator_outcome(ticket: "Ticket") -> bool:
    """An authority waits for the outcome: a regulator case ends with its record and not before (INT-13)."""
    if ticket.kind != Kind.REGULATOR:
        return True
    return RegulatorCase.objects.filter(ticket=ticket).exclude(outcome="").exists()


@condition("drill.not_a_drill")
def is_a_drill(ticket: "Ticket") -> bool:
    return ticket.is_drill


@condition("ticket.not_a_part")
def is_part(ticket: "Ticket") -> bool:
    return ticket.parent_id is not None


class Lifecycle(models.Model):
    state = FSMField(_("state"), max_length=20, choices=S.choices, default=S.PENDING, protected=True)

    class Meta:
        abstract = True

    @transition(
        field=state,
        source=[S.PENDING, S.ASSIGNED, S.IN_PROGRESS, S.REOPENED],
        target=S.ASSIGNED,
        permission="feedback.assign_ticket",
        custom={"event": events.TICKET_ASSIGNED, "label": _("Assign")},
    )
    def assign(
        self: Any, *, department: "Department", assignee: "User | None" = None, collaborators: list[int] | None = None
    ) -> dict[str, Any]:
        self.department = department
        self.assignee = assignee
        self.first_asked = self.first_asked or assignee
        self.assigned_at = clock.now()
        if collaborators is not None:
            self.collaborator_ids = [c for c in collaborators if c != department.pk]
        return {
            "department": department.code,
            "assignee": assignee.staff_number if assignee else None,
            "collaborators": self.collaborator_ids,
        }

    @transition(
        field=state,
        source=[S.PENDING, S.ASSIGNED, S.REOPENED],
        target=S.IN_PROGRESS,
        permission="feedback.handle_ticket",
        custom={"event": events.TICKET_ACCEPTED, "label": _("Accept")},
    )
    def accept(self: Any, *, assignee: "User | None" = None) -> dict[str, Any]:
        self.assignee = assignee or self.assignee
        self.first_asked = self.first_asked or self.assignee
        self.accepted_at = clock.now()
        return {"assignee": self.assignee.staff_number if self.assignee else None}

    @transition(
        field=state,
        source=S.IN_PROGRESS,
        target=S.WAITING,
        permission="feedback.handle_ticket",
        custom={"event": events.TICKET_WAITING, "label": _("Ask the customer")},
    )
    def ask_customer(self: Any) -> None: ...

    @transition(
        field=state,
        source=S.WAITING,
        target=S.IN_PROGRESS,
        permission=customer_or("feedback.handle_ticket"),
        custom={"event": events.TICKET_RESUMED, "label": _("Resume work")},
    )
    def resume(self: Any) -> None: ...

    @transition(
        field=state,
        source=S.IN_PROGRESS,
        target=S.SOLUTION_APPROVAL,
        permission="feedback.handle_ticket",
        custom={"event": events.SOLUTION_PROPOSED, "label": _("Propose a solution")},
    )
    def propose_solution(self: Any, *, solution: models.Model) -> dict[str, Any]:
        return {"solution": str(solution.pk), "type": solution.type, "cost": str(solution.cost)}

    @transition(
        field=state,
        source=S.SOLUTION_APPROVAL,
        target=S.IN_PROGRESS,
        permission="feedback.approve_solution",
        custom={"event": events.SOLUTION_APPROVED, "label": _("Approve solution")},
    )
    def approve_solution(self: Any, *, solution: models.Model) -> dict[str, Any]:
        return {"solution": str(solution.pk), "cost": str(solution.cost)}

    @transition(
        field=state,
        source=S.SOLUTION_APPROVAL,
        target=S.IN_PROGRESS,
        permission="feedback.approve_solution",
        custom={"event": events.SOLUTION_DECLINED, "label": _("Decline solution")},
    )
    def decline_solution(self: Any, *, solution: models.Model) -> dict[str, Any]:
        return {"solution": str(solution.pk)}

    @transition(
        field=state,
        source=S.IN_PROGRESS,
        target=S.RESOLVED,
        conditions=[has_plan, has_regulator_outcome],
        permission="feedback.handle_ticket",
        custom={"event": events.TICKET_RESOLVED, "label": _("Resolve and tell the customer")},
    )
    def resolve(self: Any, *, result: str) -> dict[str, Any]:
        self.result = result
        self.resolved_at = clock.now()
        self.first_resolved_at = self.first_resolved_at or self.resolved_at
        return {"round": self.reopen_count, "text": digest(result, of=self)}

    @transition(
        field=state,
        source=S.RESOLVED,
        target=S.CALLBACK,
        permission="feedback.handle_ticket",
        custom={"event": events.CALLBACK_STARTED, "label": _("Send the survey now")},
    )
    def start_callback(self: Any, *, survey: models.Model) -> dict[str, Any]:
        return {"survey": str(survey.pk)}

    @transition(
        field=state,
        source=S.CALLBACK,
        target=S.CLOSED,
        permission=system_only,
        custom={"event": events.TICKET_CLOSED, "label": _("Close as satisfied")},
    )
    def close_satisfied(self: Any, *, score: int) -> dict[str, Any]:
        return self._close(ClosedAs.SATISFIED, score=score)

    @transition(
        field=state,
        source=S.CALLBACK,
        target=S.CLOSED,
        permission=system_only,
        custom={"event": events.TICKET_CLOSED, "label": _("Close without reply")},
    )
    def close_unanswered(self: Any) -> dict[str, Any]:
        """No reply is never satisfaction (SUR-04), nor is a score from before it was reopened."""
        self.satisfaction = None
        return self._close(ClosedAs.NO_REPLY)

    @transition(
        field=state,
        source=S.CALLBACK,
        target=S.SECOND_FOLLOW_UP,
        permission=system_only,
        custom={"event": events.FOLLOW_UP_STARTED, "label": _("Second follow-up")},
    )
    def follow_up(self: Any, *, score: int, contradicts: bool = False) -> dict[str, Any]:
        """A score that its own comment contradicts is nobody's satisfaction (HND-12)."""
        self.satisfaction = None if contradicts else score
        return {"score": score, "contradicts": contradicts}

    @transition(
        field=state,
        source=S.SECOND_FOLLOW_UP,
        target=S.CLOSED,
        conditions=[has_follow_up_record, has_supervisor_called, has_regulator_outcome],
        permission="feedback.follow_up_ticket",
        custom={"event": events.TICKET_CLOSED, "label": _("Close after follow-up")},
    )
    def close_followed_up(self: Any) -> dict[str, Any]:
        return self._close(ClosedAs.FOLLOWED_UP)

    @transition(
        field=state,
        source=S.RESOLVED,
        target=S.CLOSED,
        conditions=[is_part],
        permission=system_only,
        custom={"event": events.TICKET_CLOSED, "label": _("Close as a part")},
    )
    def close_part(self: Any) -> dict[str, Any]:
        return self._close(ClosedAs.PART)

    @transition(
        field=state,
        source=[S.RESOLVED, S.CALLBACK, S.SECOND_FOLLOW_UP, S.CLOSED],
        target=S.REOPENED,
        permission=customer_or("feedback.handle_ticket"),
        custom={"event": events.TICKET_REOPENED, "label": _("Reopen")},
    )
    def reopen(self: Any) -> dict[str, Any]:
        self.reopen_count += 1
        self.closed_at, self.closed_as, self.accepted_at = None, "", None
        return {"round": self.reopen_count}

    @transition(
        field=state,
        source=[S.PENDING, S.ASSIGNED],
        target=S.REJECTED,
        permission="feedback.reject_ticket",
        custom={"event": events.TICKET_REJECTED, "label": _("Reject")},
    )
    def reject(self: Any, *, why: str, duplicate_of: "Ticket | None" = None) -> dict[str, Any]:
        self.rejected_as = RejectReason(why)
        self.duplicate_of = duplicate_of
        self.closed_at = clock.now()
        return {"why": why, "duplicate_of": duplicate_of.number if duplicate_of else None}

    @transition(
        field=state,
        source=S.REJECTED,
        target=S.PENDING,
        permission="feedback.reject_ticket",
        custom={"event": events.TICKET_RESTORED, "label": _("Restore")},
    )
    def restore(self: Any) -> None:
        self.rejected_as, self.duplicate_of, self.closed_at = "", None, None

    @transition(
        field=state,
        source=[s.value for s in OPEN_STATES],
        target=S.CLOSED,
        permission=system_only,
        conditions=[is_a_drill],
        custom={"event": events.TICKET_CLOSED, "label": _("End of the drill")},
    )
    def end_drill(self: Any) -> dict[str, Any]:
        return self._close(ClosedAs.DRILL)

    @transition(
        field=state,
        source=OPEN_STATES,
        target=S.MERGED,
        permission="feedback.handle_ticket",
        custom={"event": events.TICKET_MERGED, "label": _("Merge into another ticket")},
    )
    def merge(self: Any, *, into: "Ticket") -> dict[str, Any]:
        self.merged_into = into
        self.closed_at = clock.now()
        return {"into": into.number}

    @transition(
        field=state,
        source=S.MERGED,
        target=GET_STATE(lambda ticket, *, back_to: back_to, states=OPEN_STATES),
        permission="feedback.handle_ticket",
        custom={"event": events.TICKET_UNMERGED, "label": _("Take out again")},
    )
    def unmerge(self: Any, *, back_to: str) -> dict[str, Any]:
        """Back into the state it was merged in."""
        out_of = self.merged_into.number
        self.merged_into, self.closed_at = None, None
        return {"out_of": out_of}

    def _close(self: Any, how: ClosedAs, score: int | None = None) -> dict[str, Any]:
        self.closed_at = clock.now()
        self.closed_as = how
        if score is not None:
            self.satisfaction = score
        return {"as": how.value, "score": score}
