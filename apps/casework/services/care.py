"""Care tasks (客户关怀, HND-10): planned by rule or by hand, due by `sla`, done or skipped with a reason."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.casework import events, matching
from apps.casework.models import CareRule, CareTask
from apps.casework.services import work
from apps.casework.states import CareMoment, CareState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import clocks, words
from apps.journal import transitions
from apps.sla.services import deadlines
from apps.sla.states import Metric

RULES = system("care")


def follow_rules(ticket: Ticket, moment: CareMoment) -> list[CareTask]:
    """Plan what the rules of this moment ask for; a rule plans for a ticket once (HND-10)."""
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not fresh.is_open:
            return []
        known = set(CareTask.objects.filter(ticket=fresh).values_list("rule_id", flat=True))
        rules = [rule for rule in CareRule.objects.filter(active=True, moment=moment) if rule.pk not in known]
        return [
            _plan(CareTask(ticket=fresh, rule=rule, title=rule.task, role=rule.role), RULES)
            for rule in rules
            if _fits(rule, fresh)
        ]


def _fits(rule: CareRule, ticket: Ticket) -> bool:
    if rule.tier not in ("", ticket.customer.tier) or rule.priority not in ("", ticket.priority_level):
        return False
    return matching.fits(rule, ticket)


def plan(ticket: Ticket, *, actor: Actor, title: str, role: str, assignee: User | None = None) -> CareTask:
    """Plan one by hand. Raises DomainErrors beside the fields; DomainError `core.not_allowed`, `casework.ticket_over`."""
    found = words.text_errors(title, "title", limit=200, required="core.required")
    if role not in Role.values:
        found.append(DomainError("care.unknown_role", field="role"))
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = work.ticket(ticket, actor)
        return _plan(CareTask(ticket=fresh, title=words.line(title), role=role, assignee=assignee), actor)


def _plan(task: CareTask, actor: Actor) -> CareTask:
    with transaction.atomic():
        task.save(force_insert=True)
        _start_clock(task)
        data = {**_facts(task), "by_rule": task.rule_id is not None}
        work.note(events.CARE_PLANNED, task.ticket, actor, data)
        return task


def _facts(task: CareTask) -> dict[str, object]:
    """What events say of a task: its words only where they are a rule's, since typed ones may name a person."""
    return {"task": str(task.pk), "role": task.role, "name": task.title if task.rule_id else ""}


def _start_clock(task: CareTask) -> None:
    facts = clocks.facts(task.ticket, task.ticket.customer.tier)
    deadlines.start(task, [Metric.CARE_TASK], facts, at=clock.now())


def finish(task: CareTask, *, actor: Actor, outcome: str = "") -> CareTask:
    """It is done; what came of it may be said. Raises DomainError as `transitions.apply` does."""
    outcome = words.checked(outcome, "outcome")
    with transaction.atomic():
        ended = transitions.apply(task, "finish", actor=actor, outcome=outcome, user_id=actor.user_id)
        deadlines.meet(ended, Metric.CARE_TASK, at=clock.now())
        return _ended(ended, actor)


def skip(task: CareTask, *, actor: Actor, reason: str) -> CareTask:
    """It is not needed, and why. Raises DomainError `reason.missing`, and as `transitions.apply` does."""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        ended = transitions.apply(task, "skip", actor=actor, reason=reason, outcome=reason, user_id=actor.user_id)
        deadlines.cancel(ended, [Metric.CARE_TASK], at=clock.now())
        return _ended(ended, actor, reason)


def _ended(task: CareTask, actor: Actor, reason: str = "") -> CareTask:
    data = {**_facts(task), "outcome": task.state}
    work.note(events.CARE_ENDED, task.ticket, actor, data, reason)
    return task


def open_again(task: CareTask, *, actor: Actor, reason: str) -> CareTask:
    """Back on the list, with a new clock. Raises DomainError `reason.missing`, and as `transitions.apply` does."""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        reopened = transitions.apply(task, "open_again", actor=actor, reason=reason)
        _start_clock(reopened)
        data = {**_facts(task), "by_rule": False}
        work.note(events.CARE_PLANNED, task.ticket, actor, data, reason)
        return reopened


def drop_all(ticket: Ticket, *, reason: str) -> None:
    """The ticket was rejected: what was still to be done for it is skipped."""
    for task in CareTask.objects.filter(ticket=ticket, state=CareState.OPEN):
        skip(task, actor=RULES, reason=reason)
