"""Open deadlines follow a changed calendar: computed from recorded facts, they can be computed anew."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core import clock, locks
from apps.journal import events as journal
from apps.journal.models import Delivery, Event
from apps.sla import dueness, events, rules, selectors
from apps.sla.models import Deadline
from apps.sla.services import rows, thresholds
from apps.sla.states import State, Unit
from apps.sla.timeline import DAY, midnight, to_moment

BATCH = 5000
RECEIVER = "sla.follow_calendar"


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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the open deadlines have followed the last change of a calendar."""

    changed_at: datetime
    changed_by: str
    left: int  # deadlines still to look at
    moved: int  # deadlines that are due at another time now


def progress() -> Progress | None:
    """None when no calendar was ever changed."""
    last = Event.objects.filter(kind=events.CALENDAR_CHANGED).order_by("-id").first()
    if last is None:
        return None
    left = sum(_affected(*_bounds(delivery.event)).count() for delivery in _undelivered())
    moved = Event.objects.filter(kind=events.CHANGED, id__gt=last.pk, data__why="calendar").count()
    return Progress(last.at, "" if last.actor_kind == "system" else last.actor_label, left, moved)


def _undelivered() -> "QuerySet[Delivery]":
    mine = Delivery.objects.filter(receiver=RECEIVER, done_at=None, due_at__isnull=False)
    return mine.select_related("event").order_by("-id")[:20]


def _bounds(event: Event) -> tuple[date | None, date | None, UUID | None]:
    first, last, after = (event.data.get(name) for name in ("first", "last", "after"))
    return (
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
        UUID(after) if after else None,
    )
