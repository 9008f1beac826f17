"""Calendars: official days, departments' own hours, and open deadlines that follow a change (SLA-02)."""

from datetime import date, time, timedelta
from decimal import Decimal
from uuid import uuid4

import chinese_calendar
import pytest

from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal import deliveries
from apps.journal.events import Ref
from apps.journal.models import Event
from apps.sla import defaults, events, official, rules
from apps.sla.models import Calendar, CalendarDay, EscalationStep, Policy
from apps.sla.services import calendars, deadlines, ladder, recalculation
from apps.sla.services.calendars import Period
from apps.sla.timeline import MINUTE, to_moment, to_us
from tests.factories import DepartmentFactory, actor_with

pytestmark = pytest.mark.django_db
SYSTEM = system("test")
EIGHT_TO_FIVE = [Period(weekday, time(8), time(17)) for weekday in range(5)]


def kinds(year):
    days = CalendarDay.objects.filter(calendar=None, date__year=year)
    return {kind: {d.date for d in days if d.kind == kind} for kind in ("holiday", "workday")}


@pytest.fixture
def standard():
    return Calendar.objects.get(department=None)


@pytest.fixture
def hotline():
    """A department that works every day from eight to midnight, holidays too."""
    department = DepartmentFactory()
    calendar = Calendar(code="hotline", name="热线", department=department, official_days=False)
    return calendars.save(calendar, [Period(d, time(8), time(0)) for d in range(7)], actor=SYSTEM)


# Official days -------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-02")
def test_the_official_days_of_2026_are_there():
    found = kinds(2026)

    assert len(found["holiday"]) == 33
    assert {date(2026, 10, day) for day in range(1, 8)} <= found["holiday"]
    assert found["workday"] == {
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    }  # fmt: skip
    names = dict(CalendarDay.objects.filter(date__month=10, date__year=2026).values_list("date", "name"))
    assert (names[date(2026, 10, 1)], names[date(2026, 10, 10)]) == ("国庆节", "国庆节调休")


@pytest.mark.parametrize(("year", "provisional"), [(2024, False), (2025, False), (2026, False), (2027, True)])
def test_years_without_announced_make_up_days_are_provisional(year, provisional):
    days = CalendarDay.objects.filter(calendar=None, date__year=year)

    assert {day.provisional for day in days} == {provisional}
    assert bool(kinds(year)["workday"]) is not provisional
    assert rules.current().official_years()[year] is provisional


def test_every_month_has_as_many_working_days_as_the_library_says(standard, shanghai):
    timeline = rules.current().timelines[standard.pk]
    for year in (2024, 2025, 2026):
        for month in range(1, 13):
            first, following = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
            theirs = chinese_calendar.get_workdays(first, following - timedelta(days=1))

            ours = timeline.between(to_us(shanghai(f"{first} 00:00")), to_us(shanghai(f"{following} 00:00")))

            assert ours == len(theirs) * 450 * MINUTE, first


def test_loading_again_changes_nothing_that_staff_edited(standard):
    labour_day = CalendarDay.objects.get(calendar=None, date=date(2026, 5, 1))
    labour_day.kind, labour_day.name = "workday", "盘点"
    calendars.save_day(labour_day, actor=SYSTEM)
    calendars.delete_day(CalendarDay.objects.get(calendar=None, date=date(2026, 5, 2)), actor=SYSTEM)
    Policy.objects.filter(code="callback").update(name="回访")

    loaded = defaults.load(actor=SYSTEM)

    assert not any(loaded.values())
    assert CalendarDay.objects.get(calendar=None, date=date(2026, 5, 1)).name == "盘点"
    assert Policy.objects.get(code="callback").name == "回访"


def test_announced_days_replace_provisional_ones_and_nothing_that_staff_confirmed(
    monkeypatch, subject, facts, shanghai
):
    announced = [CalendarDay(date=date(2027, 1, 1), kind="holiday", name="元旦"),
                 CalendarDay(date=date(2027, 1, 3), kind="workday", name="元旦调休")]  # fmt: skip
    deadlines.start(subject, ["answer"], facts(kind="inquiry"), at=shanghai("2026-12-31 10:00"))
    monkeypatch.setattr(official, "days_of", lambda year: announced)

    written = calendars.load_official_year(2027, actor=SYSTEM)
    again = calendars.load_official_year(2027, actor=SYSTEM)
    deliveries.drain()

    assert (written, again) == (2, 0)
    assert CalendarDay.objects.filter(calendar=None, date__year=2027).count() == 2
    assert deadlines.open_for(subject)[0].due_at == shanghai("2027-01-03 10:00")


# Departments ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-02")
def test_a_department_s_deadlines_follow_its_own_calendar(subject, facts, shanghai, hotline):
    start = shanghai("2026-10-01 21:00")

    (own,) = deadlines.start(subject, ["acceptance"], facts(department_id=hotline.department_id), at=start)
    other = Ref("feedback.ticket", uuid4())
    (standard,) = deadlines.start(other, ["acceptance"], facts(department_id=DepartmentFactory().pk), at=start)

    assert own.due_at == shanghai("2026-10-01 23:00")
    assert standard.due_at == shanghai("2026-10-08 11:00")


@pytest.mark.req("SLA-03")
def test_another_department_another_calendar(subject, facts, shanghai, hotline):
    deadlines.start(subject, ["acceptance"], facts(), at=shanghai("2026-10-01 21:00"))
    moved_to = facts(department_id=hotline.department_id)

    (moved,) = deadlines.recompute(subject, moved_to, at=shanghai("2026-10-01 22:00"), actor=SYSTEM)

    assert (moved.due_at, moved.department_id) == (shanghai("2026-10-01 23:00"), hotline.department_id)


@pytest.mark.req("SLA-02")
def test_company_days_off_and_a_calendar_s_own_entry_before_the_official_one(standard, shanghai):
    calendars.save_day(
        CalendarDay(calendar=standard, date=date(2026, 11, 17), kind="company_day_off", name="司庆"), actor=SYSTEM
    )
    calendars.save_day(CalendarDay(calendar=standard, date=date(2026, 10, 7), kind="workday"), actor=SYSTEM)

    timeline = rules.current().timelines[standard.pk]
    for begun, due in (("2026-11-16 10:00", "2026-11-18 10:00"), ("2026-09-30 10:00", "2026-10-07 10:00")):
        assert to_moment(timeline.add_working_days(to_us(shanghai(begun)), Decimal(1))) == shanghai(due)


# Changes -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-02", "SLA-08")
def test_open_deadlines_follow_a_new_day_off_and_say_so(subject, facts, shanghai, standard):
    deadlines.start(subject, ["resolution", "callback"], facts(), at=shanghai("2026-11-16 10:00"))
    met = Ref("feedback.ticket", uuid4())
    deadlines.start(met, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))
    kept = deadlines.meet(met, "resolution", at=shanghai("2026-11-16 11:00"))
    day = CalendarDay(calendar=standard, date=date(2026, 11, 18), kind="company_day_off", name="搬迁")

    calendars.save_day(day, actor=SYSTEM)
    deliveries.drain()

    due = {d.metric: d.due_at for d in deadlines.open_for(subject)}
    assert due == {"resolution": shanghai("2026-11-20 10:00"), "callback": shanghai("2026-11-17 10:00")}
    (event,) = Event.objects.filter(kind=events.CHANGED)
    assert (event.subject_id, event.data["why"], event.data["metric"]) == (subject.id, "calendar", "resolution")
    kept.refresh_from_db()
    assert kept.due_at == shanghai("2026-11-19 10:00")


@pytest.mark.usefixtures("rules_at_hand")
def test_a_day_far_away_is_not_looked_at(subject, facts, shanghai, standard, django_assert_num_queries):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))

    with django_assert_num_queries(1):
        ids = list(recalculation._affected(date(2026, 12, 1), date(2026, 12, 1), None))

    assert ids == []


def test_many_deadlines_follow_in_batches(facts, shanghai, standard, monkeypatch):
    monkeypatch.setattr(recalculation, "BATCH", 2)
    subjects = [Ref("feedback.ticket", uuid4()) for _ in range(5)]
    for each in subjects:
        deadlines.start(each, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))

    calendars.save(standard, EIGHT_TO_FIVE, actor=SYSTEM)
    while deliveries.drain():
        pass

    assert {deadlines.next_due(s).due_at for s in subjects} == {shanghai("2026-11-19 10:00")}
    assert {deadlines.next_due(s).warn_at for s in subjects} != {shanghai("2026-11-18 14:30")}
    assert Event.objects.filter(kind=events.RECALCULATION_CONTINUED).count() == 2


def test_waiting_and_a_date_set_by_hand_are_kept(facts, shanghai, standard, subject):
    waiting = Ref("feedback.ticket", uuid4())
    for each in (subject, waiting):
        deadlines.start(each, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))
    deadlines.pause(waiting, at=shanghai("2026-11-16 11:00"))
    with clock.at(shanghai("2026-11-16 12:00")):
        deadlines.set_due(deadlines.next_due(subject).pk, shanghai("2026-11-27 12:00"), actor=SYSTEM, reason="…")

    calendars.save(standard, EIGHT_TO_FIVE, actor=SYSTEM)
    deliveries.drain()

    assert deadlines.next_due(subject).due_at == shanghai("2026-11-27 12:00")
    paused = deadlines.next_due(waiting)
    assert (paused.paused_at, paused.next_check_at) == (shanghai("2026-11-16 11:00"), None)


@pytest.mark.parametrize(
    ("periods", "code"),
    [
        ([], "sla.hours_missing"),
        ([Period(0, time(9), time(9))], "sla.hours_order"),
        ([Period(0, time(9), time(8))], "sla.hours_order"),
        ([Period(0, time(9), time(12)), Period(0, time(11), time(13))], "sla.hours_overlap"),
        ([Period(0, time(9), time(0)), Period(0, time(22), time(23))], "sla.hours_overlap"),
    ],
)
def test_hours_that_cannot_be_are_refused(standard, periods, code):
    with pytest.raises(DomainError) as error:
        calendars.save(standard, periods, actor=SYSTEM)

    assert error.value.code == code
    assert standard.periods.count() == 10


def test_one_calendar_a_department_and_one_default(hotline):
    for department, code in ((None, "sla.calendar_default_exists"), (hotline.department, "sla.calendar_taken")):
        with pytest.raises(DomainError) as error:
            calendars.save(Calendar(code="x", name="x", department=department), EIGHT_TO_FIVE, actor=SYSTEM)
        assert error.value.code == code


def test_a_department_without_its_calendar_follows_the_default_one(hotline, standard, shanghai):
    department = hotline.department_id

    calendars.delete(hotline, actor=SYSTEM)

    assert rules.current().calendar(department) == standard
    with pytest.raises(DomainError) as error:
        calendars.delete(standard, actor=SYSTEM)
    assert error.value.code == "sla.calendar_needed"


def test_a_date_is_entered_once(standard):
    with pytest.raises(DomainError) as error:
        calendars.save_day(CalendarDay(date=date(2026, 10, 1), kind="workday"), actor=SYSTEM)

    assert error.value.code == "sla.day_taken"


def test_calendars_and_ladder_are_changed_only_by_those_who_may(standard):
    actor = actor_with("service_staff")
    day, step = CalendarDay.objects.first(), EscalationStep.objects.first()

    for act in (
        lambda: calendars.save(standard, EIGHT_TO_FIVE, actor=actor),
        lambda: calendars.delete(standard, actor=actor),
        lambda: calendars.save_day(day, actor=actor),
        lambda: calendars.delete_day(day, actor=actor),
        lambda: ladder.save_step(step, actor=actor),
        lambda: ladder.delete_step(step, actor=actor),
    ):
        with pytest.raises(DomainError) as error:
            act()
        assert error.value.code == "core.not_allowed"
