"""Working time as arithmetic, on calendars of any shape."""

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError
from apps.sla.states import DayKind
from apps.sla.timeline import DAY, MINUTE, Hours, Timeline, merged, to_moment, to_us

HOUR = 60 * MINUTE
OFFICE = ((9 * HOUR, 12 * HOUR), (13 * HOUR + 30 * MINUTE, 18 * HOUR))
FIVE_DAYS = (OFFICE,) * 5 + ((), ())


def at(text):
    return to_us(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def wall(us):
    return to_moment(us).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def periods():
    cuts = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=6, unique=True).map(sorted)
    return cuts.map(lambda c: tuple((a * MINUTE, b * MINUTE) for a, b in zip(c[::2], c[1::2], strict=False)))


def calendars():
    week = st.lists(st.one_of(st.just(()), periods()), min_size=7, max_size=7).filter(any)
    dates = st.dates(date(2025, 12, 1), date(2027, 3, 1))
    days = st.dictionaries(dates, st.sampled_from(list(DayKind)), max_size=40)
    return st.builds(lambda w, d: Timeline(Hours("random", tuple(w), d)), week, days)


def moments():
    low, high = at("2026-01-01T00:00"), at("2027-01-31T23:59")
    return st.integers(low, high)


@pytest.mark.req("SLA-01", "SLA-02")
@given(calendars(), moments(), st.integers(1, 30 * DAY))
def test_working_time_between_start_and_due_is_the_target(timeline, start, amount):
    due = timeline.add(start, amount)

    assert timeline.between(start, due) == amount
    assert timeline.between(start, due - 1) < amount  # and there is no earlier moment
    assert due > start


@given(calendars(), moments(), moments(), st.integers(1, 20 * DAY), st.integers(0, 20 * DAY))
def test_a_later_start_or_a_longer_target_is_never_due_earlier(timeline, a, b, amount, more):
    early, late = sorted([a, b])

    assert timeline.add(early, amount) <= timeline.add(late, amount)
    assert timeline.add(early, amount) <= timeline.add(early, amount + more)
    assert (timeline.add(early, amount) == timeline.add(early, amount + more)) == (more == 0)


@given(calendars(), moments(), st.integers(1, 10 * DAY), st.integers(1, 10 * DAY))
def test_targets_add_up(timeline, start, first, second):
    assert timeline.add(timeline.add(start, first), second) == timeline.add(start, first + second)


@given(calendars(), moments(), moments())
def test_time_between_is_the_same_seen_from_both_ends(timeline, a, b):
    assert timeline.between(a, b) == -timeline.between(b, a)
    assert 0 <= timeline.between(min(a, b), max(a, b)) <= abs(a - b)


@given(calendars(), moments(), st.integers(1, 15), st.integers(0, 5))
def test_working_days_grow_with_start_and_number(timeline, start, days, more):
    due = timeline.add_days(start, days)

    assert due <= timeline.add_days(start, days + more)
    assert due <= timeline.add_days(start + HOUR, days)


@given(calendars(), moments(), st.integers(1, 15))
def test_a_working_day_promise_ends_in_working_time_with_so_many_closings_before_it(timeline, start, days):
    due = timeline.add_days(start, days)
    span = timeline._span
    day_ends = {first: span.ends[last - 1] for first, last in _days(span)}
    day_of_due = max(midnight for midnight in day_ends if midnight < due)

    # Of the working days that were not over at the start, `days` end before the day on which it is due …
    closings = [end for end in day_ends.values() if start < end and end <= day_of_due]
    anchored_today = any(
        midnight <= start < end and _opened(span, midnight) < start for midnight, end in day_ends.items()
    )
    assert len(closings) == (days if anchored_today else days - 1)
    # … and somebody works at that moment or opens then.
    assert timeline.between(due - 1, due) == 1 or timeline.between(due, due + 1) == 1


def _days(span):
    firsts = [*span.day_first, len(span.starts)]
    return [(m, firsts[i + 1]) for i, m in enumerate(span.day_midnight)]


def _opened(span, midnight):
    return span.starts[span.day_first[span.day_midnight.index(midnight)]]


@given(moments(), st.integers(1, 40), periods())
def test_on_equal_days_working_days_are_working_time(start, days, hours):
    timeline = Timeline(Hours("equal", (hours,) * 6 + ((),)))

    due = timeline.add_days(start, days)

    assert timeline.between(start, due) == days * timeline.day_length


def test_a_half_working_day_is_half_of_its_hours():
    timeline = Timeline(Hours("office", FIVE_DAYS))

    assert wall(timeline.add_working_days(at("2026-11-16T09:00"), Decimal("0.5"))) == "2026-11-16 14:15:00"
    assert wall(timeline.add_working_days(at("2026-11-16T10:00"), Decimal("1.5"))) == "2026-11-17 15:15:00"


def test_a_day_without_the_same_time_of_day_ends_or_opens_instead():
    half_saturday = (OFFICE,) * 5 + (((9 * HOUR, 12 * HOUR),), ())
    late_monday = (((13 * HOUR, 17 * HOUR),), *half_saturday[1:])

    friday = Timeline(Hours("saturdays", half_saturday)).add_days(at("2026-11-20T16:00"), 1)
    monday = Timeline(Hours("late mondays", late_monday)).add_days(at("2026-11-21T10:00"), 1)

    assert wall(friday) == "2026-11-21 12:00:00"
    assert wall(monday) == "2026-11-23 13:00:00"


def test_round_the_clock_is_the_wall_clock():
    timeline = Timeline(Hours("always", (((0, DAY),),) * 7))
    start = at("2026-12-31T22:30")

    assert timeline.add(start, 3 * HOUR) == start + 3 * HOUR
    assert timeline.add_days(start, 2) == start + 2 * DAY


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8))
def test_joined_periods_cover_the_same_minutes(periods):
    joined = merged(tuple(periods))

    assert {m for a, b in joined for m in range(a, b)} == {m for a, b in periods for m in range(a, b)}
    assert all(a[1] < b[0] for a, b in pairwise(joined))


def test_the_years_needed_are_built_when_they_are_asked_for():
    timeline = Timeline(Hours("office", FIVE_DAYS))

    assert wall(timeline.add_days(at("2026-11-16T10:00"), 261 * 20)) == "2046-11-19 10:00:00"
    assert wall(timeline.add(at("1999-01-04T09:00"), 15 * 30 * MINUTE)) == "1999-01-04 18:00:00"
    assert timeline.between(at("1999-01-04T09:00"), at("1999-01-05T09:00")) == 15 * 30 * MINUTE


@pytest.mark.parametrize("moment", ["2024-12-31T23:59", "2025-01-01T00:00", "2025-12-31T23:59", "2026-01-01T00:00"])
def test_year_ends_are_built_once(moment):
    timeline = Timeline(Hours("office", FIVE_DAYS))
    timeline.add(at(moment), MINUTE)
    span = timeline._span

    timeline.add(at(moment), MINUTE)

    assert timeline._span is span


def test_a_calendar_without_hours_says_so():
    empty = Timeline(Hours("nobody", ((),) * 7))

    for ask in (lambda: empty.add(at("2026-11-16T10:00"), 1), lambda: empty.add_days(at("2026-11-16T10:00"), 1)):
        with pytest.raises(DomainError) as error:
            ask()
        assert error.value.code == "sla.calendar_empty"
    assert empty.between(at("2026-11-16T10:00"), at("2026-11-18T10:00")) == 0


def test_a_target_beyond_all_reason_is_refused():
    with pytest.raises(DomainError) as error:
        Timeline(Hours("office", FIVE_DAYS)).add(at("2026-11-16T10:00"), 200 * 365 * DAY)

    assert error.value.code == "sla.too_far"


def test_moments_must_be_aware():
    naive = datetime(2026, 11, 16, 10)

    with pytest.raises(TypeError):
        to_us(naive)
