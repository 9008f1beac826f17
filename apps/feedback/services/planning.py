"""The handling plan (HND-02) and the solution with its approval (HND-05)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db import transaction

from apps.accounts.models import ApprovalLimit, User
from apps.accounts.selectors import approval_limit
from apps.core import clock, locks, money
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Kind
from apps.feedback import events
from apps.feedback.models import Plan, Solution, Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import clocks, promises, words
from apps.feedback.states import SolutionType, TicketState
from apps.journal import events as journal
from apps.journal import transitions

TECHNICAL = "technical"
FARTHEST = timedelta(days=366)  # a later promise is a mistyped year, and near the end of the calendar none can be shown


@dataclass(slots=True)
class PlanDraft:
    """What was typed. `promised_at` is aware."""

    steps: str = ""
    measures: str = ""
    promised_at: datetime | None = None


def write_plan(ticket: Ticket, draft: PlanDraft, *, actor: Actor) -> Plan:
    """Write the plan; an earlier one is kept. Raises DomainErrors beside the fields, DomainError `core.not_allowed`."""
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    found = plan_errors(ticket, draft)
    if found or draft.promised_at is None:
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if fresh.state not in (
            TicketState.PENDING,
            TicketState.ASSIGNED,
            TicketState.IN_PROGRESS,
            TicketState.REOPENED,
        ):
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        plan = Plan.objects.create(
            ticket=fresh,
            steps=draft.steps.strip(),
            measures=draft.measures.strip(),
            promised_at=draft.promised_at,
            author_id=actor.user_id,
            at=clock.now(),
        )
        fresh.version += 1  # whoever has the earlier plan open must see this one first (HND-08)
        fresh.save(update_fields=["version"])
        journal.record(
            events.PLAN_WRITTEN,
            subject=fresh,
            actor=actor,
            data={"plan": str(plan.pk), "promised_at": draft.promised_at, "text": journal.digest(plan.words, of=plan)},
        )
        return plan


def plan_errors(ticket: Ticket, draft: PlanDraft) -> list[DomainError]:
    """All that is wrong with a draft. A fault or technical issue needs steps, a complaint needs measures."""
    technical = ticket.kind == Kind.FAULT or ticket.category.slug == TECHNICAL
    found = words.text_errors(draft.steps, "steps", required="plan.steps_missing" if technical else None)
    found += words.text_errors(draft.measures, "measures", required=None if technical else "plan.measures_missing")
    found += promises.errors(draft.steps, "steps") + promises.errors(draft.measures, "measures")
    if draft.promised_at is None:
        found.append(DomainError("plan.promise_missing", field="promised_at"))
    elif draft.promised_at <= clock.now():
        found.append(DomainError("plan.promise_past", field="promised_at"))
    elif draft.promised_at > clock.now() + FARTHEST:
        found.append(DomainError("plan.promise_far", field="promised_at"))
    return found


def propose_solution(
    ticket: Ticket, *, actor: Actor, type: str, description: str, cost: Decimal, reason: str = ""
) -> Ticket:
    """Propose a solution. One that costs more than the desk's free cost (yuan) waits for approval; a free one is noted.

    Raises DomainErrors beside the fields and the errors of `transitions.apply`.
    """
    found = words.text_errors(description, "description", required="core.required") + promises.errors(
        description, "description"
    )
    if type not in SolutionType.values:
        found.append(DomainError("core.invalid_choice", field="type", value=type))
    if cost < 0:
        found.append(DomainError("solution.cost_negative", field="cost"))
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        needs_approval = cost > rules().free_cost
        solution = Solution(
            ticket=ticket,
            type=type,
            description=description.strip(),
            cost=money.fen(cost),
            proposed_by_id=actor.user_id,
            proposed_at=clock.now(),
        )
        if needs_approval:
            fresh = transitions.apply(ticket, "propose_solution", actor=actor, reason=reason, solution=solution)
        else:
            fresh = _note_free_solution(ticket, solution, actor)
        solution.save(force_insert=True)
        return fresh


def _note_free_solution(ticket: Ticket, solution: Solution, actor: Actor) -> Ticket:
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    fresh = locks.row(Ticket, ticket.pk)
    if fresh.state != TicketState.IN_PROGRESS:
        raise DomainError("transition.impossible", state=fresh.get_state_display())
    solution.approved, solution.decided_at = True, clock.now()
    data = {"solution": str(solution.pk), "type": solution.type, "cost": str(solution.cost), "approval": "not needed"}
    journal.record(events.SOLUTION_APPROVED, subject=fresh, actor=actor, data=data)
    return fresh


def decide_solution(ticket: Ticket, *, actor: Actor, approve: bool, reason: str = "") -> Ticket:
    """Approve or decline the waiting solution. Declining needs a reason; nobody decides on what they proposed.

    Raises DomainError `solution.none_waiting`, `solution.own`, `solution.above_limit`, `reason.missing` and those of
    `transitions.apply`.
    """
    reason = words.checked(reason, "reason", required=None if approve else "reason.missing")
    with transaction.atomic():
        locks.row(Ticket, ticket.pk)
        solution = Solution.objects.filter(ticket=ticket, decided_at=None).first()
        if solution is None:
            raise DomainError("solution.none_waiting")
        check_decision(solution, actor, approve)
        name = "approve_solution" if approve else "decline_solution"
        fresh = transitions.apply(ticket, name, actor=actor, reason=reason, solution=solution)
        solution.approved, solution.decision_reason = approve, reason
        solution.decided_by_id, solution.decided_at = actor.user_id, clock.now()
        solution.save(update_fields=["approved", "decision_reason", "decided_by", "decided_at"])
        clocks.refresh(fresh)
        return fresh


def check_decision(solution: Solution, actor: Actor, approve: bool) -> None:
    """For administrators too: nobody approves what they filed; money above one's limit goes to somebody else.

    Raises DomainError `core.not_allowed`, `solution.own`, `solution.above_limit`.
    """
    if actor.user is None or not actor.can("feedback.approve_solution"):
        raise DomainError("core.not_allowed")
    if solution.proposed_by_id == actor.user_id:
        raise DomainError("solution.own")
    if approve:
        limit = approval_limit(cast(User, actor.user), ApprovalLimit.Subject.SOLUTION)
        if not limit.covers(solution.cost):
            raise DomainError("solution.above_limit", limit=f"{limit.limit or 0:,.2f}")
