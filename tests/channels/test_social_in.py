"""What people say on WeChat, Weibo and Facebook becomes tickets and messages, once (INT-01)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.channels.adapters.simulated import Fault
from apps.channels.models import Conversation, Inbound
from apps.channels.services import inbound
from apps.core import clock
from apps.feedback.models import Attachment, Message, Ticket
from apps.feedback.services import closure
from tests import factories
from tests.channels.doors import PEOPLE, account, door, knock

pytestmark = pytest.mark.django_db
KINDS = ("wechat", "weibo", "facebook")
COMPLAINT = "吸尘器用了两天就无法开机了，要求换货。"


def say(platforms, to, person=None, **what):
    """One push, let in and handled."""
    peer = platforms.peers[to.kind]
    answer = knock(peer.message(account(to), person or PEOPLE[to.kind], **what))
    assert answer.status_code == 200
    inbound.handle()
    return answer


@pytest.mark.req("INT-01")
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_message_opens_a_ticket_of_its_channel(platforms, kind, fresh):
    to = door(kind)

    say(platforms, to, text=COMPLAINT)

    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.description, ticket.contact_channel) == (kind, COMPLAINT, "door")
    assert ticket.customer.external_id == f"{kind}:{PEOPLE[kind]}"
    row = Inbound.objects.get()
    assert (row.state, row.ticket, row.message) == ("handled", ticket, None)
    assert fresh(to).heard_at is not None


@pytest.mark.req("INT-01")
@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_goes_to_the_same_ticket(platforms, kind):
    to = door(kind)
    say(platforms, to, text=COMPLAINT)

    say(platforms, to, text="订单号是 DD20261108，请尽快。")

    message = Message.objects.get(kind="customer")
    assert (message.ticket, message.channel) == (Ticket.objects.get(), kind)
    assert message.body == "订单号是 DD20261108，请尽快。"


@pytest.mark.parametrize("kind", KINDS)
def test_two_people_have_two_tickets(platforms, kind):
    to = door(kind)
    other = PEOPLE[kind][:-1] + "9"

    say(platforms, to, text=COMPLAINT)
    say(platforms, to, other, text="洗衣机漏水，地板都泡了。")

    assert Ticket.objects.count() == 2
    assert Conversation.objects.count() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_push_is_one_message(platforms, kind):
    to = door(kind)
    push = platforms.peers[kind].message(account(to), PEOPLE[kind], text=COMPLAINT)

    answers = [knock(push).status_code for _ in range(3)]
    inbound.handle()

    assert answers == [200, 200, 200]
    assert Inbound.objects.count() == 1
    assert Ticket.objects.count() == 1


def test_a_push_that_wechat_signs_anew_is_one_message(platforms):
    to = door("wechat")
    for _ in range(2):  # the same MsgId under a new signature
        knock(platforms.wechat.message(account(to), PEOPLE["wechat"], text=COMPLAINT, number=23456789))
    inbound.handle()

    assert Inbound.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_following_opens_nothing(platforms, kind):
    to = door(kind)

    say(platforms, to, event="subscribe")

    assert Inbound.objects.get().state == "ignored"
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_fetched_and_attached(platforms, kind):
    to = door(kind)
    platforms.know(to)
    say(platforms, to, text=COMPLAINT)

    say(platforms, to, picture=None)

    found = Attachment.objects.get()
    assert found.upload.content_type == "image/png"
    assert (found.ticket, found.message.kind) == (Ticket.objects.get(), "customer")


def test_wechat_voice_keeps_the_recording_and_what_was_recognised(platforms):
    to = door("wechat", mode="aes")
    platforms.know(to)

    say(platforms, to, voice="我的洗衣机漏水了，快来修")

    ticket = Ticket.objects.get()
    assert ticket.description == "我的洗衣机漏水了，快来修"
    assert Attachment.objects.get().upload.content_type == "audio/amr"


def test_a_picture_first_opens_a_ticket_that_says_so(platforms):
    to = door("wechat")
    platforms.know(to)

    say(platforms, to, picture=None)

    assert Ticket.objects.get().description == "（只有文件，没有文字）"
    assert Attachment.objects.count() == 1


def test_a_file_that_is_gone_is_told_and_the_words_are_kept(platforms):
    to = door("facebook")
    platforms.know(to)
    push = platforms.facebook.message(account(to), PEOPLE["facebook"], text=COMPLAINT, picture=None)
    platforms.facebook.files.clear()

    knock(push)
    inbound.handle()

    ticket = Ticket.objects.get()
    assert ticket.description.startswith(COMPLAINT)
    assert "[有一个文件未能从平台取回。]" in ticket.description


def test_a_file_on_a_foreign_host_is_not_asked_for(platforms):
    to = door("facebook")
    event = platforms.facebook.event(account(to), PEOPLE["facebook"], text=COMPLAINT)
    event["message"]["attachments"] = [{"type": "image", "payload": {"url": "http://169.254.169.254/latest/meta-data"}}]

    knock(platforms.facebook.batch(account(to), [event]))
    inbound.handle()

    assert "[有一个文件未能从平台取回。]" in Ticket.objects.get().description
    assert not Attachment.objects.exists()


def test_while_the_platform_is_away_the_item_waits_and_nothing_is_lost(platforms, fresh):
    to = door("wechat")
    platforms.know(to)
    platforms.fail_next(Fault.DROP)

    knock(platforms.wechat.message(account(to), PEOPLE["wechat"], picture=None))
    inbound.handle()

    row = Inbound.objects.get()
    assert (row.state, row.attempts, row.error) == ("received", 1, "ConnectionError")
    assert fresh(to).failures == 1
    with clock.at(timezone.now() + timedelta(seconds=16)):
        inbound.handle()
    assert Inbound.objects.get().state == "handled"
    assert (fresh(to).failures, fresh(to).failure) == (0, "")


def test_facebook_sends_several_at_once_and_our_own_echo(platforms):
    to = door("facebook")
    ours, theirs = account(to), PEOPLE["facebook"]
    event = platforms.facebook.event
    echo = event(ours, to.settings["page_id"], text="我们说的")
    echo["message"]["is_echo"] = True
    events = [event(ours, theirs, text=COMPLAINT), event(ours, theirs, text="还有一件事。"), echo]

    assert knock(platforms.facebook.batch(ours, events)).content == b"EVENT_RECEIVED"
    inbound.handle()

    assert Inbound.objects.count() == 2
    assert Message.objects.filter(kind="customer").count() == 1


def test_a_message_for_another_page_of_the_app_is_passed_over(platforms):
    to = door("facebook")
    event = platforms.facebook.event(account(to), PEOPLE["facebook"], text=COMPLAINT)
    event["recipient"]["id"] = "999"

    assert knock(platforms.facebook.batch(account(to), [event])).status_code == 200
    assert not Inbound.objects.exists()


def test_thanks_after_closing_open_nothing_and_a_new_trouble_does(platforms):
    to = door("wechat")
    say(platforms, to, text=COMPLAINT)
    ticket = Ticket.objects.get()
    admin = factories.staff_actor("administrator")
    for step in factories.WAYS["closed"]:
        step(ticket, admin)
        ticket = Ticket.objects.get(pk=ticket.pk)

    say(platforms, to, text="好的，谢谢！")
    assert Ticket.objects.count() == 1
    say(platforms, to, text="新买的电饭煲又坏了。")

    assert Ticket.objects.count() == 2
    assert Conversation.objects.get().ticket == Ticket.objects.order_by("-id").first()


def test_after_the_doors_days_a_new_ticket_is_opened(platforms):
    to = door("weibo", days="")
    say(platforms, to, text=COMPLAINT)

    with clock.at(timezone.now() + timedelta(days=15)):
        push = platforms.weibo.message(account(to), PEOPLE["weibo"], shift=15 * 86400, text="又有问题了。")
        knock(push)
        inbound.handle()

    assert Ticket.objects.count() == 2


def test_a_rejected_ticket_takes_no_more(platforms):
    to = door("wechat")
    say(platforms, to, text=COMPLAINT)
    closure.reject(Ticket.objects.get(), actor=factories.staff_actor("service_lead"), why="spam")

    say(platforms, to, text="我是认真的，机器真的坏了。")

    assert Ticket.objects.count() == 2


def test_text_that_cannot_be_stored_is_tidied(platforms):
    to = door("facebook")

    say(platforms, to, text="机器\x00坏了\x07，\ud83d请换货")

    assert Ticket.objects.get().description == "机器坏了，请换货"


def test_unknown_kinds_of_messages_are_named(platforms):
    to = door("wechat")
    knock(platforms.wechat.envelope(
        account(to),
        "<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
        "<MsgType>hologram</MsgType><MsgId>77</MsgId></xml>",
        int(timezone.now().timestamp()),
    ))  # fmt: skip
    inbound.handle()

    assert Ticket.objects.get().description == "[hologram]"
