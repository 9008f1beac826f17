"""Working time as arithmetic: pure, exact to the microsecond, no database.

Moments are whole microseconds since 1970 UTC, amounts are whole microseconds. The working intervals of the years that
were asked for lie in sorted arrays with their running sum, so every question is a binary search. Local days are those
of Shanghai (SLA-02).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError
from apps.sla.states import DayKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
LAST_YEAR = 2200

Period = tuple[int, int]  # from and until, microseconds since local midnight


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC. Raises TypeError for a naive datetime."""
    return (moment - EPOCH) // MICROSECOND


def to_moment(us: int) -> datetime:
    """The aware UTC datetime of `to_us`."""
    return EPOCH + timedelta(microseconds=us)


def midnight(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))


class Ruler(Protocol):
    """What the arithmetic of a deadline needs of a clock."""

    def add(self, start: int, amount: int) -> int: ...
    def between(self, a: int, b: int) -> int: ...


class WallClock:
    """The clock on the wall: nights, weekends and holidays count."""

    @staticmethod
    def add(start: int, amount: int) -> int:
        return start + amount

    @staticmethod
    def between(a: int, b: int) -> int:
        return b - a


WALL_CLOCK = WallClock()


@dataclass(frozen=True, slots=True)
class Hours:
    """What a calendar says: hours of each weekday (Monday first), and the days that differ."""

    name: str
    week: tuple[tuple[Period, ...], ...]
    days: Mapping[date, DayKind] = field(default_factory=dict)

    @property
    def make_up(self) -> tuple[Period, ...]:
        """Hours of a make-up day on a weekday without hours: those of the first weekday that has some."""
        return next((periods for periods in self.week if periods), ())

    def of(self, day: date) -> tuple[Period, ...]:
        kind = self.days.get(day)
        if kind is None or kind == DayKind.ORDINARY:
            return self.week[day.weekday()]
        if kind == DayKind.WORKDAY:
            return self.week[day.weekday()] or self.make_up
        return ()


def merged(periods: tuple[Period, ...]) -> list[Period]:
    """The periods in order, overlapping and touching ones joined."""
    joined: list[Period] = []
    for start, end in sorted(p for p in periods if p[0] < p[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


class _Span:
    """The working intervals of some whole years; immutable once built."""

    def __init__(self, hours: Hours, first_year: int, last_year: int) -> None:
        self.first_year, self.last_year = first_year, last_year
        self.begin, self.end = midnight(date(first_year, 1, 1)), midnight(date(last_year + 1, 1, 1))
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []  # working time before each interval
        self.day_of: list[int] = []  # index into the three lists of working days
        self.day_midnight: list[int] = []
        self.day_first: list[int] = []  # the day's first interval
        self.total = 0
        self._build(hours)

    def _build(self, hours: Hours) -> None:
        week, day = [merged(periods) for periods in hours.week], date(self.first_year, 1, 1)
        while day.year <= self.last_year:
            periods = merged(hours.of(day)) if day in hours.days else week[day.weekday()]
            if periods:
                zero = midnight(day)
                self.day_midnight.append(zero)
                self.day_first.append(len(self.starts))
                for start, end in periods:
                    self.starts.append(zero + start)
                    self.ends.append(zero + end)
                    self.before.append(self.total)
                    self.day_of.append(len(self.day_midnight) - 1)
                    self.total += end - start
            day += timedelta(days=1)

    def worked(self, moment: int) -> int:
        """Working time from the beginning of the span to `moment`."""
        i = bisect_right(self.starts, moment) - 1
        return 0 if i < 0 else self.before[i] + min(moment, self.ends[i]) - self.starts[i]

    def moment(self, worked: int) -> int:
        """The earliest moment with so much working time behind it; 0 < worked <= total."""
        i = bisect_left(self.before, worked) - 1
        return self.starts[i] + worked - self.before[i]


class Timeline:
    """The working time of one calendar. Safe to share between threads: spans are replaced, never changed."""

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self.day_length = sum(end - start for start, end in merged(hours.make_up))  # a standard working day
        self._span: _Span | None = None

    def add(self, start: int, amount: int) -> int:
        """The earliest moment with `amount` of working time between it and `start`; `start` itself for nothing.

        An amount that fills a day to its last minute is due at that evening's closing, not next morning.
        Raises DomainError `sla.calendar_empty`, or `sla.too_far` beyond the year 2200.
        """
        if amount <= 0:
            return start
        span = self._around(start, start)
        want = span.worked(start) + amount
        while want > span.total:
            span = self._longer()
            want = span.worked(start) + amount
        return span.moment(want)

    def between(self, a: int, b: int) -> int:
        """Working time from `a` to `b`; negative when `b` is earlier."""
        if not self.day_length:
            return 0
        span = self._around(min(a, b), max(a, b))
        return span.worked(b) - span.worked(a)

    def add_days(self, start: int, days: int) -> int:
        """The same time of day `days` working days later.

        A working day is a day with any working hours. A start outside working hours counts as the end of working time
        before it (so what comes in at night or on a holiday has the whole next working day). Where the later day does
        not work at that time of day: its last working moment before it, or its opening.
        For calendars whose days are equally long this is `days` × that length of working time.
        """
        if days <= 0:
            return start
        span = self._around(start, start)
        while True:
            i = bisect_left(span.starts, start) - 1
            if i >= 0 and span.day_of[i] + days < len(span.day_midnight):
                break
            span = self._longer(earlier=i < 0)
        anchor, day = min(start, span.ends[i]), span.day_of[i]
        same_time = span.day_midnight[day + days] + anchor - span.day_midnight[day]
        opening = span.day_first[day + days]
        j = bisect_left(span.starts, same_time) - 1
        return min(same_time, span.ends[j]) if j >= opening else span.starts[opening]

    def add_working_days(self, start: int, days: Decimal) -> int:
        """`add_days` for whole days, then the fraction as a part of a standard working day."""
        whole = int(days)
        return self.add(self.add_days(start, whole), int((days - whole) * self.day_length))

    def last_before(self, moment: int) -> int:
        """The last working moment at or before `moment`: of an evening, the day's closing."""
        span = self._around(moment, moment)
        i = bisect_left(span.starts, moment) - 1
        return min(moment, span.ends[i])

    def _around(self, a: int, b: int) -> _Span:
        """A span that holds both moments and the year before the first."""
        if not self.day_length:
            raise DomainError("sla.calendar_empty", name=self.hours.name)
        span = self._span
        if span is not None and span.begin + 365 * DAY <= a and b < span.end:
            return span
        first, last = _year(a) - 1, _year(b) + 1
        if span is not None:
            first, last = min(first, span.first_year), max(last, span.last_year)
        return self._rebuild(first, last)

    def _longer(self, *, earlier: bool = False) -> _Span:
        span = self._span
        assert span is not None
        if earlier:
            return self._rebuild(span.first_year - 1, span.last_year)
        return self._rebuild(span.first_year, span.last_year + max(1, span.last_year - span.first_year))

    def _rebuild(self, first: int, last: int) -> _Span:
        if last > LAST_YEAR or first < 1970:
            raise DomainError("sla.too_far")
        self._span = _Span(self.hours, first, last)
        return self._span


def _year(us: int) -> int:
    return to_moment(us).astimezone(SHANGHAI).year
