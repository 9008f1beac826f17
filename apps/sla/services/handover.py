"""One subject answers for another: its clocks take over what is stricter, and the other's stand still until they are
wanted again. Call inside the transaction of what they belong to; both subjects are locked by the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from apps.core import locks
from apps.core.actors import Actor
from apps.journal import events as journal
from apps.journal.events import NewEvent, Ref, ref
from apps.sla import dueness, events, rules, selectors
from apps.sla.models import Deadline, Pause
from apps.sla.rules import Rules
from apps.sla.services import deadlines, rows, thresholds
from apps.sla.states import Purpose, State

Subject = models.Model | Ref


@dataclass(frozen=True, slots=True)
class Because:
    """Who moves a due time, when and why: it stands in the deadline's explanation."""

    actor: Actor
    at: datetime
    reason: str


def stop(subject: Subject, at: datetime) -> list[Deadline]:
    """All open deadlines end; thresholds that had passed by then are recorded first: ending early hides no breach."""
    in_force, pauses = rules.current(), selectors.pauses_of(subject)
    owed = Deadline.objects.filter(subject_id=ref(subject).id, state=State.OPEN, purpose=Purpose.OBLIGATION)
    found = locks.rows(owed)
    new = [event for deadline in found for event in thresholds.pass_until(deadline, in_force, at, pauses)]
    rows.save(found, rows.THRESHOLDS)
    journal.record_many(new)
    return deadlines.cancel(subject, at=at)


def take_over(into: Subject, of: Subject, metrics: Sequence[str], because: Because) -> list[dict[str, Any]]:
    """Open deadlines of `into` become due as early as those of `of` where these are earlier; one that stands still is not.

    Returns what `give_back` needs, plain JSON. Each change is an event with the due time before and after.
    """
    wanted = _running(of, metrics)
    in_force, pauses, changed, notes = rules.current(), selectors.pauses_of(into), [], []
    for deadline in locks.rows(_open(into, list(wanted))):
        if wanted[deadline.metric] >= deadline.due_at:
            continue
        was, notes_of = deadline.due_at, _note(deadline)
        deadline.hand_due_at, deadline.hand_set_at = wanted[deadline.metric], because.at
        deadline.hand_by, deadline.hand_reason = because.actor.label, because.reason
        _set_times(deadline, in_force, pauses)
        changed.append((deadline, was))
        notes.append({**notes_of, "taken": wanted[deadline.metric].isoformat()})
    _save(changed, because)
    return notes


def stricter(into: Subject, of: Subject, metrics: Sequence[str]) -> list[str]:
    """The metrics that `take_over` would make due earlier."""
    wanted = _running(of, metrics)
    return [d.metric for d in _open(into, list(wanted)) if wanted[d.metric] < d.due_at]


def _running(subject: Subject, metrics: Sequence[str]) -> dict[str, datetime]:
    return {d.metric: d.due_at for d in _open(subject, metrics) if d.paused_at is None}


def give_back(notes: Sequence[dict[str, Any]], because: Because) -> list[Deadline]:
    """Due times that `take_over` moved are what they were, unless somebody set another one since or they are over."""
    by_id = {UUID(note["deadline"]): note for note in notes}
    in_force, changed = rules.current(), []
    for deadline in locks.rows(Deadline.objects.filter(pk__in=by_id, state=State.OPEN)):
        note = by_id[deadline.pk]
        if deadline.hand_due_at is None or deadline.hand_due_at.isoformat() != note["taken"]:
            continue
        was = deadline.due_at
        deadline.hand_due_at, deadline.hand_set_at = _moment(note["hand_due_at"]), _moment(note["hand_set_at"])
        deadline.hand_by, deadline.hand_reason = note["hand_by"], note["hand_reason"]
        _set_times(deadline, in_force, selectors.pauses_of(deadline.subject))
        changed.append((deadline, was))
    _save(changed, because)
    return [deadline for deadline, _was in changed]


def revive(subject: Subject, ids: Sequence[UUID], at: datetime) -> list[Deadline]:
    """Deadlines that were cancelled run again as if they had never stopped; thresholds that passed meanwhile are found now.

    One whose metric has another open deadline by now stays as it is.
    """
    in_force, pauses = rules.current(), selectors.pauses_of(subject)
    running = {d.metric for d in selectors.open_for(subject)}
    ended = Deadline.objects.filter(subject_id=ref(subject).id, pk__in=ids, state=State.CANCELLED)
    revived = [d for d in locks.rows(ended) if d.metric not in running]
    for deadline in revived:
        deadline.state, deadline.ended_at = State.OPEN, None
        _set_times(deadline, in_force, pauses)
    rows.save(revived, (*rows.TIMES, "state", "ended_at"))
    return revived


def _open(subject: Subject, metrics: Sequence[str]) -> "models.QuerySet[Deadline]":
    return Deadline.objects.filter(subject_id=ref(subject).id, state=State.OPEN, metric__in=metrics)


def _set_times(deadline: Deadline, in_force: Rules, pauses: Sequence[Pause]) -> None:
    policy = in_force.policies[deadline.policy_id]
    waiting = [p for p in pauses if p.ended_at is None and policy.pausable]
    deadline.paused_at = max(waiting[0].began_at, deadline.started_at) if waiting else None
    deadline.due_at, deadline.warn_at = dueness.times_of(deadline, policy, in_force, pauses)
    deadline.next_check_at = dueness.next_check(deadline, in_force, pauses)


def _note(deadline: Deadline) -> dict[str, Any]:
    return {
        "deadline": str(deadline.pk),
        "hand_due_at": deadline.hand_due_at.isoformat() if deadline.hand_due_at else None,
        "hand_set_at": deadline.hand_set_at.isoformat() if deadline.hand_set_at else None,
        "hand_by": deadline.hand_by,
        "hand_reason": deadline.hand_reason,
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _save(changed: Sequence[tuple[Deadline, datetime]], because: Because) -> None:
    rows.save([deadline for deadline, _was in changed], rows.EVERYTHING)
    new: list[NewEvent] = []
    for deadline, was in changed:
        event = thresholds.event(events.CHANGED, deadline, because.at, was_due_at=was.isoformat(), why="merged")
        event.actor, event.reason = because.actor, because.reason
        new.append(event)
    journal.record_many(new)
