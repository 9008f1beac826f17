"""Open deadlines follow a changed calendar: computed from recorded facts, they can be computed anew."""

from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core import clock, locks
from apps.journal import events as journal
from apps.sla import dueness, events, rules, selectors
from apps.sla.models import Deadline
from apps.sla.services import rows, thresholds
from apps.sla.states import State, Unit
from apps.sla.timeline import DAY, midnight, to_moment

BATCH = 5000


def follow_calendar(*, first: date | None, last: date | None, after: UUID | None = None) -> UUID | None:
    """Compute up to BATCH open working-time deadlines anew that touch the days from `first` to `last` (none: any day).

    Goes by id from `after`. Returns the last id looked at while there may be more. Call inside a transaction.
    """
    in_force = rules.current()
    ids = list(_affected(first, last, after).order_by("pk").values_list("pk", flat=True)[:BATCH])
    locked = locks.rows(Deadline.objects.filter(pk__in=ids, state=State.OPEN))
    pauses = selectors.pauses_by_subject({d.subject_id for d in locked})
    moved, new, now = [], [], clock.now()
    for deadline in locked:
        before, own = (deadline.due_at, deadline.warn_at), pauses.get(deadline.subject_id, ())
        policy = in_force.policies[deadline.policy_id]
        deadline.due_at, deadline.warn_at = dueness.times_of(deadline, policy, in_force, own)
        if (deadline.due_at, deadline.warn_at) != before or deadline.breached_at is not None:
            deadline.next_check_at = dueness.next_check(deadline, in_force, own)
            moved.append(deadline)
        if deadline.due_at != before[0]:
            was = before[0].isoformat()
            new.append(thresholds.event(events.CHANGED, deadline, now, was_due_at=was, why="calendar"))
    rows.save(moved, rows.TIMES)
    journal.record_many(new)
    return ids[-1] if len(ids) == BATCH else None


def _affected(first: date | None, last: date | None, after: UUID | None) -> "QuerySet[Deadline]":
    in_force = rules.current()
    working = [pk for pk, policy in in_force.policies.items() if policy.unit != Unit.CLOCK_MINUTES]
    touching = Q() if first is None else Q(due_at__gte=to_moment(midnight(first)))
    if last is not None:
        touching &= Q(started_at__lt=to_moment(midnight(last) + DAY))
    found = Deadline.objects.filter(touching, state=State.OPEN, policy_id__in=working)
    return found if after is None else found.filter(pk__gt=after)
