"""When a deadline warns, is due and escalates: pure functions of policy, calendar, start, pauses, a date set by hand.

Because everything is computed from recorded facts, it can be computed again at any time (SLA-08).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from apps.core.clock import SHANGHAI
from apps.sla.models import Deadline, EscalationStep, Pause, Policy
from apps.sla.rules import Rules
from apps.sla.states import OverdueUnit, State, Unit
from apps.sla.timeline import DAY, MINUTE, WALL_CLOCK, Period, Ruler, Timeline, merged, midnight, to_moment, to_us


class Times(NamedTuple):
    due_at: datetime
    warn_at: datetime | None


def ruler_of(policy: Policy, rules: Rules, department_id: int | None) -> Ruler:
    """The clock a policy counts in."""
    return WALL_CLOCK if policy.unit == Unit.CLOCK_MINUTES else rules.timeline(department_id)


def times(
    policy: Policy, rules: Rules, department_id: int | None, started_at: datetime, pauses: Sequence[Period] = ()
) -> Times:
    """Due and warning time of an obligation or timer that began at `started_at`.

    `pauses` are closed, in order, and do not overlap; what lies outside of [start, due] changes nothing (SLA-03).
    """
    start = to_us(started_at)
    ruler = ruler_of(policy, rules, department_id)
    if policy.unit == Unit.WORKING_DAYS:
        assert isinstance(ruler, Timeline)
        due = ruler.add_working_days(start, policy.target)
    else:
        due = ruler.add(start, int(policy.target * MINUTE))
    return _finished(policy, ruler, start, due, pauses)


def times_of(deadline: Deadline, policy: Policy, rules: Rules, pauses: Sequence[Pause]) -> Times:
    """The same for a recorded deadline; a date set by hand stands, and only pauses after it was set move it."""
    intervals = intervals_of(pauses) if policy.pausable else ()
    if deadline.hand_due_at is None or deadline.hand_set_at is None:
        return times(policy, rules, deadline.department_id, deadline.started_at, intervals)
    ruler = ruler_of(policy, rules, deadline.department_id)
    return _finished(policy, ruler, to_us(deadline.hand_set_at), to_us(deadline.hand_due_at), intervals)


def extension_limit(deadline: Deadline, policy: Policy, rules: Rules, pauses: Sequence[Pause]) -> datetime:
    """The latest that a head of department may extend to (SLA-05): the closing of the last of `extension_days`.

    Working days of the deadline's calendar, counted from the due time that the policy itself sets, so that one extension
    after the other does not add up.
    """
    intervals = intervals_of(pauses) if policy.pausable else ()
    due = times(policy, rules, deadline.department_id, deadline.started_at, intervals).due_at
    timeline = rules.timeline(deadline.department_id)
    last = to_moment(timeline.add_days(to_us(due), policy.extension_days)).astimezone(SHANGHAI).date()
    return closing(timeline, last)


def closing(timeline: Timeline, day: date) -> datetime:
    """The last working moment of a day (of Shanghai), or before it where that day does not work."""
    return to_moment(timeline.last_before(midnight(day) + DAY))


def _finished(policy: Policy, ruler: Ruler, start: int, due: int, pauses: Sequence[Period]) -> Times:
    warn = None
    if policy.warn_percent is not None:
        warn = ruler.add(start, ruler.between(start, due) * policy.warn_percent // 100)
    for pause in pauses:
        due = _shifted(due, start, pause, ruler)
        warn = None if warn is None else _shifted(warn, start, pause, ruler)
    return Times(to_moment(due), None if warn is None else to_moment(min(warn, due)))


def _shifted(moment: int, start: int, pause: Period, ruler: Ruler) -> int:
    began, ended = max(pause[0], start), pause[1]
    if began >= moment or ended <= began:
        return moment
    return ruler.add(moment, ruler.between(began, ended))


def intervals_of(pauses: Sequence[Pause]) -> list[Period]:
    """The pauses that are over, in order, overlapping ones joined."""
    return merged(tuple((to_us(p.began_at), to_us(p.ended_at)) for p in pauses if p.ended_at is not None))


def step_at(deadline: Deadline, step: EscalationStep, rules: Rules, pauses: Sequence[Pause] = ()) -> datetime:
    """When an overdue deadline reaches a step of the ladder; waiting for the customer does not count here either."""
    policy = rules.policies[deadline.policy_id]
    ruler = ruler_of(policy, rules, deadline.department_id)
    if step.unit == OverdueUnit.MINUTES:
        amount = step.after * MINUTE
    else:
        amount = _length(policy, ruler) * step.after // 100
    due = to_us(deadline.due_at)
    moment = ruler.add(due, amount)
    for pause in intervals_of(pauses) if policy.pausable else ():
        moment = _shifted(moment, due, pause, ruler)
    return to_moment(moment)


def _length(policy: Policy, ruler: Ruler) -> int:
    """How long the policy's target is in its own clock."""
    if policy.unit == Unit.WORKING_DAYS:
        assert isinstance(ruler, Timeline)
        return int(policy.target * ruler.day_length)
    return int(policy.target * MINUTE)


def next_check(deadline: Deadline, rules: Rules, pauses: Sequence[Pause] = ()) -> datetime | None:
    """When time alone can next make something happen; None when nothing is left, or while it is paused or ended.

    `pauses` matter only once it is overdue: a running deadline has them in its due time already.
    """
    if deadline.state != State.OPEN or deadline.paused_at is not None:
        return None
    if deadline.is_timer:
        return deadline.due_at
    if deadline.breached_at is None:
        if deadline.warned_at is None and deadline.warn_at is not None and deadline.warn_at < deadline.due_at:
            return deadline.warn_at
        return deadline.due_at
    step = next_step(deadline, rules)
    return step_at(deadline, step, rules, pauses) if step else None


def next_step(deadline: Deadline, rules: Rules) -> EscalationStep | None:
    """The lowest step above the level reached."""
    return next((s for s in rules.ladder(deadline.metric) if s.rank > deadline.level), None)
