"""Starting, meeting, pausing and moving deadlines. Call inside the transaction of what they belong to.

A subject is a model instance or a `journal.events.Ref`. All moments are aware. An automatic acknowledgement is never a
first response: whoever sends one must not call `meet` (SLA-08).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models, transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.models import new_id
from apps.journal import events as journal
from apps.journal.events import NewEvent, Ref, ref
from apps.sla import dueness, events, rules, selectors
from apps.sla.explanation import explain, explain_missing
from apps.sla.models import Deadline, Pause, Policy
from apps.sla.rules import Facts, Rules
from apps.sla.services import lapse, rows, thresholds
from apps.sla.states import State

__all__ = [
    "Facts", "cancel", "explain", "explain_missing", "fix_due", "meet", "next_due", "open_for", "pause", "recompute",
    "resume", "set_due", "start", "unmatched",
]  # fmt: skip

open_for = selectors.open_for
next_due = selectors.next_due

_FIELDS = [f.attname for f in Deadline._meta.concrete_fields]
Subject = models.Model | Ref
FARTHEST = timedelta(days=366)  # a due time set by hand beyond this is a slip of the keyboard


def start(subject: Subject, metrics: Sequence[str], facts: Facts, *, at: datetime) -> list[Deadline]:
    """Start the clocks of `metrics` at the recorded moment `at`: one INSERT, no query for warm rules (SLA-01).

    A metric that no policy matches starts nothing (`unmatched` tells which, `explain_missing` says it in words), and
    one that is open already stays as it is. Returns the deadlines started.
    """
    in_force, about = rules.current(), ref(subject)
    subject_is_new = isinstance(subject, models.Model) and subject._state.adding
    waiting = None if subject_is_new else selectors.open_pause(about)
    new = []
    for metric in metrics:
        policy = in_force.match(metric, facts, at)
        if policy is not None:
            new.append(_started(about, policy, facts.department_id, at, waiting, in_force))
    return rows.insert(new, subject_is_new=subject_is_new) if new else []


def _started(
    about: Ref, policy: Policy, department_id: int | None, at: datetime, waiting: Pause | None, in_force: Rules
) -> Deadline:
    due_at, warn_at = dueness.times(policy, in_force, department_id, at)
    paused_at = max(waiting.began_at, at) if waiting and policy.pausable else None
    first_check = due_at if warn_at is None else min(warn_at, due_at)
    values = {
        "id": new_id(), "subject_type": about.type, "subject_id": about.id, "metric": policy.metric,
        "purpose": policy.purpose.value, "policy_id": policy.pk, "department_id": department_id, "state": "open",
        "started_at": at, "due_at": due_at, "warn_at": warn_at, "next_check_at": None if paused_at else first_check,
        "paused_at": paused_at, "level": 0, "hand_by": "", "hand_reason": "",
    }  # fmt: skip
    return Deadline.from_db("default", _FIELDS, [values.get(name) for name in _FIELDS])


def unmatched(metrics: Sequence[str], facts: Facts, *, at: datetime) -> list[str]:
    """The metrics that no policy matches: said openly, not guessed (SLA-08)."""
    in_force = rules.current()
    return [metric for metric in metrics if in_force.match(metric, facts, at) is None]


def meet(subject: Subject, metric: str, *, at: datetime) -> Deadline | None:
    """What was promised happened at `at`. None when no such deadline is open.

    Late is late: the breach stays, and is recorded now if the sweep has not found it yet.
    """
    with transaction.atomic():
        locked = _locked(subject, [metric])
        new = [event for d in locked for event in thresholds.breach_found_late(d, at)]
        for deadline in locked:
            _end(deadline, State.MET, at)
        rows.save(locked, rows.ENDING)
        journal.record_many(new)
        lapse.of_ended(locked)
    return locked[0] if locked else None


def cancel(subject: Subject, metrics: Sequence[str] | None = None, *, at: datetime) -> list[Deadline]:
    """These (or all) open deadlines are no longer asked for. Returns those that were open."""
    with transaction.atomic():
        locked = _locked(subject, metrics)
        for deadline in locked:
            _end(deadline, State.CANCELLED, at)
        rows.save(locked, rows.ENDING)
        lapse.of_ended(locked)
    return locked


def pause(subject: Subject, *, at: datetime) -> list[Deadline]:
    """The subject waits for the customer from `at`: its pausable clocks stand still (SLA-03). Twice is once.

    Thresholds that had passed by then are recorded first: a pause hides no breach.
    """
    about = ref(subject)
    with transaction.atomic():
        Pause.objects.bulk_create(
            [Pause(subject_type=about.type, subject_id=about.id, began_at=at)], ignore_conflicts=True
        )
        in_force, pauses = rules.current(), selectors.pauses_of(about)
        running = [d for d in _locked(about) if d.paused_at is None and in_force.policies[d.policy_id].pausable]
        new = [event for d in running for event in thresholds.pass_until(d, in_force, at, pauses)]
        for deadline in running:
            deadline.paused_at, deadline.next_check_at = max(at, deadline.started_at), None
        rows.save(running, (*rows.THRESHOLDS, "paused_at"))
        journal.record_many(new)
    return running


def resume(subject: Subject, *, at: datetime) -> list[Deadline]:
    """The customer answered at `at`: paused clocks go on and are due later by the time they stood still (SLA-03)."""
    about = ref(subject)
    with transaction.atomic():
        for pause in locks.rows(Pause.objects.filter(subject_id=about.id, ended_at=None)):
            pause.ended_at = max(at, pause.began_at)
            pause.save(update_fields=["ended_at"])
        in_force, pauses = rules.current(), selectors.pauses_of(about)
        held = [d for d in _locked(about) if d.paused_at is not None]
        for deadline in held:
            _set_times(deadline, in_force, pauses)
        rows.save(held, rows.TIMES)
    return held


def recompute(subject: Subject, facts: Facts, *, at: datetime, actor: Actor) -> list[Deadline]:
    """Kind, urgency, tier, channel or department changed: open deadlines follow, from their own start (SLA-03).

    Policies are those in force when each clock started. What was met stays met, a breach stays recorded, a date set by
    hand stands (SLA-08). A deadline that no policy asks for any more is cancelled. Returns what changed; each change is
    an event with the due time before and after.
    """
    about = ref(subject)
    with transaction.atomic():
        in_force, pauses = rules.current(), selectors.pauses_of(about)
        changed, new = [], []
        for deadline in _locked(about):
            event = _follow(deadline, facts, in_force, pauses, at)
            if event is not None:
                event.actor = actor
                changed.append(deadline)
                new.append(event)
        rows.save(changed, (*rows.TIMES, "state", "ended_at"))
        journal.record_many(new)
        lapse.of_ended([d for d in changed if d.state != State.OPEN])
    return changed


def _follow(
    deadline: Deadline, facts: Facts, in_force: Rules, pauses: Sequence[Pause], at: datetime
) -> NewEvent | None:
    before = (deadline.policy_id, deadline.due_at, deadline.department_id)
    policy = in_force.match(deadline.metric, facts, deadline.started_at)
    deadline.department_id = facts.department_id
    if not deadline.is_by_hand:
        if policy is None:
            _end(deadline, State.CANCELLED, at)
            return thresholds.event(events.CANCELLED, deadline, at, why="no_policy")
        deadline.policy = policy
        _set_times(deadline, in_force, pauses)
    if (deadline.policy_id, deadline.due_at, deadline.department_id) == before:
        return None
    return thresholds.event(
        events.CHANGED, deadline, at, was_due_at=before[1].isoformat(), policy=str(deadline.policy_id)
    )


def set_due(deadline_id: UUID, due_at: datetime, *, actor: Actor, reason: str) -> Deadline:
    """Set a due time by hand; it survives later changes of priority (SLA-08).

    Raises DomainError: `core.not_allowed` (needs `sla.approve_extension`), `core.required` (no reason), `sla.not_open`,
    `sla.due_in_past`, `sla.due_too_far`, what `check_extension` raises; Deadline.DoesNotExist.
    """
    if not actor.can("sla.approve_extension"):
        raise DomainError("core.not_allowed")
    if not reason.strip():
        raise DomainError("core.required", field="reason")
    check_due(due_at)
    with transaction.atomic():
        deadline = locks.row(Deadline, deadline_id)
        if deadline.state != State.OPEN:
            raise DomainError("sla.not_open")
        check_extension(deadline, due_at, actor)
        return fix_due(deadline, due_at, actor=actor, reason=reason)


def check_due(due_at: datetime) -> None:
    """A new due time lies ahead, and within a year. Raises DomainError `sla.due_in_past`, `sla.due_too_far`."""
    if due_at <= clock.now():
        raise DomainError("sla.due_in_past", field="due_at")
    if due_at > clock.now() + FARTHEST:
        raise DomainError("sla.due_too_far", field="due_at", days=FARTHEST.days)


def check_extension(deadline: Deadline, due_at: datetime, actor: Actor) -> None:
    """Whether this actor may move the deadline to a later time (SLA-05); an earlier one is always possible.

    Raises DomainError `sla.extension_by_law`, `sla.extension_none`; `sla.extension_too_long` without the right
    `sla.grant_long_extension`.
    """
    if due_at <= deadline.due_at:
        return
    in_force = rules.current()
    policy = in_force.policies[deadline.policy_id]
    if not policy.extension_days:
        raise DomainError("sla.extension_by_law" if policy.legal_rule_id else "sla.extension_none", field="due_at")
    if actor.can("sla.grant_long_extension"):
        return
    latest = dueness.extension_limit(deadline, policy, in_force, selectors.pauses_of(deadline.subject))
    if due_at > latest:
        words = {"days": policy.extension_days, "latest": f"{clock.local(latest):%Y-%m-%d %H:%M}"}
        raise DomainError("sla.extension_too_long", field="due_at", **words)


def fix_due(deadline: Deadline, due_at: datetime, *, actor: Actor, reason: str, **facts: str) -> Deadline:
    """Write another due time on a locked open deadline, e.g. the date that an authority's letter names; it stands.

    The caller has checked who may. A date that has passed already makes it late at the next sweep.
    """
    now, was_due_at = clock.now(), deadline.due_at
    deadline.hand_due_at, deadline.hand_set_at = due_at, now
    deadline.hand_by, deadline.hand_reason = actor.label, reason.strip()
    _set_times(deadline, rules.current(), selectors.pauses_of(deadline.subject))
    rows.save([deadline], rows.EVERYTHING)
    event = thresholds.event(events.SET_BY_HAND, deadline, now, was_due_at=was_due_at.isoformat(), **facts)
    event.actor, event.reason = actor, deadline.hand_reason
    journal.record_many([event])
    return deadline


def _set_times(deadline: Deadline, in_force: Rules, pauses: Sequence[Pause]) -> None:
    policy = in_force.policies[deadline.policy_id]
    waiting = [p for p in pauses if p.ended_at is None and policy.pausable]
    deadline.paused_at = max(waiting[0].began_at, deadline.started_at) if waiting else None
    deadline.due_at, deadline.warn_at = dueness.times_of(deadline, policy, in_force, pauses)
    deadline.next_check_at = dueness.next_check(deadline, in_force, pauses)


def _end(deadline: Deadline, state: State, at: datetime) -> None:
    deadline.state, deadline.ended_at = state, at
    deadline.next_check_at = deadline.paused_at = None


def _locked(subject: Subject, metrics: Sequence[str] | None = None) -> list[Deadline]:
    found = Deadline.objects.filter(subject_id=ref(subject).id, state=State.OPEN)
    return locks.rows(found if metrics is None else found.filter(metric__in=metrics))
