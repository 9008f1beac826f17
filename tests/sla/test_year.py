"""The year view: what it shows, setting a day by a click, loading anew, and the warning in December (SLA-02)."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla import events, tasks, year
from apps.sla.models import Calendar, CalendarDay
from apps.sla.services import calendars, deadlines, recalculation
from tests.factories import UserFactory, actor_with

pytestmark = pytest.mark.django_db
SYSTEM = system("test")


@pytest.fixture
def standard():
    return Calendar.objects.get(department=None)


@pytest.fixture
def manager(client):
    client.force_login(UserFactory(roles=["management"]))
    return client


def address(which="official", number=2026):
    return reverse("admin:sla_calendar_year", args=[which, number])


def looks(calendar, *days):
    return [year.day_of(calendar, date.fromisoformat(day)).look for day in days]


@pytest.mark.req("SLA-02")
def test_every_day_has_its_look_and_its_words(standard):
    shown = year.year_of(standard, 2026)

    assert len(shown.months) == 12
    assert shown.announced
    assert shown.working_days == 248  # 365 - 104 weekend days - 19 holidays on weekdays + 6 make-up days
    assert looks(standard, "2026-10-01", "2026-10-10", "2026-10-11", "2026-10-12") == [
        "holiday", "makeup", "rest", "work",
    ]  # fmt: skip
    day = year.day_of(standard, date(2026, 10, 10))
    assert (day.words, day.mark) == ("2026-10-10 星期六 · 调休上班 · 国庆节调休", "班")


@pytest.mark.req("SLA-02")
def test_a_year_whose_make_up_days_are_not_announced_says_so(manager):
    page = manager.get(address(number=2027)).content.decode()

    assert "调休未公布" in page
    assert "2027-02-06 星期六 · 法定节假日 · 春节 · 暂定" in page
    assert "已公布" in manager.get(address()).content.decode()
    assert "尚无该年的法定节假日" in manager.get(address(number=2031)).content.decode()
    assert manager.get(address(number=1850)).status_code == 404


@pytest.mark.req("SLA-02")
def test_a_click_sets_a_day_and_another_takes_it_back(manager, standard):
    official, own = address(), address(standard.pk)

    opened = manager.get(f"{own}?day=2026-12-25")
    manager.post(own, {"do": "set", "date": "2026-12-25", "kind": "company_day_off", "name": "年会"})
    assert looks(standard, "2026-12-25") == ["company"]
    assert looks(None, "2026-12-25") == ["work"]
    manager.post(own, {"do": "set", "date": "2026-12-25", "kind": "", "name": ""})
    assert looks(standard, "2026-12-25") == ["work"]

    manager.post(official, {"do": "set", "date": "2026-10-10", "kind": "ordinary", "name": ""})
    assert looks(standard, "2026-10-10") == ["rest"]
    manager.post(official, {"do": "set", "date": "2026-10-10", "kind": "", "name": ""})
    assert looks(standard, "2026-10-10") == ["makeup"]  # what was announced is back

    assert "2026-12-25" in opened.content.decode()


def test_whoever_may_only_look_sets_nothing(client, standard):
    client.force_login(UserFactory(roles=["auditor"]))

    page = client.get(f"{address()}?day=2026-10-10")
    client.post(address(), {"do": "set", "date": "2026-10-10", "kind": "ordinary"})

    assert page.status_code == 200
    assert "重新载入" not in page.content.decode()
    assert looks(standard, "2026-10-10") == ["makeup"]
    client.force_login(UserFactory(roles=["service_staff"]))
    assert client.get(address()).status_code == 403
    with pytest.raises(DomainError):
        calendars.set_day(None, date(2026, 10, 10), "ordinary", "", actor=actor_with("service_staff"))


def test_wrong_input_is_refused_and_an_unknown_calendar_is_not_found(manager):
    wrong = manager.post(address(), {"do": "set", "date": "2026-10-10", "kind": "party"})

    assert wrong.status_code == 422
    assert CalendarDay.objects.get(calendar=None, date=date(2026, 10, 10)).kind == "workday"
    assert manager.get(address("nonsense")).status_code == 404
    assert manager.get(f"{address()}?day=31-12-2026").status_code == 200


@pytest.mark.req("SLA-02")
def test_loading_anew_brings_back_what_was_lost_and_leaves_what_staff_decided(manager, standard):
    calendars.set_day(None, date(2026, 10, 10), "ordinary", "", actor=SYSTEM)
    calendars.set_day(None, date(2026, 12, 25), "holiday", "自定", actor=SYSTEM)
    CalendarDay.objects.filter(calendar=None, date=date(2026, 1, 1)).delete()  # lost, not by a person
    CalendarDay.objects.filter(calendar=None, date=date(2026, 1, 2)).update(kind="workday")

    manager.post(address(), {"do": "load"})

    assert looks(standard, "2026-01-01", "2026-01-02", "2026-10-10", "2026-12-25") == [
        "holiday", "holiday", "rest", "holiday",
    ]  # fmt: skip


@pytest.mark.req("SLA-02")
def test_staff_confirm_a_year_that_no_library_knows_yet(manager):
    calendars.set_day(None, date(2027, 2, 13), "workday", "春节调休", actor=SYSTEM)

    manager.post(address(number=2027), {"do": "confirm"})

    assert year.year_of(None, 2027).announced
    assert calendars.load_official_year(2027, actor=SYSTEM) == 0
    assert not CalendarDay.objects.filter(date__year=2027, provisional=True).exists()


@pytest.mark.req("SLA-02")
def test_the_progress_of_the_recalculation_is_shown(manager, subject, facts, shanghai, standard):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))
    progress_page = reverse("admin:sla_calendar_progress", args=["official", 2026])

    calendars.set_day(standard, date(2026, 11, 18), "company_day_off", "搬迁", actor=SYSTEM)
    waiting, page = recalculation.progress(), manager.get(progress_page).content.decode()
    deliveries.drain()
    done, after = recalculation.progress(), manager.get(progress_page).content.decode()

    assert (waiting.left, waiting.moved, done.left, done.moved) == (1, 0, 0, 1)
    assert "还剩 1 条" in page and "hx-get" in page
    assert "1 条未完成的时限有变动" in after and "hx-get" not in after


@pytest.mark.req("SLA-02")
def test_in_december_administrators_are_told_once_a_week_until_next_year_is_known(shanghai):
    admin = UserFactory(roles=["administrator"])
    UserFactory(roles=["service_staff"])

    def told_at(text):
        with clock.at(shanghai(text)):
            tasks.check_official_days()
            tasks.check_official_days()
            deliveries.drain()
        return Notice.objects.filter(kind="official_days_missing").count()

    counts = [told_at(day) for day in ("2026-11-30 09:00", "2026-12-01 09:00", "2026-12-05 09:00", "2026-12-09 09:00")]
    calendars.confirm_year(2027, actor=SYSTEM)
    counts.append(told_at("2026-12-20 09:00"))

    assert counts == [0, 1, 1, 2, 2]
    notice = Notice.objects.filter(kind="official_days_missing").first()
    assert (notice.user, "2027" in notice.text, notice.link) == (admin, True, address(number=2027))
    assert Event.objects.filter(kind=events.OFFICIAL_DAYS_MISSING).count() == 2


@pytest.mark.usefixtures("rules_at_hand")
def test_the_view_costs_the_same_for_every_year(manager, count_queries, django_assert_max_num_queries):
    manager.get(address())

    with django_assert_max_num_queries(20):
        manager.get(address(number=2025))


def test_a_department_without_a_calendar_is_shown_the_default_one(manager, standard):
    page = manager.get(reverse("admin:sla_calendar_changelist")).content.decode()

    assert address(standard.pk, clock.local(clock.now()).year) in page


def test_days_far_apart_are_each_their_own(standard):
    first = date(2026, 1, 1)

    assert [year.day_of(standard, first + timedelta(days=n)).date for n in (0, 364)] == [first, date(2026, 12, 31)]
