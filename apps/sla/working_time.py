"""Working time of a department, for rooms that set a due time themselves."""

from datetime import date, datetime

from apps.sla import dueness, rules


def closing_of(department_id: int | None, day: date) -> datetime:
    """The last working moment of a day (of Shanghai) by the department's calendar, or before it on a day off."""
    return dueness.closing(rules.current().timeline(department_id), day)
