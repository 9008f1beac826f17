"""SUR-02: answering the survey by text message, through the gateway's signed push."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from apps.core import clock
from apps.feedback.models import Message, SmsReply, Survey, Ticket
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.adapters import simulated
from apps.notifications.adapters.sms_inbound import sign
from apps.notifications.models import OutgoingMessage
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("SUR-02")]
KEY = "gateway-secret"
Verdict = SmsReply.Verdict


@pytest.fixture(autouse=True)
def _key(settings):
    settings.SMS_GATEWAY_KEY = KEY
    cache.clear()


def push(phone, text, *, number="MO1", stamp=None, seconds=0, key=KEY, signature=None):
    body = json.dumps({"id": number, "from": phone, "text": text}).encode()
    stamp = str(int(clock.now().timestamp()) + seconds if stamp is None else stamp)
    headers = {"X-Sms-Timestamp": stamp, "X-Sms-Signature": signature or sign(key, stamp, body)}
    return Client().post("/hooks/sms/", body, content_type="application/json", headers=headers)


def asked(phone="13912340001", **fields):
    """A ticket of this phone whose survey is open."""
    return factories.ticket_in("callback", phone=phone, **fields)


def again(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def sent(template):
    return OutgoingMessage.objects.filter(template=template, channel="sms")


def test_the_survey_message_asks_for_a_digit_and_says_which_number():
    ticket = asked()
    deliveries.drain()

    [message] = sent("survey")
    assert ticket.number in message.body
    assert "5非常满意" in message.body


@pytest.mark.req("SUR-03")
def test_a_digit_answers_the_survey_and_closes_the_ticket():
    ticket = asked()

    response = push("13912340001", "５，师傅很专业")

    survey = ticket.surveys.get()
    assert (response.status_code, response.json()) == (200, {"status": "taken"})
    assert (survey.score, survey.comment, survey.answered_by) == (5, "师傅很专业", "sms")
    assert again(ticket).state == "closed"
    assert SmsReply.objects.get().verdict == Verdict.ANSWERED


@pytest.mark.req("SUR-03", "HND-12")
@pytest.mark.parametrize(("text", "score"), [("3", 3), ("2分，还在漏", 2), ("5 还是坏的", 5)])
def test_what_is_not_satisfied_or_contradicts_itself_goes_to_second_follow_up(text, score):
    ticket = asked()

    push("13912340001", text)

    assert ticket.surveys.get().score == score
    assert again(ticket).state == "second_follow_up"


def test_a_push_that_comes_twice_is_taken_once():
    ticket = asked()
    push("13912340001", "还没修好呢")

    response = push("13912340001", "还没修好呢")

    assert response.json() == {"status": "known"}
    assert Message.objects.filter(ticket=ticket, kind="customer").count() == 1


def test_two_open_surveys_of_one_phone_the_newest_is_answered_unless_a_number_says_otherwise():
    first, second, third = asked(), asked(text="电饭煲按键失灵，要求维修。"), asked(text="冰箱门关不严，要求上门。")

    push("13912340001", "5", number="MO1")
    push("13912340001", f"4 {first.number}", number="MO2")

    assert [again(t).state for t in (first, second, third)] == ["closed", "callback", "closed"]
    assert first.surveys.get().score == 4


def test_the_same_score_sent_twice_by_the_customer_does_not_answer_another_survey():
    older, newer = asked(), asked(text="电饭煲按键失灵，要求维修。")

    push("13912340001", "5", number="MO1")
    push("13912340001", "5", number="MO2")

    assert (again(newer).state, again(older).state) == ("closed", "callback")
    assert older.surveys.get().score is None


def test_an_unclear_reply_is_kept_on_the_ticket_and_answered_with_help_once():
    ticket = asked()

    push("13912340001", "4天了还没人来", number="MO1")
    push("13912340001", "你们是谁", number="MO2")

    assert again(ticket).state == "callback"
    assert ticket.surveys.get().score is None
    said = Message.objects.filter(ticket=ticket, kind="customer").values_list("body", flat=True)
    assert sorted(said) == ["4天了还没人来", "你们是谁"]
    [helped] = sent("survey_help")
    assert ticket.number in helped.body


def test_stop_ends_survey_messages_and_start_brings_them_back():
    ticket = asked()
    push("13912340001", "退订", number="MO1")
    deliveries.drain()
    before = sent("survey").count()

    another = asked(text="破壁机漏水，要求换货。")
    deliveries.drain()
    assert sent("survey").count() == before
    assert sent("survey_stopped").count() == 1
    assert again(ticket).state == "callback"  # STOP is no answer

    push("13912340001", "恢复", number="MO2")
    factories.ticket_in("callback", phone="13912340001", text="空调遥控器坏了，要求补发。")
    deliveries.drain()
    assert sent("survey").count() == before + 1
    assert again(another).satisfaction is None


def test_a_phone_without_tickets_is_kept_on_the_list():
    response = push("13999990000", "满意")

    reply = SmsReply.objects.get()
    assert (response.status_code, reply.verdict, reply.ticket) == (200, Verdict.UNKNOWN, None)
    assert reply.sender_masked == "139****0000"


@pytest.mark.req("HND-12")
def test_still_broken_after_a_good_score_takes_the_ticket_up_again():
    ticket = asked()
    push("13912340001", "5", number="MO1")

    push("13912340001", "又坏了，还是不通电", number="MO2")

    assert again(ticket).state == "reopened"
    assert SmsReply.objects.get(external_id="MO2").verdict == Verdict.REOPENED


def test_thanks_after_the_survey_are_kept_without_reopening():
    ticket = asked()
    push("13912340001", "5", number="MO1")

    push("13912340001", "谢谢你们", number="MO2")

    assert again(ticket).state == "closed"
    assert Message.objects.get(ticket=ticket, kind="customer").body == "谢谢你们"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"key": "wrong"}, "sms.signature"),
        ({"signature": "é"}, "sms.signature"),
        ({"seconds": -301}, "sms.clock"),
        ({"seconds": 302}, "sms.clock"),
        ({"stamp": "x"}, "sms.clock"),
    ],
)
def test_a_push_that_is_not_the_gateways_or_too_old_is_refused(how, code):
    ticket = asked()

    response = push("13912340001", "5", **how)

    assert (response.status_code, response.json()["code"]) == (401, code)
    assert again(ticket).state == "callback"
    assert not SmsReply.objects.exists()


def test_without_a_key_nothing_is_taken(settings):
    settings.SMS_GATEWAY_KEY = ""

    assert push("13912340001", "5").json()["code"] == "sms.not_set_up"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 5, "from": "1", "text": "5"}', b"\xff"])
def test_a_body_that_is_no_message_is_refused(body):
    stamp = str(int(clock.now().timestamp()))
    headers = {"X-Sms-Timestamp": stamp, "X-Sms-Signature": sign(KEY, stamp, body)}

    response = Client().post("/hooks/sms/", body, content_type="application/json", headers=headers)

    assert (response.status_code, response.json()["code"]) == (422, "sms.unreadable")


def test_events_hold_neither_phone_nor_words():
    asked()

    push("13912340001", "3 我住朝阳路5号")

    kept = json.dumps(list(Event.objects.values_list("data", "reason")), ensure_ascii=False, default=str)
    assert "13912340001" not in kept
    assert "朝阳路" not in kept


@pytest.mark.django_db(transaction=True)
def test_the_simulated_gateway_sends_a_customers_reply(live_site):
    ticket = asked()

    status = simulated.reply(f"{live_site.url}/hooks/sms/", KEY, "13912340001", "满意，谢谢")

    assert status == 200
    assert Survey.objects.get(ticket=ticket).score == 4


@pytest.mark.parametrize("other", ["202001-001", "somebody else's", "answered"])
def test_a_score_for_another_ticket_is_no_score_for_the_newest(other):
    """Who names a ticket means that one: the open survey of another is not answered in its place."""
    ticket = asked()
    number = {"202001-001": other, "somebody else's": asked("13912340009").number}.get(other)
    if other == "answered":
        done = asked(text="电饭煲按键失灵，要求维修。")
        number = done.number
        push("13912340001", f"{number} 5", number="MO1")

    push("13912340001", f"{number} 1", number="MO2")

    assert ticket.surveys.get().score is None
    assert again(ticket).state == "callback"
    assert SmsReply.objects.get(external_id="MO2").verdict != Verdict.ANSWERED
