"""Changing working calendars (SLA-02). New deadlines see it at once, open ones follow by a receiver."""

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import transaction

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import Ref, ref
from apps.sla import events, official, rules
from apps.sla.models import Calendar, CalendarDay, Deadline, WorkingPeriod
from apps.sla.timeline import DAY


class Period(NamedTuple):
    """Hours of a weekday (0 is Monday), Shanghai time; an end of 00:00 is the midnight at which the day ends."""

    weekday: int
    start: time
    end: time


def save(calendar: Calendar, periods: Sequence[Period], *, actor: Actor) -> Calendar:
    """Create or change a calendar together with the hours of its week.

    Raises DomainError `core.not_allowed` (needs `sla.change_policy`), `sla.calendar_default_exists`,
    `sla.calendar_taken`, `sla.hours_missing`, `sla.hours_order`, `sla.hours_overlap`.
    """
    _allowed(actor)
    check_periods(periods)
    with transaction.atomic():
        check(calendar)
        calendar.save()
        calendar.periods.all().delete()
        WorkingPeriod.objects.bulk_create([WorkingPeriod(calendar=calendar, **p._asdict()) for p in periods])
        hours = [f"{p.weekday} {p.start:%H:%M}–{p.end:%H:%M}" for p in sorted(periods)]
        data = {"name": calendar.name, "official_days": calendar.official_days, "hours": hours}
        _changed(calendar, actor, None, None, data)
    return calendar


def delete(calendar: Calendar, *, actor: Actor) -> None:
    """Its department follows the default one again. Raises DomainError `core.not_allowed`, `sla.calendar_needed`."""
    _allowed(actor)
    if calendar.department_id is None:
        raise DomainError("sla.calendar_needed")
    with transaction.atomic():
        about = ref(calendar)
        calendar.delete()
        _changed(about, actor, None, None, {"name": calendar.name, "deleted": True})


def check(calendar: Calendar) -> None:
    """One a department, one default. Raises DomainError `sla.calendar_default_exists`, `sla.calendar_taken`."""
    if Calendar.objects.filter(department=calendar.department_id).exclude(pk=calendar.pk).exists():
        code = "sla.calendar_taken" if calendar.department_id else "sla.calendar_default_exists"
        raise DomainError(code, field="department")


def check_periods(periods: Sequence[Period]) -> None:
    """Raises DomainError `sla.hours_missing`, `sla.hours_order`, `sla.hours_overlap`."""
    if not periods:
        raise DomainError("sla.hours_missing")
    spans = sorted((p.weekday, rules.since_midnight(p.start), rules.since_midnight(p.end) or DAY) for p in periods)
    if any(start >= end for _, start, end in spans):
        raise DomainError("sla.hours_order")
    if any(a[0] == b[0] and b[1] < a[2] for a, b in pairwise(spans)):
        raise DomainError("sla.hours_overlap")


def save_day(day: CalendarDay, *, actor: Actor) -> CalendarDay:
    """Create or change a special day. Raises DomainError `core.not_allowed`, `sla.day_taken`."""
    _allowed(actor)
    with transaction.atomic():
        check_day(day)
        old = CalendarDay.objects.filter(pk=day.pk).values_list("date", flat=True).first()
        day.save()
        dates = [day.date, old or day.date]
        data = {"date": day.date, "kind": day.kind, "name": day.name, "provisional": day.provisional}
        _changed(day, actor, min(dates), max(dates), data)
    return day


def check_day(day: CalendarDay) -> None:
    """One entry a calendar and date. Raises DomainError `sla.day_taken`."""
    if CalendarDay.objects.filter(calendar=day.calendar_id, date=day.date).exclude(pk=day.pk).exists():
        raise DomainError("sla.day_taken", field="date", date=day.date.isoformat())


def delete_day(day: CalendarDay, *, actor: Actor) -> None:
    """The date follows its weekday again. Raises DomainError `core.not_allowed`."""
    _allowed(actor)
    with transaction.atomic():
        about = ref(day)
        day.delete()
        _changed(about, actor, day.date, day.date, {"date": day.date, "deleted": True})


def add_default(calendar: Calendar, periods: Sequence[Period]) -> int:
    """Create the shipped default calendar where there is none."""
    if Calendar.objects.filter(department=None).exists():
        return 0
    calendar.save(force_insert=True)
    WorkingPeriod.objects.bulk_create([WorkingPeriod(calendar=calendar, **p._asdict()) for p in periods])
    rules.touch()
    return 1


def load_official_year(year: int, *, actor: Actor) -> int:
    """Load a year's public holidays and make-up days where the table has none, or only provisional ones now announced.

    What staff entered or confirmed (not provisional) is left alone. Returns how many days were written.
    """
    days = official.days_of(year)
    with transaction.atomic():
        known = list(CalendarDay.objects.filter(calendar=None, date__year=year))
        provisional = days[0].provisional if days else True
        if not days or any(not d.provisional for d in known) or (known and provisional):
            return 0
        CalendarDay.objects.filter(pk__in=[d.pk for d in known]).delete()
        CalendarDay.objects.bulk_create(days)
        rules.touch()
        if Deadline.objects.exists():
            data = {"year": year, "provisional": provisional}
            _changed(days[0], actor, date(year, 1, 1), date(year, 12, 31), data)
    return len(days)


def _changed(
    subject: Calendar | CalendarDay | Ref, actor: Actor, first: date | None, last: date | None, data: dict[str, Any]
) -> None:
    """Tell of the change; `first` and `last` bound the days that differ now (none: any day may)."""
    rules.touch()
    bounds = {"first": first and first.isoformat(), "last": last and last.isoformat()}
    journal.record(events.CALENDAR_CHANGED, subject=subject, actor=actor, data={**bounds, **data})


def _allowed(actor: Actor) -> None:
    if not actor.can("sla.change_policy"):
        raise DomainError("core.not_allowed")
