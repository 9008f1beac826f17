"""Whether somebody is there to answer, by the department's calendar (SLA-02), and when somebody is again."""

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import Department
from apps.core import clock
from apps.core.errors import DomainError
from apps.sla import rules
from apps.sla.timeline import to_moment, to_us


@dataclass(frozen=True, slots=True)
class Office:
    """`opens_at` is aware, UTC; None while open, and where the calendar knows no working time at all."""

    open: bool
    opens_at: datetime | None = None


def office(department_id: int | None) -> Office:
    """The office now. Without a calendar it counts as closed: nobody is promised an answer."""
    try:
        timeline = rules.current().timeline(department_id)
        now = to_us(clock.now())
        if timeline.between(now, now + 1):
            return Office(True)
        return Office(
            False, to_moment(timeline.add(now, 1) - 1)
        )  # one microsecond of work later, less that microsecond
    except DomainError:
        return Office(False)


def department_id(code: str) -> int | None:
    """The department that a door names for its hours, or None for the company's own calendar."""
    return Department.objects.filter(code=code).values_list("pk", flat=True).first() if code else None
