"""A year of a calendar as people read it: twelve months, each day with its colour and its word (SLA-02)."""

import calendar as gregorian
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.sla import rules
from apps.sla.models import Calendar, CalendarDay
from apps.sla.rules import Rules
from apps.sla.states import DayKind, Weekday

FIRST, LAST = 2000, 2100
_WEEKS = gregorian.Calendar(firstweekday=0)


@dataclass(frozen=True, slots=True)
class Day:
    """`look` is one of work, rest, holiday, makeup, company; `own`: this calendar's entry, not the official one."""

    date: date
    look: str
    mark: str  # one character in the cell: 休, 班, 司
    words: str
    own: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    weeks: list[list[Day | None]]
    working_days: int


@dataclass(frozen=True, slots=True)
class Year:
    """`announced`: whether the make-up days are known; `missing`: there are no official days at all."""

    number: int
    months: list[Month]
    working_days: int
    announced: bool
    missing: bool


def year_of(calendar: Calendar | None, number: int) -> Year:
    """The year in a calendar, or without one what holds officially with the default calendar's hours."""
    in_force = rules.current()
    months = [_month(calendar, number, month, in_force) for month in range(1, 13)]
    known = in_force.official_years()
    return Year(
        number, months, sum(month.working_days for month in months), known.get(number) is False, number not in known
    )


def day_of(calendar: Calendar | None, day: date) -> Day:
    return _day(calendar, day, rules.current())


def entry_of(calendar: Calendar | None, day: date) -> CalendarDay | None:
    """The entry that this calendar itself has for a date."""
    return CalendarDay.objects.filter(calendar=calendar, date=day).first()


def weekday_marks() -> list[str]:
    """One character for each weekday, Monday first."""
    return [
        pgettext("weekday in one letter", "Mo"),
        pgettext("weekday in one letter", "Tu"),
        pgettext("weekday in one letter", "We"),
        pgettext("weekday in one letter", "Th"),
        pgettext("weekday in one letter", "Fr"),
        pgettext("weekday in one letter", "Sa"),
        pgettext("weekday in one letter", "Su"),
    ]


def _month(calendar: Calendar | None, year: int, month: int, in_force: Rules) -> Month:
    weeks = [
        [_day(calendar, day, in_force) if day.month == month else None for day in week]
        for week in _WEEKS.monthdatescalendar(year, month)
    ]
    worked = sum(day is not None and day.look in ("work", "makeup") for week in weeks for day in week)
    return Month(_("%(month)s/%(year)s") % {"month": month, "year": year}, weeks, worked)


def _day(calendar: Calendar | None, day: date, in_force: Rules) -> Day:
    base = calendar or in_force.calendar(None)
    own = in_force.own_days.get(calendar.pk, {}).get(day) if calendar else in_force.official.get(day)
    special = own
    if calendar is not None and own is None and calendar.official_days:
        special = in_force.official.get(day)
    works = bool(in_force.timelines[base.pk].hours.week[day.weekday()])
    look, mark = _look(special, works)
    words = " · ".join(_words(day, special, look))
    entered = own is not None and (calendar is not None or own.by_hand)
    return Day(day, look, mark, words, own=entered, provisional=special is not None and special.provisional)


def _look(special: CalendarDay | None, works: bool) -> tuple[str, str]:
    if special is not None and special.kind == DayKind.HOLIDAY:
        return "holiday", pgettext("day in one letter", "off")
    if special is not None and special.kind == DayKind.WORKDAY:
        return "makeup", pgettext("day in one letter", "work")
    if special is not None and special.kind == DayKind.COMPANY_DAY_OFF:
        return "company", pgettext("day in one letter", "company")
    return ("work", "") if works else ("rest", "")


def _words(day: date, special: CalendarDay | None, look: str) -> Iterator[str]:
    yield f"{day:%Y-%m-%d} {Weekday(day.weekday()).label}"
    if special is not None:
        yield str(special.get_kind_display())
        if special.name:
            yield special.name
    else:
        yield _("working day") if look == "work" else _("no working hours")
    if special is not None and special.provisional:
        yield _("provisional")
