"""The page of doors, their settings, items that failed, and the one notice when something is unwell."""

import re
import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.channels import selectors
from apps.channels.models import Alarm, Door, Inbound
from apps.channels.services import doors, health, inbound
from apps.core import actors, clock
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Mailbox, Ticket
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from tests import factories
from tests.channels.doors import KEYS, PEOPLE, account, door, knock

pytestmark = pytest.mark.django_db
SYSTEM = actors.system("test")
LIST = "admin:channels_door_changelist"


@pytest.fixture
def as_admin(client):
    client.user = factories.staff("administrator")
    client.force_login(client.user)
    return client


def broken(to, text="机器坏了，请处理。"):
    """An item that failed for good."""
    row = inbound.keep(to, "m1", {"peer": "1", "text": text}, thread="1")
    Inbound.objects.filter(pk=row.pk).update(**{"state": "failed"}, attempts=5, error="KeyError in x.py:1 f")
    return Inbound.objects.get(pk=row.pk)


# Settings -------------------------------------------------------------------------------------------------------------


def test_a_door_is_added_then_given_its_keys_then_used(as_admin):
    added = as_admin.post(
        reverse("admin:channels_door_add"), {"name": "微信", "kind": "wechat", "ticket_kind": "complaint"}
    )
    to = Door.objects.get()
    settings, keys = KEYS["wechat"]
    own = {f"own_{name}": value for name, value in {**settings, **keys}.items()}
    change = reverse("admin:channels_door_change", args=[to.pk])

    assert added.url == change
    assert not to.active
    assert as_admin.post(change, {"name": "微信", "active": "on", "ticket_kind": "fault", **own}).status_code == 302

    to = Door.objects.get()
    assert (to.active, to.ticket_kind, to.settings) == (True, "fault", settings)
    assert doors.secrets_of(to) == keys


def test_an_empty_key_keeps_the_stored_one_and_no_key_comes_back(as_admin):
    to = door("facebook")
    change = reverse("admin:channels_door_change", args=[to.pk])
    page = as_admin.get(change).content.decode()
    own = {f"own_{name}": value for name, value in to.settings.items()}

    assert not any(key in page for key in KEYS["facebook"][1].values())
    assert as_admin.post(change, {"name": "主页", "active": "on", "ticket_kind": "complaint", **own}).status_code == 302
    assert doors.secrets_of(Door.objects.get()) == KEYS["facebook"][1]


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("wechat", "own_aes_key", "short", "43 位"),
        ("wechat", "own_mode", "", "必须填写"),
        ("wechat", "own_api_url", "http://evil.example", "https://"),
        ("wechat", "own_api_url", "https://user@evil.example", "https://"),
        ("wechat", "own_days", "0", "1 到 90"),
        ("facebook", "own_page_id", "", "必须填写"),
        ("weibo", "own_days", "十", "1 到 90"),
    ],
)
def test_a_mistake_stands_beside_its_field_and_nothing_changes(as_admin, kind, field, value, words):
    to = door(kind)
    own = {f"own_{name}": known for name, known in to.settings.items()}

    page = as_admin.post(
        reverse("admin:channels_door_change", args=[to.pk]),
        {"name": "新名", "active": "on", "ticket_kind": "complaint", **own, field: value},
    )

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert words in str(page.context["adminform"].form.errors[field])
    assert Door.objects.get().name == to.name


def test_a_change_is_an_event_that_tells_no_key():
    to = door("facebook")
    doors.save(to, to.settings, {"page_token": "another-token"}, actor=SYSTEM)

    event = Event.objects.filter(kind="channels.door_changed").latest("id")
    assert event.data["changes"] == {"page_token": ["…", "…"]}
    assert doors.secrets_of(Door.objects.get())["page_token"] == "another-token"


def test_nothing_changed_is_no_event():
    to = door("facebook")
    before = Event.objects.count()

    doors.save(to, to.settings, {}, actor=SYSTEM)

    assert Event.objects.count() == before


def test_the_kind_stays():
    to = door("facebook")
    to.kind = "weibo"

    with pytest.raises(DomainError) as refusal:
        doors.save(to, {}, {}, actor=SYSTEM)
    assert refusal.value.code == "channels.kind_fixed"


def test_who_may_not_is_refused(client):
    to = door("facebook")
    service = factories.staff_actor("service_staff")

    for act in (
        lambda: doors.save(to, {}, {}, actor=service),
        lambda: doors.remove(to, actor=service),
        lambda: doors.test(to.pk, actor=service),
        lambda: inbound.try_again(broken(to), actor=service),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == "core.not_allowed"
    client.force_login(service.user)
    assert client.get(reverse(LIST)).status_code == 403


def test_a_lead_sees_doors_and_changes_none(client):
    to = door("wechat")
    client.force_login(factories.staff("service_lead"))

    page = client.get(reverse("admin:channels_door_change", args=[to.pk])).content.decode()

    assert client.get(reverse(LIST)).status_code == 200
    assert "own_" not in page
    assert client.get(reverse("admin:channels_door_add")).status_code == 403


def test_a_used_door_cannot_be_deleted():
    to = door("facebook")
    inbound.keep(to, "m1", {"peer": "1"})

    with pytest.raises(DomainError) as refusal:
        doors.remove(to, actor=SYSTEM)
    assert refusal.value.code == "channels.door_used"
    doors.remove(door("weibo"), actor=SYSTEM)
    assert Door.objects.count() == 1


@pytest.mark.parametrize("kind", ["wechat", "weibo", "facebook"])
def test_the_test_button_asks_the_platform(platforms, as_admin, kind, fresh):
    to = door(kind)
    platforms.know(to)
    test = reverse("admin:channels_door_changelist") + f"{to.pk}/test/"

    good = as_admin.get(test, follow=True).content.decode()
    doors.save(to, to.settings, {"app_secret": "wrong", "page_token": "wrong", "access_token": "wrong"}, actor=SYSTEM)
    bad = as_admin.get(test, follow=True).content.decode()

    assert "连接正常" in good
    assert "测试失败" in bad
    assert fresh(to).failures == 1


# Health ---------------------------------------------------------------------------------------------------------------


def test_the_page_lists_doors_mailboxes_and_the_gateway(as_admin, settings):
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9"
    to = door("wechat")
    Mailbox.objects.create(address="service@example.com", host="imap.example.com", user="u", password="p")
    doors.failed(to, "errcode 40013")
    broken(to)

    page = as_admin.get(reverse(LIST)).content.decode()

    for words in (to.name, "service@example.com", "短信网关", "errcode 40013", "KeyError in x.py:1 f"):
        assert words in page


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


# Items ----------------------------------------------------------------------------------------------------------------


def test_a_handler_that_breaks_is_tried_five_times_and_never_lost(platforms, monkeypatch, as_admin):
    to = door("facebook")

    def breaks(*_):
        raise KeyError("张三 13812345678")

    monkeypatch.setitem(inbound._handlers, "facebook", breaks)
    knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text="机器坏了。"))
    for minutes in (0, 1, 3, 10, 40, 90):
        with clock.at(timezone.now() + timedelta(minutes=minutes)):
            inbound.handle()

    row = Inbound.objects.get()
    assert (row.state, row.attempts) == ("failed", 5)
    assert re.fullmatch(r"KeyError in test_doors_admin.py:\d+ breaks", row.error)
    monkeypatch.undo()
    as_admin.post(reverse("admin:channels_inbound_act", args=[row.pk, "try-again"]))
    inbound.handle()
    assert Inbound.objects.get().state == "handled"
    assert Ticket.objects.get().description == "机器坏了。"


def test_a_broken_item_does_not_hold_up_the_next_one_of_its_person(platforms, monkeypatch):
    to = door("facebook")
    real, first = inbound._handlers["facebook"], []

    def breaks_once(row, payload):
        if not first:
            first.append(row)
            raise ValueError
        return real(row, payload)

    monkeypatch.setitem(inbound._handlers, "facebook", breaks_once)
    for text in ("第一句：机器坏了。", "第二句：请换货。"):
        knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text=text))

    inbound.handle()

    assert Ticket.objects.get().description == "第二句：请换货。"
    with clock.at(timezone.now() + timedelta(seconds=20)):
        inbound.handle()
    assert Ticket.objects.get().messages.get().body == "第一句：机器坏了。"


def test_an_item_is_handled_by_one_worker_and_its_lease_runs_out(platforms):
    to = door("facebook")
    knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text="机器坏了。"))

    assert inbound._claim() is not None  # a worker that dies now
    assert inbound.handle() == 0
    with clock.at(timezone.now() + timedelta(seconds=121)):
        assert inbound.handle() == 1
    assert Inbound.objects.get().state == "handled"


def test_a_kept_item_can_be_handled_at_once(platforms):
    to = door("facebook")
    row = inbound.keep(to, "m-now", {"peer": "77", "text": "机器坏了。"}, thread="77")

    done = inbound.handle_now(row)

    assert (row.is_new, done.state, done.ticket) == (True, "handled", Ticket.objects.get())
    assert inbound.keep(to, "m-now", {"peer": "77", "text": "别的"}, thread="77").pk == row.pk


def test_ids_that_are_too_long_or_unprintable_are_digested():
    to = door("facebook")

    rows = [inbound.keep(to, "x" * 121, {}), inbound.keep(to, "a\x00b", {}), inbound.keep(to, "x" * 121, {})]

    assert {len(row.external_id) for row in rows} == {64}
    assert rows[0].pk == rows[2].pk


def test_the_items_page_shows_what_was_said_while_no_ticket_holds_it(as_admin, client):
    row = broken(door("facebook"), text="我的冰箱漏水了")
    page = reverse("admin:channels_inbound_change", args=[row.pk])

    assert "我的冰箱漏水了" in as_admin.get(page).content.decode()
    auditor = factories.staff("auditor")
    client.force_login(auditor)
    seen = client.get(page)
    assert seen.status_code == 200
    assert "我的冰箱漏水了" not in seen.content.decode()
    assert client.post(reverse("admin:channels_inbound_act", args=[row.pk, "try-again"])).status_code == 403


def test_only_what_failed_is_decided_about(as_admin):
    row = inbound.keep(door("facebook"), "m1", {"peer": "1"})

    with pytest.raises(DomainError) as refusal:
        inbound.try_again(row, actor=SYSTEM)
    assert refusal.value.code == "channels.not_failed"
    with pytest.raises(DomainError) as refusal:
        inbound.set_aside(row, actor=SYSTEM, reason=" ")
    assert refusal.value.code == "core.required"
    act = reverse("admin:channels_inbound_act", args=[row.pk, "explode"])
    assert as_admin.post(act).status_code == 404


def test_a_setting_that_is_wrong_names_each_field():
    with pytest.raises(DomainErrors) as refusal:
        doors.save(Door(kind="wechat", name="空"), {}, {}, actor=SYSTEM)

    assert [error.field for error in refusal.value.errors] == ["app_id", "mode", "token", "app_secret"]
