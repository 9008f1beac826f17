"""The page of doors, mailboxes and the gateway, and the one notice when something is unwell."""

import time

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.channels import selectors
from apps.channels.adapters.base import Unreachable
from apps.channels.models import Alarm, Door
from apps.channels.services import doors, health, inbound
from apps.core import actors
from apps.feedback.models import Mailbox
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from tests import factories
from tests.channels.doors import PEOPLE, account, broken, door, knock

pytestmark = pytest.mark.django_db
SYSTEM = actors.system("test")
LIST = "admin:channels_door_changelist"


def test_the_page_lists_doors_mailboxes_and_the_gateway(as_admin, settings):
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9"
    to = door("wechat")
    Mailbox.objects.create(address="service@example.com", host="imap.example.com", user="u", password="p")
    doors.failed(to, "errcode 40013")
    broken(to)

    page = as_admin.get(reverse(LIST)).content.decode()

    for words in (to.name, "service@example.com", "短信网关", "errcode 40013", "KeyError in x.py:1 f"):
        assert words in page


@pytest.mark.parametrize(("error", "words"), [("ConnectionError", "无法连接对方"), ("ReadTimeout", "对方没有及时应答")])
def test_why_the_platform_was_not_reached_stands_there_in_words(as_admin, error, words):
    to = door("wechat")
    doors.failed(to, Unreachable(error))

    for page in (reverse(LIST), reverse("admin:channels_door_change", args=[to.pk])):
        shown = as_admin.get(page).content.decode()
        assert words in shown
        assert error not in shown


@pytest.mark.usefixtures("rules_at_hand")
def test_the_page_costs_the_same_for_many_doors(as_admin, django_assert_max_num_queries):
    for number in range(5):
        door("weibo", name=f"微博{number}")

    as_admin.get(reverse(LIST))
    with django_assert_max_num_queries(30):
        as_admin.get(reverse(LIST))


def told(template):
    return Notice.objects.filter(kind=template)


def test_a_failing_door_is_told_once_and_once_when_it_is_well(settings):
    to = door("wechat")
    admin, lead = factories.staff("administrator"), factories.staff("service_lead")
    other = factories.staff("service_staff")
    for _ in range(3):
        doors.failed(to, "errcode 40013")

    assert [health.watch(), health.watch()] == [1, 0]

    notices = told("door_failing")
    assert {notice.user for notice in notices} >= {admin, lead}
    assert other not in {notice.user for notice in notices}
    assert "errcode 40013" in notices.first().text
    assert Alarm.objects.get().about == f"door:{to.pk}"
    doors.answered(to)
    assert [health.watch(), health.watch()] == [1, 0]
    assert told("door_well").filter(user=admin).count() == 1
    assert not Alarm.objects.exists()


def forge(platforms, to, times):
    """So many requests without the platform's signature; returns our answers."""
    made = platforms.peers[to.kind].message(account(to), PEOPLE[to.kind], text="我是骗子", forged=True)
    return [knock(made).status_code for _ in range(times)]


def test_forged_calls_leave_a_healthy_door_well_and_are_counted(platforms, as_admin):
    """Anybody can send them: neither the list nor the door's own page calls the door unwell, both count them."""
    to = door("wechat")
    doors.heard(to)

    assert forge(platforms, to, 4) == [403] * 4

    assert health.watch() == 0
    found = selectors.checkup(Door.objects.get(pk=to.pk))
    assert (found.state, found.failures, found.refused) == ("well", 0, 4)
    assert found.refused_at is not None
    for page in (reverse(LIST), reverse("admin:channels_door_change", args=[to.pk])):
        text = as_admin.get(page).content.decode()
        assert "24 小时内拒绝 4 次调用" in text and "最近一次被拒" in text
        assert "正常" in text


def test_forged_calls_do_not_hide_that_a_door_fails(platforms, as_admin):
    to = door("wechat")
    for _ in range(3):
        doors.failed(to, "errcode 40013")
    forge(platforms, to, 1)

    for page in (reverse(LIST), reverse("admin:channels_door_change", args=[to.pk])):
        assert "连续出错" in as_admin.get(page).content.decode()


def test_refused_calls_older_than_a_day_are_counted_no_more(platforms, monkeypatch):
    to = door("wechat")
    forge(platforms, to, 2)
    later = time.time() + 25 * 3600
    monkeypatch.setattr("apps.channels.limits.time.time", lambda: later)

    assert doors.refused_lately([to.pk]) == {to.pk: 0}


def test_without_the_cache_nothing_is_counted_and_the_page_stands(platforms, as_admin, monkeypatch):
    to = door("wechat")

    def away(*_args):
        raise ConnectionError

    monkeypatch.setattr("apps.channels.limits.cache.get_many", away)

    assert forge(platforms, to, 1) == [403]
    assert as_admin.get(reverse(LIST)).status_code == 200


def test_two_failures_are_weather():
    to = door("wechat")
    doors.failed(to, "errcode -1")
    doors.failed(to, "errcode -1")

    assert health.watch() == 0


def test_an_item_that_failed_is_an_alarm_until_somebody_decides():
    to = door("wechat")
    row = broken(to)

    assert health.watch() == 1
    inbound.set_aside(row, actor=SYSTEM, reason="广告")
    assert health.watch() == 1
    assert Event.objects.filter(kind="channels.item_set_aside", reason="广告").exists()


def test_a_door_taken_out_of_use_ends_its_alarm_without_a_word():
    to = door("wechat")
    factories.staff("administrator")
    for _ in range(3):
        doors.failed(to, "errcode 40013")
    health.watch()
    Door.objects.update(active=False)

    assert health.watch() == 1
    assert not told("door_well").exists()


def test_a_failing_mailbox_and_gateway_are_told(settings):
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9"
    admin = factories.staff("administrator")
    Mailbox.objects.create(
        address="service@example.com", host="imap.example.com", user="u", password="p", trouble="login", failures=3,
        last_success_at=timezone.now(),
    )  # fmt: skip
    OutgoingMessage.objects.create(
        template="survey", channel="sms", state="queued", attempts=3, next_try_at=timezone.now(), error="HTTP 401"
    )

    assert health.watch() == 2

    assert set(Alarm.objects.values_list("about", flat=True)) == {f"mailbox:{Mailbox.objects.get().pk}", "sms"}
    assert told("door_failing").filter(user=admin).count() == 2
