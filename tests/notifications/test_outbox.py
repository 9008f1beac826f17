"""Writing messages and notices: who, in which words, once (INT-10, HND-07, SUR-01, SLA-04)."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import translation

from apps.core.actors import system
from apps.core.fields import blind_index
from apps.journal import events
from apps.journal.models import Event
from apps.notifications import selectors
from apps.notifications.models import Notice, OutgoingMessage, Template
from apps.notifications.services import notices, outbox, templates
from apps.notifications.states import MessageState
from tests.factories import UserFactory, actor_with

DEADLINE = {
    "number": "202405-001",
    "metric": "首次响应",
    "due_at": "2024-05-11 10:30",
    "urgency": "紧急",
    "category": "产品质量",
    "department": "售后服务部",
    "responsible": "李娜",
}


def failures():
    return [(e.subject_id, e.data["reason"]) for e in Event.objects.filter(kind="message.failed")]


def switch_off(code, channel, *languages):
    for template in Template.objects.filter(code=code, channel=channel, language__in=languages):
        templates.change(template.pk, subject=template.subject, body=template.body, active=False, actor=system("test"))


@pytest.mark.req("HND-07")
def test_a_message_is_written_encrypted_with_mask_and_index(send, event):
    message = send(channel="sms")

    with connection.cursor() as cursor:
        cursor.execute("SELECT recipient || recipient_name || body FROM notifications_outgoingmessage")
        (stored,) = cursor.fetchone()
    assert message.state == MessageState.QUEUED
    assert (message.recipient, message.recipient_masked) == ("+8613812345678", "138****5678")
    assert message.recipient_index == blind_index("+8613812345678")
    assert (message.subject_type, message.subject_id, message.reference) == (
        "feedback.ticket",
        event.subject_id,
        "202405-001",
    )
    assert "免费更换电池" in message.body
    for secret in ("13812345678", "免费更换电池", "张三"):
        assert secret not in stored


@pytest.mark.req("INT-10")
def test_the_same_event_writes_once_to_one_recipient(send):
    first = send(channel="email")
    again = send(channel="email", context={"solution": "something else"})
    by_sms = send(channel="sms")
    other = send(channel="email", to=outbox.Recipient(email="li@example.com"))

    assert again.pk == first.pk
    assert len({first.pk, by_sms.pk, other.pk}) == 3
    assert OutgoingMessage.objects.count() == 3


def test_competing_writers_write_once(transactional_db, event, send):
    def write(_):
        try:
            return send(channel="email").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(write, range(16)))

    assert len(ids) == 1
    assert OutgoingMessage.objects.count() == 1


def test_messages_without_an_event_are_not_merged(db, send):
    about = events.Ref("feedback.ticket", uuid.uuid4())

    assert send(event=None, subject=about).pk != send(event=None, subject=about).pk
    assert selectors.messages_of(about).count() == 2


def test_language_falls_back_to_simplified_chinese(send):
    assert send(language="en").subject == "The result of your feedback 202405-001"
    assert send(language="fr", channel="sms").language == "zh-hans"


def test_a_switched_off_language_falls_back_and_a_switched_off_message_is_skipped(send):
    switch_off("result_notice", "email", "en")
    fallen_back = send(language="en")
    switch_off("result_notice", "sms", "en", "zh-hans")
    skipped = send(language="en", channel="sms")

    assert (fallen_back.state, fallen_back.language) == (MessageState.QUEUED, "zh-hans")
    assert (skipped.state, skipped.body, skipped.next_try_at) == (MessageState.SKIPPED, "", None)


def test_a_missing_row_is_no_reason_not_to_write(send):
    Template.objects.all().delete()

    assert "免费更换电池" in send().body


@pytest.mark.parametrize(
    ("to", "channel", "reason"),
    [
        (outbox.Recipient(phone="13812345678"), "email", "no_address"),
        (outbox.Recipient(email="not an address"), "email", "bad_address"),
        (outbox.Recipient(email="a@example.com\r\nBcc: b@example.com"), "email", "bad_address"),
        (outbox.Recipient(phone="12"), "sms", "bad_address"),
        (outbox.Recipient(phone="\0\u202e"), "sms", "no_address"),
        (outbox.Recipient(phone="010-88886666"), "sms", "no_mobile"),
    ],
)
def test_an_unusable_address_fails_openly_and_stops_nobody(send, event, to, channel, reason):
    message = send(to=to, channel=channel)

    assert (message.state, message.next_try_at) == (MessageState.FAILED, None)
    assert message.error == outbox.ADDRESS_PROBLEMS[reason]
    assert failures() == [(event.subject_id, reason)]


def test_events_hold_no_personal_data(send):
    send(to=outbox.Recipient(email="not an address", name="张三"))

    data = Event.objects.get(kind="message.failed").data
    assert set(data) == {"message", "template", "channel", "reason"}


@pytest.mark.req("HND-07")
def test_who_chose_the_phone_gets_a_call_to_make(send, event):
    message = send(channel="phone")

    assert message.state == MessageState.TO_CALL
    assert list(selectors.calls_to_make(events.Ref("feedback.ticket", event.subject_id))) == [message]
    assert list(selectors.calls_to_make()) == [message]


@pytest.mark.req("HND-07")
@pytest.mark.parametrize(
    ("preferred", "to", "channel"),
    [
        ("email", outbox.Recipient(email="a@example.com", phone="13812345678"), "email"),
        ("sms", outbox.Recipient(email="a@example.com", phone="13812345678"), "sms"),
        ("phone", outbox.Recipient(email="a@example.com", phone="13812345678"), "phone"),
        ("email", outbox.Recipient(phone="13812345678"), "sms"),
        ("sms", outbox.Recipient(email="a@example.com", phone="010-88886666"), "email"),
        ("sms", outbox.Recipient(phone="010-88886666"), "phone"),
        ("", outbox.Recipient(email="a@example.com"), "email"),
    ],
)
def test_the_chosen_channel_or_the_next_that_reaches(preferred, to, channel):
    assert outbox.channel_for(preferred, to) == channel


@pytest.mark.req("SUR-01")
def test_a_handler_is_shown_by_masked_name_and_staff_number(db):
    user = UserFactory(display_name="欧阳娜娜", staff_number="1024")

    with translation.override("en"):
        assert str(outbox.handler(user)) == "欧*** (staff no. 1024)"
    assert outbox.handler(None) == ""
    assert outbox.handler(UserFactory(display_name="李娜", staff_number=None)) == "李*"


def test_a_handler_speaks_the_language_of_the_message(send):
    user = UserFactory(display_name="李娜", staff_number="1024")

    assert "Handled by: 李* (staff no. 1024)" in send(language="en", context={"handler": outbox.handler(user)}).body
    assert "处理人：李*（工号 1024）" in send(channel="sms", context={"handler": outbox.handler(user)}).body


@pytest.mark.parametrize(
    ("template", "channel"), [("no_such", "email"), ("assigned", "sms"), ("assigned", "in_app"), ("survey", "pigeon")]
)
def test_a_message_that_does_not_exist_is_the_callers_mistake(send, template, channel):
    with pytest.raises(ValueError, match="there is no message"):
        send(template=template, channel=channel)


def test_colleagues_are_written_to_in_their_language_at_their_own_address(send):
    user = UserFactory(email="li@example.com", language="en", display_name="李娜")

    message = send(to=outbox.Recipient(user=user))

    assert (message.recipient, message.language, message.recipient_name) == ("li@example.com", "en", "李娜")


@pytest.mark.req("SLA-04")
def test_notices_go_to_each_step_of_the_ladder_once_in_their_language(event):
    chinese, english = UserFactory(language="zh-hans"), UserFactory(language="en")
    gone = UserFactory(is_active=False)
    context = {**DEADLINE, "level": "部门负责人"}

    for _ in range(2):
        written = outbox.notify_many(
            [chinese, english, english, gone], "deadline_escalated", context=context, event=event, link="/admin/x/"
        )

    texts = {n.user_id: n.text for n in Notice.objects.all()}
    assert {n.user_id for n in written} == set(texts) == {chinese.pk, english.pk}
    assert texts[chinese.pk].startswith("工单 202405-001 升级到您（部门负责人）：首次响应")
    assert texts[english.pk].startswith("Ticket 202405-001 comes up to you")


@pytest.mark.req("SLA-04")
@pytest.mark.parametrize("template", ["deadline_warned", "deadline_breached"])
def test_a_warning_and_a_breach_are_two_notices(event, template):
    user = UserFactory()

    [first] = outbox.notify_many([user], template, context=DEADLINE, event=event)
    [again] = outbox.notify_many([user], template, context=DEADLINE, event=event)

    assert first.pk == again.pk
    assert "首次响应" in first.text


@pytest.mark.usefixtures("rules_at_hand")
def test_many_notices_cost_few_queries(event, django_assert_num_queries):
    users = UserFactory.create_batch(30)

    with django_assert_num_queries(5):  # savepoint, texts, insert, what is there now, savepoint
        outbox.notify_many(users, "deadline_warned", context=DEADLINE, event=event)


@pytest.mark.usefixtures("rules_at_hand")
def test_one_message_costs_few_queries(send, django_assert_num_queries):
    with django_assert_num_queries(3):  # text, whether its subject is a drill, insert
        send()


@pytest.mark.parametrize(
    "link", ["//evil.example.com", "https://evil.example.com", "javascript:alert(1)", "/\\evil.com"]
)
def test_a_notice_leads_nowhere_else(event, link):
    with pytest.raises(ValueError, match="path of this site"):
        outbox.notify_many([UserFactory()], "deadline_warned", context=DEADLINE, event=event, link=link)


def test_a_switched_off_notice_is_not_written(event):
    switch_off("deadline_warned", "in_app", "zh-hans")

    assert outbox.notify_many([UserFactory()], "deadline_warned", context=DEADLINE, event=event) == []


def test_reading_touches_only_ones_own_notices_and_keeps_the_first_time(event):
    mine, theirs = UserFactory(), UserFactory()
    for user in (mine, theirs):
        outbox.notify_many([user], "deadline_warned", context=DEADLINE, event=event)
        outbox.notify_many([user], "deadline_breached", context=DEADLINE, event=event)
    newest, oldest = selectors.notices_of(mine.pk)

    read = notices.mark_read(mine, oldest.pk)
    assert notices.mark_read(mine, oldest.pk).read_at == read.read_at
    assert notices.mark_read(theirs, oldest.pk) is None
    assert selectors.unread_count(mine.pk) == 1
    assert notices.mark_all_read(mine, up_to=oldest.pk) == 0
    assert notices.mark_all_read(mine, up_to=newest.pk) == 1
    assert selectors.unread_count(theirs.pk) == 2


def test_notices_are_paged_by_key(event):
    user = UserFactory()
    for code in ("deadline_warned", "deadline_breached", "deadline_escalated"):
        outbox.notify_many([user], code, context={**DEADLINE, "level": ""}, event=event)

    first = selectors.notices_of(user.pk, limit=2)
    rest = selectors.notices_of(user.pk, before=first[-1].pk, limit=2)

    assert [n.kind for n in [*first, *rest]] == ["deadline_escalated", "deadline_breached", "deadline_warned"]


def test_defaults_are_complete_and_leave_edited_texts_alone(db):
    edited, outdated = Template.objects.order_by("id")[:2]
    templates.change(edited.pk, subject=edited.subject, body=edited.body + "!", active=True, actor=system("test"))
    Template.objects.filter(pk=outdated.pk).update(body="of an older version")
    Template.objects.last().delete()

    assert templates.install() == (1, 1)
    assert templates.install() == (0, 0)
    assert Template.objects.get(pk=edited.pk).body.endswith("!")
    assert Template.objects.get(pk=outdated.pk).body == outdated.body


def test_changing_and_restoring_a_text_is_recorded(db):
    actor = actor_with()
    template = Template.objects.get(code="assigned", channel="in_app", language="zh-hans")

    templates.change(template.pk, subject="", body="新工单 {number}\r\n", active=True, actor=actor)
    changed = Template.objects.get(pk=template.pk)
    templates.change(template.pk, subject="", body="新工单 {number}", active=True, actor=actor)
    restored = templates.restore(template.pk, actor=actor), templates.restore(template.pk, actor=actor)

    assert (changed.body, changed.edited) == ("新工单 {number}", True)
    assert restored == (True, False)
    assert Template.objects.get(pk=template.pk).edited is False
    kinds = Event.objects.filter(kind="notifications.template_changed", subject_id=template.pk).order_by("id")
    assert [e.data["changes"]["body"][1] for e in kinds] == ["新工单 {number}", template.body]


def test_nothing_is_written_when_the_transaction_rolls_back(transactional_db, event, send):
    class Undo(Exception):
        pass

    def undone():
        with transaction.atomic():
            send()
            raise Undo

    with pytest.raises(Undo):
        undone()

    assert not OutgoingMessage.objects.exists()
