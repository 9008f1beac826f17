from datetime import date
from uuid import UUID

from apps.core.actors import system
from apps.journal import events as journal
from apps.journal import receivers
from apps.journal.models import Event
from apps.sla import events
from apps.sla.services import lapse, recalculation


@receivers.on(events.BREACHED, name="sla.expire_extension")
def expire_extension(event: Event) -> None:
    """The old date has passed and nobody decided (SLA-05)."""
    lapse.of_passed(UUID(event.data["deadline"]))


@receivers.on(events.CALENDAR_CHANGED, events.RECALCULATION_CONTINUED, name=recalculation.RECEIVER)
def follow_calendar(event: Event) -> None:
    """Move the open deadlines, a batch per event: the rest follows by an event of its own."""
    first, last, after = (event.data.get(name) for name in ("first", "last", "after"))
    reached = recalculation.follow_calendar(
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
        after=UUID(after) if after else None,
    )
    if reached is not None:
        about = journal.Ref(event.subject_type, event.subject_id)
        data = {"first": first, "last": last, "after": str(reached)}
        journal.record(events.RECALCULATION_CONTINUED, subject=about, actor=system("sla"), data=data)
