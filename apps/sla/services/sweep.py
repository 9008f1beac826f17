"""The one sweep: finds by index what time has made due and passes its thresholds (SLA-07)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.core import locks
from apps.journal import events as journal
from apps.sla import events, rules, selectors
from apps.sla.models import Deadline, Pause
from apps.sla.services import rows, thresholds

LIMIT = 1000


@dataclass(slots=True)
class SweepResult:
    checked: int = 0
    warned: int = 0
    breached: int = 0
    escalated: int = 0
    fired: int = 0


def sweep(*, now: datetime, limit: int = LIMIT) -> SweepResult:
    """Pass the thresholds of up to `limit` deadlines due for a look at `now`, with their events, in one transaction.

    Any number of sweeps may run at once: each skips the rows another holds. Fewer than `limit` checked: it is done.
    """
    with transaction.atomic():
        batch = locks.claim(Deadline.objects.filter(next_check_at__lte=now).order_by("next_check_at"), limit)
        if not batch:
            return SweepResult()
        in_force, pauses = rules.current(), _pauses_of_overdue(batch)
        new = [
            event
            for deadline in batch
            for event in thresholds.pass_until(deadline, in_force, now, pauses.get(deadline.subject_id, ()))
        ]
        rows.save([d for d in batch if not d.is_timer], rows.THRESHOLDS)
        rows.save([d for d in batch if d.is_timer], rows.FIRED)
        journal.record_many(new)
    kinds = [event.kind for event in new]
    return SweepResult(
        checked=len(batch),
        warned=kinds.count(events.WARNED),
        breached=kinds.count(events.BREACHED),
        escalated=kinds.count(events.ESCALATED),
        fired=kinds.count(events.FIRED),
    )


def _pauses_of_overdue(batch: Sequence[Deadline]) -> Mapping[UUID, Sequence[Pause]]:
    """A pause can only postpone the ladder of what was overdue before: pausing records a breach first."""
    overdue = {d.subject_id for d in batch if d.breached_at is not None}
    return selectors.pauses_by_subject(overdue) if overdue else {}
