"""Answers go back through the door the customer wrote by, and another way where it is shut (HND-07)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.roles import Role
from apps.channels.adapters.outgoing import parts
from apps.channels.adapters.simulated import Fault
from apps.channels.models import Conversation, Door
from apps.channels.services import doors, inbound
from apps.core import actors, clock
from apps.crm.services import customers
from apps.feedback.models import Ticket
from apps.feedback.services import conversation
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.notifications.models import OutgoingMessage
from apps.notifications.services.dispatch import dispatch
from tests import factories
from tests.channels.doors import PEOPLE, account, door, knock

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("wechat", "weibo", "facebook")
COMPLAINT = "吸尘器用了两天就无法开机了，要求换货。"


def bring_out():
    deliveries.drain()
    dispatch()


def talking(platforms, kind, **changes):
    """A door somebody has just written through; (door, ticket)."""
    to = door(kind, **changes)
    platforms.know(to)
    push = platforms.peers[kind].message(account(to), PEOPLE[kind], text=COMPLAINT)
    platforms.peers[kind].last_word[PEOPLE[kind]] = timezone.now().timestamp()
    knock(push)
    inbound.handle()
    return to, Ticket.objects.get()


def reply(ticket, text="请您拍一张铭牌的照片。"):
    who = factories.staff_actor()
    conversation.add(Ticket.objects.get(pk=ticket.pk), MessageKind.REPLY, text, actor=who)


def know_phone(ticket, phone="13812345678"):
    customers.update(ticket.customer, {"phone": phone}, actor=actors.system("test"))


@pytest.mark.req("HND-07", "INT-10")
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_answer_has_number_and_private_link(platforms, kind, fresh):
    to, ticket = talking(platforms, kind)

    bring_out()

    [said] = platforms.peers[kind].replies
    assert said.to == PEOPLE[kind]
    assert ticket.number in said.text
    assert f"/t/{ticket.number}/" in said.text or ticket.number in said.text.split("http")[1]
    assert not said.text.startswith("【")
    assert OutgoingMessage.objects.get().state == "sent"
    assert fresh(to).answered_at is not None


@pytest.mark.req("HND-07")
@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_of_staff_comes_back_where_the_customer_wrote(platforms, kind):
    _to, ticket = talking(platforms, kind)
    bring_out()

    reply(ticket)
    bring_out()

    assert "请您拍一张铭牌的照片。" in platforms.peers[kind].replies[-1].text
    message = OutgoingMessage.objects.order_by("-id").first()
    assert (message.channel, message.state, message.provider) == ("door", "sent", "door")
    assert PEOPLE[kind] not in message.recipient_masked


def test_a_wechat_token_that_was_replaced_is_fetched_anew(platforms, fresh):
    to, ticket = talking(platforms, "wechat")
    bring_out()
    platforms.wechat.tokens.clear()  # 40001: somebody else fetched one

    reply(ticket)
    bring_out()

    assert OutgoingMessage.objects.order_by("-id").first().state == "sent"
    assert platforms.wechat.counts["/cgi-bin/token"] == 2
    assert fresh(to).token in platforms.wechat.tokens


def test_the_token_is_asked_for_once_and_kept_for_all(platforms):
    _to, ticket = talking(platforms, "wechat")
    for text in ("第一条回复。", "第二条回复。"):
        reply(ticket, text)

    bring_out()

    assert len(platforms.wechat.replies) == 3
    assert platforms.wechat.counts["/cgi-bin/token"] == 1


@pytest.mark.req("HND-07")
@pytest.mark.parametrize(("kind", "code"), [("wechat", 45015), ("facebook", 2018278), ("weibo", 20301)])
def test_where_the_platform_refuses_the_customer_is_told_by_sms(platforms, kind, code):
    _to, ticket = talking(platforms, kind)
    bring_out()
    know_phone(ticket)
    platforms.fail_next(Fault.ERRCODE, code)

    reply(ticket)
    bring_out()
    bring_out()

    by_door, by_sms = OutgoingMessage.objects.order_by("-id")[1], OutgoingMessage.objects.order_by("-id")[0]
    assert (by_door.channel, by_door.state) == ("door", "failed")
    assert (by_sms.channel, by_sms.state, by_sms.recipient) == ("sms", "sent", "+8613812345678")
    assert by_sms.body.startswith("【")
    assert "请您拍一张铭牌的照片。" in by_sms.body
    assert len(by_sms.body) <= 300


@pytest.mark.req("HND-07")
@pytest.mark.parametrize(("kind", "hours"), [("wechat", 48), ("weibo", 48), ("facebook", 24)])
def test_after_the_window_the_known_phone_is_used_and_the_platform_is_not_asked(platforms, kind, hours):
    _to, ticket = talking(platforms, kind)
    bring_out()
    know_phone(ticket)

    with clock.at(timezone.now() + timedelta(hours=hours, minutes=1)):
        reply(ticket)
        bring_out()

    assert len(platforms.peers[kind].replies) == 1
    message = OutgoingMessage.objects.order_by("-id").first()
    assert (message.channel, message.state) == ("sms", "sent")


@pytest.mark.req("HND-07")
def test_after_the_window_with_no_other_address_staff_see_that_it_failed(platforms):
    _to, ticket = talking(platforms, "wechat")
    bring_out()

    with clock.at(timezone.now() + timedelta(hours=49)):
        reply(ticket)
        bring_out()

    message = OutgoingMessage.objects.order_by("-id").first()
    assert (message.channel, message.state) == ("door", "failed")
    assert message.error.startswith("The customer's last word is too long ago")


def test_the_ticket_tells_its_handler_in_their_language_why_the_answer_did_not_arrive(platforms, client):
    _to, ticket = talking(platforms, "wechat")
    bring_out()
    with clock.at(timezone.now() + timedelta(hours=49)):
        reply(ticket)
        bring_out()
    message = OutgoingMessage.objects.order_by("-id").first()

    client.force_login(factories.staff())
    page = client.get(reverse("admin:desk_ticket", args=[ticket.number])).content.decode()
    client.force_login(factories.staff(Role.SERVICE_LEAD))
    read = client.get(reverse("admin:desk_message", args=[ticket.number, message.pk])).content.decode()

    for shown in (page, read):
        assert "客户上次发言过久" in shown
        assert "last word is too long ago" not in shown
    assert PEOPLE["wechat"] not in page  # an account is personal data too
    assert "微信 " in page


def test_their_next_word_opens_the_window_again(platforms):
    to, ticket = talking(platforms, "wechat")
    bring_out()
    Conversation.objects.update(heard_at=timezone.now() - timedelta(hours=60))

    knock(platforms.wechat.message(account(to), PEOPLE["wechat"], text="还在吗？"))
    inbound.handle()
    reply(ticket)
    bring_out()

    assert OutgoingMessage.objects.order_by("-id").first().state == "sent"


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.DELAY])
def test_while_the_platform_is_away_the_answer_waits_and_comes(platforms, fault, fresh, monkeypatch):
    to, ticket = talking(platforms, "facebook")
    bring_out()
    monkeypatch.setattr("apps.channels.adapters.http.TIMEOUT_SECONDS", 0.05)
    platforms.fail_next(fault)

    reply(ticket)
    bring_out()

    message = OutgoingMessage.objects.order_by("-id").first()
    assert (message.state, fresh(to).failures) == ("unknown", 1)
    monkeypatch.setattr("apps.channels.adapters.http.TIMEOUT_SECONDS", 8)
    with clock.at(timezone.now() + timedelta(seconds=20)):
        dispatch()
    assert OutgoingMessage.objects.get(pk=message.pk).state == "sent"
    assert fresh(to).failures == 0


def test_an_error_of_ours_waits_for_whoever_mends_it(platforms, fresh):
    to, ticket = talking(platforms, "facebook")
    bring_out()
    platforms.fail_next(Fault.ERRCODE, 190)

    reply(ticket)
    bring_out()

    message = OutgoingMessage.objects.order_by("-id").first()
    assert (message.state, message.error) == ("queued", "error 190/0")
    assert (fresh(to).failures, fresh(to).failure) == (1, "error 190/0")


def test_a_long_answer_comes_in_parts_and_keeps_its_link(platforms):
    _to, ticket = talking(platforms, "weibo")
    bring_out()
    long = "我们已经核对了您的订单和保修信息，" * 40 + "谢谢您的耐心。"

    reply(ticket, long)
    bring_out()

    came = [said.text for said in platforms.weibo.replies[1:]]
    assert len(came) > 1
    assert all(len(part) <= 300 for part in came)
    assert "谢谢您的耐心。" in "".join(came)
    assert f"{ticket.number}/" in came[-1]


def test_parts_lose_nothing_and_stay_short():
    text = "一二三四五六七八九。" * 100 + "https://service.example.com/t/202611-001/" + "a" * 24

    found = parts(text, 300)

    assert "".join(found) == text
    assert max(map(len, found)) <= 300
    assert found[-1].endswith("a" * 24)
    assert parts("", 300) == []


def test_a_door_out_of_use_writes_to_nobody(platforms):
    to, ticket = talking(platforms, "wechat")
    bring_out()
    to = Door.objects.get(pk=to.pk)
    to.active = False
    doors.save(to, to.settings, {}, actor=actors.system("test"))

    reply(ticket)
    bring_out()

    assert OutgoingMessage.objects.order_by("-id").first().state == "failed"
    assert len(platforms.wechat.replies) == 1
