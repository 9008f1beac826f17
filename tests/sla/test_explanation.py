"""Why it is due then, in words (SLA-08)."""

from datetime import date, time

import pytest
from django.utils import translation

from apps.core import clock
from apps.core.actors import Actor, system
from apps.sla import selectors
from apps.sla.models import Calendar, CalendarDay
from apps.sla.services import calendars, deadlines
from apps.sla.services.calendars import Period
from apps.sla.services.sweep import sweep
from tests.factories import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("SLA-08")]
HEAD = Actor("api", "S0042", permissions=frozenset({"sla.approve_extension", "sla.grant_long_extension"}))


def english(deadline):
    with translation.override("en"):
        return deadlines.explain(deadline)


def test_national_day_and_its_make_up_day_in_chinese(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(urgency="urgent"), at=shanghai("2026-09-30 16:20"))
    (critical,) = deadlines.start(subject, ["callback"], facts(urgency="urgent"), at=shanghai("2026-09-30 16:20"))

    with translation.override("zh-hans"):
        words, by_clock = deadlines.explain(deadline), deadlines.explain(critical)

    assert words == [
        "“解决”时限为 2 个工作日，依据规则“解决·紧急”（第 1 版）。",
        "没有更具体的规则适用，而该规则针对：紧急程度：紧急。",
        "起算时间：2026年9月30日 16:20。",
        "只计日历“标准工作时间”的工作时间（星期一–星期五 09:00–12:00、13:30–18:00）。",
        "10月1日–10月7日 国庆节，不计。",
        "因此到期时间为：2026年10月9日 16:20。",
    ]
    assert by_clock[3] == "按自然时间计算，夜间、周末和节假日都计入。"


def test_days_that_count_and_days_that_do_not(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-10-03 10:00"))

    assert english(deadline) == [
        "“Resolution”: 3 working days, by the policy “解决” (version 1).",
        "It applies because no narrower policy matches; this one is for all cases.",
        "Counting began: Oct. 3, 2026, 10 a.m.",
        "That was outside working hours; the first working moment after it was Oct. 8, 2026, 9 a.m.",
        "Only working time of the calendar “标准工作时间” counts (Monday–Friday 09:00–12:00, 13:30–18:00).",
        "October 3–October 7: 国庆节, not counted.",
        "October 10: 国庆节调休, counted.",
        "So it is due: Oct. 10, 2026, 6 p.m.",
    ]


def test_weekends_company_days_and_provisional_years(subject, facts, shanghai):
    day = CalendarDay(date=date(2026, 12, 30), kind="company_day_off", name="年会")
    calendars.save_day(day, actor=system("test"))

    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-12-29 10:00"))
    words = english(deadline)

    assert words[4:8] == [
        "December 30: 年会, not counted.",
        "January 1: 元旦, not counted.",
        "January 2–January 3: no working hours, not counted.",
        "The holidays of 2027 are provisional: make-up working days are not announced yet.",
    ]
    assert words[-1] == "So it is due: Jan. 5, 2027, 10 a.m."


def test_a_year_beyond_the_loaded_ones_is_said_openly(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["answer"], facts(kind="inquiry"), at=shanghai("2031-10-01 10:00"))

    words = english(deadline)

    assert "No official days are known for 2031: only weekdays decide there, provisionally." in words
    assert deadline.due_at == shanghai("2031-10-02 10:00")


def test_pauses_and_a_date_set_by_hand(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))
    deadlines.pause(subject, at=shanghai("2026-11-16 11:00"))
    deadlines.resume(subject, at=shanghai("2026-11-17 09:30"))
    deadlines.pause(subject, at=shanghai("2026-11-18 09:00"))

    (waiting,) = deadlines.open_for(subject)
    words = english(waiting)
    with clock.at(shanghai("2026-11-18 10:00")):
        deadlines.set_due(deadline.pk, shanghai("2026-11-27 18:00"), actor=HEAD, reason="配件缺货")
    by_hand = english(deadlines.open_for(subject)[0])

    assert words[4:] == [
        "Waiting for the customer from Nov. 16, 2026, 11 a.m. to Nov. 17, 2026, 9:30 a.m.: 6 h not counted.",
        "Waiting for the customer since Nov. 18, 2026, 9 a.m.: the clock stands still.",
        "So it is due: Nov. 19, 2026, 5:30 p.m.",
    ]
    assert by_hand[-2:] == [
        "S0042 set the due time by hand to Nov. 27, 2026, 6 p.m. (on Nov. 18, 2026, 10 a.m.). Reason: 配件缺货",
        "So it is due: Nov. 27, 2026, 6 p.m.",
    ]


def test_what_became_of_it(subject, facts, shanghai):
    deadlines.start(subject, ["answer", "resolution", "survey_send"], facts(), at=shanghai("2026-11-16 10:00"))
    sweep(now=shanghai("2026-11-20 10:00"))
    late = deadlines.meet(subject, "resolution", at=shanghai("2026-11-20 11:00"))
    (gone,) = deadlines.cancel(subject, at=shanghai("2026-11-20 12:00"))
    timer = next(d for d in selectors.all_for(subject) if d.is_timer)

    assert english(late)[-2:] == ["It was not met in time.", "Met: Nov. 20, 2026, 11 a.m."]
    assert english(gone)[-1] == "No longer asked for since Nov. 20, 2026, noon"
    assert english(timer)[-1] == "Carried out: Nov. 20, 2026, 10 a.m."


def test_a_calendar_changed_after_the_end_does_not_rewrite_the_past(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))
    met = deadlines.meet(subject, "resolution", at=shanghai("2026-11-16 15:00"))
    day = CalendarDay(date=date(2026, 11, 18), kind="company_day_off", name="搬迁")
    calendars.save_day(day, actor=system("test"))

    words = english(met)

    assert words[-3:-1] == [
        "So it is due: Nov. 19, 2026, 10 a.m.",
        "By today's calendar it would have been due Nov. 20, 2026, 10 a.m.; the time recorded then stands.",
    ]


def test_other_hours_and_lengths_are_put_in_words(subject, facts, shanghai):
    department = DepartmentFactory()
    periods = [Period(d, time(8), time(0)) for d in (0, 1, 2, 4)] + [Period(5, time(9), time(12))]
    calendar = Calendar(code="odd", name="Odd", department=department, official_days=False)
    calendars.save(calendar, periods, actor=system("test"))

    (deadline,) = deadlines.start(
        subject, ["acceptance"], facts(department_id=department.pk), at=shanghai("2031-11-03 10:00")
    )
    words = english(deadline)

    assert words[0] == "“Acceptance by the department”: 2 h of working time, by the policy “部门受理” (version 1)."
    assert words[3] == (
        "Only working time of the calendar “Odd” counts "
        "(Monday–Wednesday 08:00–24:00; Friday 08:00–24:00; Saturday 09:00–12:00)."
    )
    assert not [line for line in words if "official days" in line]  # it keeps none


def test_a_missing_policy_is_put_in_words(facts):
    with translation.override("en"):
        words = deadlines.explain_missing("answer", facts(kind="fault"))

    assert words == (
        "No policy sets a time limit for “Answer” in this case (Fault report, Normal, Online form, Regular customer)."
    )
