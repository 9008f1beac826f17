"""Changing working calendars (SLA-02). New deadlines see it at once, open ones follow by a receiver."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import Ref, ref
from apps.journal.models import Event
from apps.sla import events, official, rules
from apps.sla.models import Calendar, CalendarDay, Deadline, WorkingPeriod
from apps.sla.states import DayKind
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
        day.by_hand = True
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
    """The date follows its weekday again, or in a department's calendar the official entry.

    A day that was loaded stays as "as its weekday": loading again must not bring it back. Raises DomainError
    `core.not_allowed`.
    """
    _allowed(actor)
    with transaction.atomic():
        about = ref(day)
        if day.calendar_id is None and not day.by_hand:
            day.kind, day.name, day.provisional, day.by_hand = DayKind.ORDINARY, "", False, True
            day.save()
        else:
            day.delete()
        _changed(about, actor, day.date, day.date, {"date": day.date, "deleted": True})


def set_day(calendar: Calendar | None, date_: date, kind: str, name: str, *, actor: Actor) -> CalendarDay | None:
    """Say what a date is in a calendar (none: officially, for all); an empty `kind` takes the entry back.

    Taking an official entry back that staff changed restores what was announced. Returns the entry there is now.
    Raises DomainError `core.not_allowed`, `core.invalid_choice`.
    """
    _allowed(actor)
    if kind and kind not in DayKind.values:
        raise DomainError("core.invalid_choice", field="kind", value=kind)
    with transaction.atomic():
        known = CalendarDay.objects.filter(calendar=calendar, date=date_).first()
        if kind:
            day = known or CalendarDay(calendar=calendar, date=date_)
            day.kind, day.name, day.provisional = kind, name.strip()[:60], False
            return save_day(day, actor=actor)
        announced = _announced(date_) if calendar is None and known is not None and known.by_hand else None
        if known is not None:
            delete_day(known, actor=actor)
        if announced is not None:
            announced.save(force_insert=True)
            data = {"date": date_, "kind": announced.kind, "name": announced.name, "restored": True}
            _changed(announced, actor, date_, date_, data)
            return announced
        return CalendarDay.objects.filter(calendar=calendar, date=date_).first()


def _announced(date_: date) -> CalendarDay | None:
    return next((day for day in official.days_of(date_.year) if day.date == date_), None)


def add_default(calendar: Calendar, periods: Sequence[Period]) -> int:
    """Create the shipped default calendar where there is none."""
    if Calendar.objects.filter(department=None).exists():
        return 0
    calendar.save(force_insert=True)
    WorkingPeriod.objects.bulk_create([WorkingPeriod(calendar=calendar, **p._asdict()) for p in periods])
    rules.touch()
    return 1


def load_official_year(year: int, *, actor: Actor) -> int:
    """Bring a year's public holidays and make-up days up to what is announced, or expected where nothing is yet.

    What staff entered, changed or took out is left alone. Returns how many days were written.
    """
    wanted = {day.date: day for day in official.days_of(year)}
    with transaction.atomic():
        known = {day.date: day for day in CalendarDay.objects.filter(calendar=None, date__year=year)}
        loaded = {date_: day for date_, day in known.items() if not day.by_hand}
        gone = [day for date_, day in loaded.items() if date_ not in wanted or _differs(day, wanted[date_])]
        kept = known.keys() - {day.date for day in gone}
        new = [day for date_, day in wanted.items() if date_ not in kept]
        if not gone and not new:
            return 0
        CalendarDay.objects.filter(pk__in=[d.pk for d in gone]).delete()
        CalendarDay.objects.bulk_create(new)
        rules.touch()
        if Deadline.objects.exists():
            data = {"year": year, "provisional": any(day.provisional for day in new)}
            changed = sorted(day.date for day in (*gone, *new))
            _changed((new or gone)[0], actor, changed[0], changed[-1], data)
    return len(new)


def confirm_year(year: int, *, actor: Actor) -> int:
    """What stands there is what was announced: nothing of the year is provisional any more, and loading leaves it.

    Returns how many days were. Raises DomainError `core.not_allowed`.
    """
    _allowed(actor)
    with transaction.atomic():
        days = list(CalendarDay.objects.filter(calendar=None, date__year=year, provisional=True).order_by("date"))
        if days:
            CalendarDay.objects.filter(pk__in=[d.pk for d in days]).update(provisional=False, by_hand=True)
            data = {"year": year, "provisional": False}
            _changed(days[0], actor, days[0].date, days[-1].date, data)
    return len(days)


def _differs(known: CalendarDay, wanted: CalendarDay) -> bool:
    facts = ("kind", "name", "provisional")
    return any(getattr(known, fact) != getattr(wanted, fact) for fact in facts)


def warn_of_missing_days(now: datetime) -> int | None:
    """From December on, until the make-up days of next year are known: tell once a week. Returns the year, or None.

    What hears of `sla.official_days_missing` tells the administrators (SLA-02).
    """
    today = clock.local(now).date()
    year = (today + timedelta(days=31)).year
    standard = Calendar.objects.filter(department=None).first()
    if standard is None or rules.current().official_years().get(year, True) is False:
        return None
    with transaction.atomic():
        locks.row(Calendar, standard.pk)
        told = Event.objects.filter(kind=events.OFFICIAL_DAYS_MISSING, subject_id=standard.pk)
        if told.filter(at__gt=now - timedelta(days=7)).exists():
            return None
        journal.record(events.OFFICIAL_DAYS_MISSING, subject=standard, actor=system("sla"), data={"year": year}, at=now)
    return year


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
