"""Working time by a calendar, for every room that counts in it. Moments are aware; results are UTC."""

from datetime import date, datetime
from decimal import Decimal

from apps.sla import dueness, rules
from apps.sla.models import Calendar
from apps.sla.timeline import MINUTE, Timeline, to_moment, to_us


def add_working_time(calendar: Calendar, start: datetime, minutes: int | Decimal) -> datetime:
    """The earliest moment with so much working time between it and `start` (SLA-02).

    Raises DomainError `sla.calendar_empty`, `sla.too_far`; TypeError for a naive datetime.
    """
    return to_moment(_timeline(calendar).add(to_us(start), int(minutes * MINUTE)))


def working_minutes_between(calendar: Calendar, a: datetime, b: datetime) -> Decimal:
    """Working time from `a` to `b` in minutes; negative when `b` is earlier."""
    return Decimal(_timeline(calendar).between(to_us(a), to_us(b))) / MINUTE


def add_working_days(calendar: Calendar, start: datetime, days: int | Decimal) -> datetime:
    """The same time of day so many working days later; how it is counted exactly: `Timeline.add_days` (SLA-02).

    A fraction counts as that part of a standard working day. Raises as `add_working_time` does.
    """
    return to_moment(_timeline(calendar).add_working_days(to_us(start), Decimal(days)))


def closing_of(department_id: int | None, day: date) -> datetime:
    """The last working moment of a day (of Shanghai) by the department's calendar, or before it on a day off."""
    return dueness.closing(rules.current().timeline(department_id), day)


def _timeline(calendar: Calendar) -> Timeline:
    return rules.current().timelines[calendar.pk]
