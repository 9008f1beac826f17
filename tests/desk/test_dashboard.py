import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache

from apps.accounts.models import Department
from apps.core import clock
from apps.core.clock import SHANGHAI
from apps.feedback.models import Survey, Ticket
from apps.feedback.selectors import figures, queue
from apps.feedback.selectors.figures import Tally
from apps.feedback.selectors.queue import Filters, Tab, Without
from tests.factories import staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def noon():
    """What is due "later today" depends on the hour and on the days off before it: a Wednesday, 11:00 in Shanghai."""
    with time_machine.travel(datetime(2026, 11, 18, 3, 0, tzinfo=UTC), tick=True):
        yield


def received(days_ago: float, **fields: object) -> Ticket:
    with clock.at(clock.now() - timedelta(days=days_ago)):
        return ticket(received_at=clock.now(), **fields)


def change(one: Ticket, **fields: object) -> None:
    Ticket.objects.filter(pk=one.pk).update(**fields)


@pytest.mark.req("RPT-04")
def test_the_strip_counts_and_each_figure_leads_to_its_rows():
    actor, now = staff_actor("administrator"), clock.now()
    late, soon, calm = ticket(), ticket(), ticket()
    ticket_in("closed", actor=actor)
    tonight = clock.local(now).replace(hour=23, minute=59, second=58)
    change(late, next_due_at=now - timedelta(hours=2), queue_at=now - timedelta(hours=5))
    change(soon, next_due_at=tonight, queue_at=tonight - timedelta(hours=1))
    change(calm, next_due_at=now + 3 * DAY, queue_at=now + 2 * DAY)

    def rows(tab, figure=""):
        return [t.pk for t in queue.page(tab, Filters(figure=figure), actor, now=now).tickets]

    assert figures.open_count(actor) == Tally(3, 3)
    assert figures.late_count(actor, now) == Tally(1, 1)
    assert rows(Tab.LATE) == [late.pk]
    assert figures.due_today_count(actor, now) == Tally(1, 1)
    assert rows(Tab.ALL, "due_today") == [soon.pk]


def test_what_was_open_and_owed_yesterday_is_counted_back_from_what_is_recorded():
    actor = staff_actor("administrator")
    received(3), received(0.2)
    with clock.at(clock.now() - 2 * DAY):
        over = ticket_in("closed", actor=actor)
    assert over.closed_at < clock.now() - DAY
    now = clock.now()

    assert figures.open_count_at(actor, now, now - DAY, figures.open_count(actor).people) == 1
    due_later, late = figures.owed_at(actor, now - DAY)
    assert late == 1  # the one of three days ago has been without a first response for two days
    assert due_later == 0


def test_first_responses_in_time_are_a_share_of_what_was_due():
    actor, now = staff_actor("administrator"), clock.now()
    with clock.at(now - DAY):
        ticket_in("resolved", actor=actor)  # answered at once
    received(3)  # never answered, long due
    received(0.01)  # not due yet: counts nowhere

    share = figures.first_response_share(actor, now - 7 * DAY, clock.now(), clock.now())
    rows = queue.page(Tab.ANY, Filters(figure="answered_in_time"), actor, now=clock.now()).tickets

    assert (share.hit, share.total, share.percent) == (1, 2, 50)
    assert len(rows) == 1
    assert figures.first_response_share(actor, now - 30 * DAY, now - 20 * DAY, now).percent is None


@pytest.mark.req("SUR-04")
def test_satisfaction_is_the_mean_of_answers_and_no_reply_is_none():
    actor = staff_actor("administrator")
    ticket_in("closed", actor=actor)
    ticket_in("second_follow_up", actor=actor)
    ticket_in("callback", actor=actor)

    now = clock.now() + timedelta(seconds=1)
    found = figures.satisfaction(actor, now - 30 * DAY, now)
    rows = queue.page(Tab.ANY, Filters(figure="rated"), actor, now=now).tickets

    assert (found.mean, found.answers) == (3.5, 2)
    assert len(rows) == Survey.objects.exclude(answered_at=None).count() == 2
    assert figures.satisfaction(actor, now - 60 * DAY, now - 30 * DAY).mean is None


def test_the_trend_counts_days_of_shanghai():
    actor = staff_actor("administrator")
    noon = clock.local(clock.now()).replace(hour=12, minute=0) - 2 * DAY
    for hour in (0.2, 23.8):  # both belong to the same day there, and to two days in UTC
        moment = noon.replace(hour=0, minute=0) + timedelta(hours=hour)
        with clock.at(moment):
            ticket(received_at=moment)

    trend = figures.trend(actor, clock.now())

    assert len(trend.days) == 30
    assert trend.days[-1] == clock.local(clock.now()).date()
    assert dict(zip(trend.days, trend.received, strict=True))[noon.date()] == 2


def test_the_hours_of_arrival_are_those_of_shanghai():
    moment = (clock.now().astimezone(SHANGHAI) - 2 * DAY).replace(hour=7, minute=30)
    with clock.at(moment):
        ticket(received_at=moment)

    grid = figures.arrivals_by_hour(staff_actor("administrator"), clock.now())

    assert grid[moment.weekday()][7] == 1
    assert sum(map(sum, grid)) == 1


@pytest.mark.req("ADM-02", "RPT-04")
def test_figures_count_only_what_one_may_see():
    handler = staff_actor("department_handler", "logistics")
    own, other = ticket(), ticket()
    change(own, department_id=handler.user.department_id)
    change(other, department=Department.objects.get(code="finance"), collaborator_ids=[])

    assert figures.open_count(handler) == Tally(1, 1)
    assert sum(figures.trend(handler, clock.now()).received) == 1
    assert figures.top_categories(handler, clock.now())[1] == Tally(1, 1)


@pytest.mark.req("RPT-04")
def test_the_titles_say_what_was_found(signed_in, count_queries, steady):
    for _ in range(3):
        ticket("物流延迟，一直没有收到货")
    late = ticket("空调制热效果差")
    change(
        late,
        next_due_at=clock.now() - DAY,
        queue_at=clock.now() - DAY,
        department=Department.objects.get(code="technical"),
    )
    client = signed_in("management")
    client.get("/admin/")
    cache.clear()

    with count_queries("desk.dashboard"):
        page = client.get("/admin/")

    body = page.content.decode()
    assert "近 30 天积压增加 4 件" in body
    assert "“物流配送”居首，占 75%" in body
    assert "技术部超时最多" in body
    data = json.loads(re.search(r'id="trend-data"[^>]*>(.*?)</script>', body)[1])
    assert sum(data["received"]) == 4
    for link in re.findall(r'href="(/admin/queue/[^"]*)"', body):
        assert client.get(link.replace("&amp;", "&")).status_code == 200


def test_with_nothing_to_show_every_chart_says_so(signed_in):
    body = signed_in("service_lead").get("/admin/").content.decode()

    for words in ("近 30 天没有反馈", "各部门均在时限之内", "登记第一件", "暂无数据"):
        assert words in body


@pytest.mark.req("INT-08", "TRN-01", "RPT-04")
def test_figures_count_issues_once_leave_drills_out_and_show_both(signed_in):
    first, drill = ticket("物流延迟，一直没有收到货"), ticket("物流延迟，一直没有收到货")
    again, part = ticket("物流延迟，还是没有收到货"), ticket("包裹破损")
    change(again, repeat_of=first)
    change(part, parent=first)
    change(drill, is_drill=True)
    lead = signed_in("service_lead")
    actor, now = staff_actor("service_lead"), clock.now()

    body = lead.get("/admin/").content.decode()
    strip = re.search(r'<a href="([^"]*)"[^>]*><span class="label">未闭环', body)
    rows = queue.page(Tab.ALL, Filters(without=tuple(Without)), actor, now=now).tickets

    assert figures.open_count(actor) == Tally(people=1, all=3)
    assert (figures.trend(actor, now).received[-1], figures.trend(actor, now).all_received) == (1, 3)
    assert figures.top_categories(actor, now)[1] == Tally(1, 3)
    assert sum(map(sum, figures.arrivals_by_hour(actor, now))) == 1
    assert [t.pk for t in rows] == [first.pk]
    assert "含重复共 3 件工单" in body
    assert [row.ticket.pk for row in lead.get(strip[1].replace("&amp;", "&")).context["rows"]] == [first.pk]


@pytest.mark.req("RPT-04")
def test_the_figures_are_kept_for_less_than_a_minute_and_say_how_old_they_are(signed_in):
    lead, clerk = signed_in("service_lead"), signed_in("department_handler", "logistics")
    begin = clock.now()

    def shown(client, seconds: float) -> tuple[str, str]:
        with clock.at(begin + timedelta(seconds=seconds)):
            body = client.get("/admin/").content.decode()
        return re.search(r'class="value">(\d+)<', body)[1], re.search(r"（(\d+) 秒前）", body)[1]

    assert shown(lead, 0) == ("0", "0")
    ticket()
    assert shown(lead, 20) == ("0", "20")
    assert shown(signed_in("management"), 25) == ("0", "25")  # whoever may see all shares it
    assert shown(clerk, 25) == ("0", "0")  # a department's figures are its own
    assert shown(lead, 40) == ("1", "0")  # one request works out the next


@pytest.mark.req("RPT-04")
def test_without_a_cache_the_figures_are_worked_out(signed_in, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    from apps.desk import snapshot

    class Gone:
        def __getattr__(self, name):
            raise Away("no cache")

    monkeypatch.setattr(snapshot, "cache", Gone())
    ticket()

    assert signed_in("service_lead").get("/admin/").context["strip"][0].value == "1"
