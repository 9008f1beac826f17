"""Passing thresholds: warning, breach, steps of the ladder, a timer's end. Each once per deadline (SLA-04, SLA-08)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.core.actors import system
from apps.journal.events import NewEvent
from apps.sla import dueness, events
from apps.sla.models import Deadline, Pause
from apps.sla.rules import Rules
from apps.sla.states import Level, State

ACTOR = system("sla")


def pass_until(deadline: Deadline, rules: Rules, moment: datetime, pauses: Sequence[Pause] = ()) -> list[NewEvent]:
    """Mark on a locked deadline every threshold that lies at or before `moment`; the events to record for them.

    Several at once when nobody looked for a while. A warning that comes after the due time is left out: the breach says
    more. `pauses` of the subject are needed once it is overdue. Also sets `next_check_at`.
    """
    new: list[NewEvent] = []
    if deadline.state == State.OPEN and deadline.paused_at is None:
        if deadline.is_timer:
            new += _fire(deadline, moment)
        else:
            new += _warn(deadline, moment) + _breach(deadline, moment)
    deadline.next_check_at = dueness.next_check(deadline, rules, pauses)
    while deadline.breached_at is not None and deadline.next_check_at and deadline.next_check_at <= moment:
        new.append(_escalate(deadline, rules, moment))
        deadline.next_check_at = dueness.next_check(deadline, rules, pauses)
    return new


def event(kind: str, deadline: Deadline, moment: datetime, **data: Any) -> NewEvent:
    facts = {
        "deadline": str(deadline.pk),
        "metric": deadline.metric,
        "due_at": deadline.due_at.isoformat(),
        "department": deadline.department_id,
        **data,
    }
    return NewEvent(kind, deadline.subject, ACTOR, facts, at=moment)


def _fire(deadline: Deadline, moment: datetime) -> list[NewEvent]:
    if deadline.due_at > moment:
        return []
    deadline.state, deadline.ended_at = State.FIRED, moment
    return [event(events.FIRED, deadline, moment)]


def _warn(deadline: Deadline, moment: datetime) -> list[NewEvent]:
    if deadline.warn_at is None or deadline.warned_at is not None or deadline.breached_at is not None:
        return []
    if not deadline.warn_at <= moment < deadline.due_at:
        return []
    deadline.warned_at = moment
    return [event(events.WARNED, deadline, moment, level=Level.ASSIGNEE.value)]


def _breach(deadline: Deadline, moment: datetime) -> list[NewEvent]:
    if deadline.breached_at is not None or deadline.due_at > moment:
        return []
    deadline.breached_at = moment
    return [event(events.BREACHED, deadline, moment, level=Level.ASSIGNEE.value)]


def breach_found_late(deadline: Deadline, moment: datetime) -> list[NewEvent]:
    """The breach of what is met late, before the sweep saw it: recorded all the same, escalated to nobody."""
    if deadline.is_timer or deadline.paused_at is not None or deadline.due_at == moment:
        return []
    found = _breach(deadline, moment)
    for new in found:
        new.data["met"] = True
    return found


def _escalate(deadline: Deadline, rules: Rules, moment: datetime) -> NewEvent:
    step = dueness.next_step(deadline, rules)
    assert step is not None  # that is what `next_check_at` of an overdue deadline waits for
    deadline.level = step.rank
    return event(events.ESCALATED, deadline, moment, level=step.level)
