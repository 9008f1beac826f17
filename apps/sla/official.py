"""China's official days: the announced ones with their make-up days (调休), and what is expected of later years."""

from datetime import date, timedelta

import chinese_calendar
import holidays

from apps.sla.models import CalendarDay
from apps.sla.states import DayKind

LAST_ANNOUNCED_YEAR = max(day.year for day in chinese_calendar.holidays)
_CHINESE = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


def days_of(year: int) -> list[CalendarDay]:
    """Unsaved official days of a year; provisional, and without make-up days, while they are not announced."""
    return _announced(year) if year <= LAST_ANNOUNCED_YEAR else _expected(year)


def _announced(year: int) -> list[CalendarDay]:
    off = [
        CalendarDay(date=day, kind=DayKind.HOLIDAY, name=_CHINESE[name])
        for day, name in chinese_calendar.holidays.items()
        if day.year == year
    ]
    make_up = [
        CalendarDay(date=day, kind=DayKind.WORKDAY, name=f"{_CHINESE[name]}调休")
        for day, name in chinese_calendar.workdays.items()
        if day.year == year and _is_weekend(day)
    ]
    return sorted(off + make_up, key=lambda d: d.date)


def _expected(year: int) -> list[CalendarDay]:
    """Some days off are certain by law; which weekends are worked for them is announced the November before."""
    known = holidays.country_holidays("CN", years=year, language="zh_CN")
    return [
        CalendarDay(date=day, kind=DayKind.HOLIDAY, name=name.removesuffix("（补假）"), provisional=True)
        for day, name in sorted(known.items())
        if day.year == year
    ]


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def newest_year(today: date) -> int:
    """The last year worth loading: next year, so that no deadline runs into an unknown one."""
    return max(2027, (today + timedelta(days=1)).year + 1)
