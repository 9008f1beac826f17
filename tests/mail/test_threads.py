"""Whose conversation a mail belongs to, and what it does there (INT-09)."""

from datetime import timedelta

import pytest
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.fields import blind_index
from apps.core.vocabulary import Channel, ContactChannel
from apps.feedback.models import IncomingMail, Message, Ticket
from apps.feedback.services import closure, conversation
from apps.journal import deliveries
from apps.journal.events import ref
from apps.journal.models import Event
from apps.notifications.adapters.email import compose
from apps.notifications.models import OutgoingMessage
from apps.notifications.services import outbox
from apps.notifications.states import MessageState
from tests import factories
from tests.mail import corpus
from tests.mail.conftest import make_mailbox
from tests.mail.corpus import CUSTOMER as ZHANG
from tests.mail.corpus import DESK, plain, word

pytestmark = pytest.mark.django_db
ANSWER = "指示灯是红色的，一直在闪。"


def our_mail(ticket: Ticket, template: str = "staff_reply", to: outbox.Recipient | None = None) -> OutgoingMessage:
    context = dict.fromkeys(
        [
            "number",
            "message",
            "handler",
            "contact",
            "link",
            "kind",
            "category",
            "department",
            "customer",
            "received_at",
            "due_at",
        ],
        "x",
    )
    return outbox.send(
        template, to=to or outbox.Recipient(email=ZHANG), context={**context, "number": ticket.number}, channel="email",
        subject=ref(ticket), language="zh-hans",
    )  # fmt: skip


def header_id(message: OutgoingMessage) -> str:
    return str(compose(message).extra_headers["Message-ID"])


def ticket_of(email: str = ZHANG, state: str = "in_progress") -> Ticket:
    return factories.ticket_in(state, email=email, phone="")


@pytest.mark.req("INT-09")
@pytest.mark.parametrize("header", ["in_reply_to", "references"])
def test_an_answer_to_a_message_of_ours_goes_to_its_ticket(arrive, header):
    ticket = ticket_of()
    message = our_mail(ticket)

    row = arrive(
        plain(f"{ANSWER}\n\n> 请问指示灯是什么颜色？", **{header: f"<older@else.example> {header_id(message)}"})
    )

    assert (row.verdict, row.ticket, row.quoted) == ("reply", ticket, "> 请问指示灯是什么颜色？")
    said = Message.objects.get(ticket=ticket)
    assert (said.kind, said.body, said.channel) == ("customer", ANSWER, Channel.EMAIL)
    assert row.message == said
    assert Ticket.objects.count() == 1


@pytest.mark.req("INT-09")
def test_the_thread_of_the_ticket_itself_is_enough(arrive):
    ticket = ticket_of()

    row = arrive(plain(ANSWER, references=f"<ticket-{ticket.pk}@any.example>"))

    assert (row.verdict, row.ticket) == ("reply", ticket)


@pytest.mark.req("INT-09")
def test_a_second_mail_below_the_customers_own_first_one_is_a_reply(arrive):
    first = arrive(plain(message_id="<first@example.cn>"))

    row = arrive(plain("补充：订单号是 QC123。", in_reply_to="<first@example.cn>"))

    assert (row.verdict, row.ticket) == ("reply", first.ticket)
    assert first.ticket.messages.get().body == "补充：订单号是 QC123。"


@pytest.mark.req("INT-09")
@pytest.mark.parametrize("shape", ["Re: 吸尘器 [{}]", "{}", "关于工单{}的补充", "Re: 受理单 {}：您的反馈已收到"])
def test_the_number_in_the_subject_is_enough_for_the_tickets_own_customer(arrive, shape):
    ticket = ticket_of()

    row = arrive(plain(ANSWER, subject=word(shape.format(ticket.number))))

    assert (row.verdict, row.ticket) == ("reply", ticket)


@pytest.mark.req("INT-09")
def test_a_number_in_full_width_is_read(arrive):
    ticket = ticket_of()
    wide = ticket.number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)} | {ord("-"): "－"})

    assert arrive(plain(ANSWER, subject=word(wide))).ticket == ticket


@pytest.mark.req("INT-09")
def test_nobody_gets_into_the_ticket_of_somebody_else_by_its_number(arrive):
    ticket = ticket_of("li@example.cn")

    row = arrive(plain("请把退款打到我的账户。", subject=word(f"Re: [{ticket.number}]")))

    assert (row.verdict, row.reason) == ("new_ticket", "foreign_number")
    assert row.ticket != ticket
    assert row.ticket.customer.email == ZHANG
    assert ticket.messages.count() == 0
    note = row.ticket.messages.get()
    assert note.kind == "note" and ticket.number in note.body


@pytest.mark.req("INT-09")
def test_a_forged_sender_does_not_get_in_by_the_number(arrive):
    ticket = ticket_of()

    row = arrive(
        plain(ANSWER, subject=ticket.number, authentication_results="mx.example; spf=fail; dmarc=fail (p=reject)")
    )

    assert (row.verdict, row.reason) == ("new_ticket", "foreign_number")
    assert ticket.messages.count() == 0


@pytest.mark.req("INT-09")
def test_the_address_given_in_the_form_answers_by_the_number(arrive):
    factories.make_customer(phone="13800001111", email="known@example.cn")
    ticket = factories.ticket(phone="13800001111", email=ZHANG)
    assert ticket.customer.email == "known@example.cn"

    assert arrive(plain(ANSWER, subject=ticket.number)).ticket == ticket


@pytest.mark.req("INT-09")
def test_a_number_that_no_ticket_has_is_only_a_number(arrive):
    row = arrive(plain(subject="order 202611-9999"))

    assert (row.verdict, row.reason, row.ticket.messages.count()) == ("new_ticket", "", 0)


@pytest.mark.req("INT-09")
def test_an_answer_from_another_address_says_so(arrive):
    ticket = ticket_of("li@example.cn")

    row = arrive(plain(ANSWER, in_reply_to=header_id(our_mail(ticket))))

    assert (row.verdict, row.ticket) == ("reply", ticket)
    body = ticket.messages.get().body
    assert body.startswith(ANSWER) and "z***@example.cn" in body and ZHANG not in body


@pytest.mark.req("INT-09")
def test_the_address_that_wrote_the_first_mail_answers_as_the_customer(arrive):
    first = arrive(plain(message_id="<first@example.cn>"))
    Ticket.objects.filter(pk=first.ticket.pk).update(customer=factories.make_customer(email="other@example.cn"))

    row = arrive(plain(ANSWER, subject=first.ticket.number))

    assert (row.verdict, row.ticket.messages.get().body) == ("reply", ANSWER)


@pytest.mark.req("INT-09", "HND-03")
@pytest.mark.parametrize("how", ["answers an alert", "writes from a staff address"])
def test_what_a_colleague_answers_never_stands_as_the_customers_words(arrive, how):
    ticket = ticket_of("li@example.cn")
    colleague = factories.staff(email=ZHANG)
    alert = how == "answers an alert"
    message = our_mail(ticket, "critical_alert", outbox.Recipient(user=colleague)) if alert else our_mail(ticket)
    if alert:
        colleague.email = "moved@example.cn"
        colleague.save()

    row = arrive(plain("我来处理。", in_reply_to=header_id(message)))

    assert (row.verdict, row.reason) == ("reply", "colleague")
    assert ticket.messages.get().kind == "note"


@pytest.mark.req("INT-09", "SLA-03")
def test_an_answer_lets_a_waiting_ticket_go_on(arrive):
    ticket = ticket_of(state="waiting")

    arrive(plain(ANSWER, subject=ticket.number))

    assert Ticket.objects.get(pk=ticket.pk).state == "in_progress"


@pytest.mark.req("INT-09", "SUR-03")
def test_an_answer_reopens_a_ticket_closed_lately(arrive):
    ticket = ticket_of(state="closed")

    row = arrive(plain("又坏了。", subject=ticket.number))

    assert (row.verdict, row.reason, row.ticket) == ("reply", "reopened", ticket)
    assert Ticket.objects.get(pk=ticket.pk).state == "reopened"
    assert ticket.messages.get(kind="customer").body == "又坏了。"


@pytest.mark.req("INT-09")
@pytest.mark.parametrize("words", ["谢谢！", "好的，收到，非常感谢你们。", "OK, thank you very much!"])
def test_thanks_leave_a_closed_ticket_closed(arrive, words):
    ticket = ticket_of(state="closed")

    row = arrive(plain(words, subject=ticket.number))

    assert (row.verdict, row.reason) == ("reply", "thanks")
    assert Ticket.objects.get(pk=ticket.pk).state == "closed"
    assert ticket.messages.get().body == words


@pytest.mark.req("INT-09")
def test_thanks_with_a_complaint_reopen(arrive):
    ticket = ticket_of(state="closed")

    assert arrive(plain("谢谢，但是还是漏水", subject=ticket.number)).reason == "reopened"


@pytest.mark.req("INT-09")
def test_after_the_days_of_reopening_an_answer_is_a_ticket_of_its_own(arrive):
    with clock.at(clock.now() - timedelta(days=40)):
        ticket = ticket_of(state="closed")

    row = arrive(plain(f"又坏了。\n\n> {ticket.number} 已关闭", subject=ticket.number))

    assert (row.verdict, row.reason) == ("new_ticket", "after_closing")
    assert row.ticket != ticket
    assert row.ticket.description == f"{ticket.number}\n\n又坏了。"
    assert ticket.number in row.ticket.messages.get(kind="note").body
    assert Ticket.objects.get(pk=ticket.pk).state == "closed"


@pytest.mark.req("INT-09")
def test_nobody_else_reopens_a_ticket(arrive):
    ticket = ticket_of("li@example.cn", "closed")

    row = arrive(plain("又坏了。", in_reply_to=header_id(our_mail(ticket))))

    assert (row.verdict, row.reason) == ("new_ticket", "after_closing")
    assert Ticket.objects.get(pk=ticket.pk).state == "closed"


@pytest.mark.req("INT-09")
def test_an_answer_to_a_rejected_ticket_is_a_ticket_of_its_own(arrive):
    ticket = ticket_of(state="rejected")

    row = arrive(plain("这不是垃圾邮件！", subject=ticket.number))

    assert (row.verdict, row.reason) == ("new_ticket", "after_closing")


@pytest.mark.req("INT-09", "INT-08")
def test_an_answer_to_a_duplicate_goes_to_the_first_ticket(arrive):
    first, second = ticket_of(), ticket_of(state="pending")
    closure.reject(second, actor=SYSTEM, why="duplicate", duplicate_of=first)

    row = arrive(plain(ANSWER, subject=second.number))

    assert (row.verdict, row.ticket) == ("reply", first)
    assert first.messages.get().body == ANSWER


@pytest.mark.req("INT-09")
def test_one_mail_that_comes_by_two_ways_does_one_thing(arrive):
    mail, other = plain(message_id="<one@example.cn>"), make_mailbox(address="repair@desk.example")
    first = arrive(mail)
    second = arrive(b"Received: by another way\r\n" + mail, into=other)
    again = arrive(mail)

    assert [row.verdict for row in (first, second, again)] == ["new_ticket", "duplicate", "duplicate"]
    assert first.ticket == second.ticket == again.ticket
    assert Ticket.objects.count() == 1


@pytest.mark.req("INT-09")
def test_two_mails_under_one_message_id_are_two_mails(arrive):
    arrive(plain("第一封", message_id="<1@broken.example>"))
    arrive(plain("第二封", message_id="<1@broken.example>"))

    assert Ticket.objects.count() == 2


@pytest.mark.req("INT-09")
def test_an_automatic_answer_adds_nothing_and_is_shown_with_its_ticket(arrive):
    ticket = ticket_of()

    row = arrive(plain("我正在休假", auto_submitted="auto-replied", in_reply_to=header_id(our_mail(ticket))))

    assert (row.verdict, row.ticket, row.message) == ("auto_reply", ticket, None)
    assert ticket.messages.count() == 0


def dsn(message_id: str, *, action: str = "failed", status: str = "5.1.1", headers_only: bool = False) -> bytes:
    original = plain("您好", message_id=message_id).partition(b"\r\n\r\n")[0] + b"\r\n"
    report = (
        f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {ZHANG}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} <{ZHANG}>: no such user"
    )
    return corpus.mixed(
        corpus.text_part("could not be delivered"),
        corpus.part(report, content_type="message/delivery-status"),
        corpus.part(original, content_type="text/rfc822-headers")
        if headers_only
        else corpus.part(original + b"\r\nbody", content_type="message/rfc822"),
        kind="report; report-type=delivery-status", return_path="<>", **{"from": "MAILER-DAEMON@mx.example"},
    )  # fmt: skip


@pytest.mark.req("INT-09", "HND-07")
@pytest.mark.parametrize("headers_only", [False, True])
def test_returned_mail_is_noted_on_the_message_that_went_out(arrive, headers_only):
    ticket = ticket_of()
    message = our_mail(ticket)
    OutgoingMessage.objects.filter(pk=message.pk).update(
        state=MessageState.SENT, next_try_at=None, provider="mail server"
    )

    row = arrive(dsn(header_id(message), headers_only=headers_only))
    arrive(dsn(header_id(message), headers_only=headers_only) + b"once more")

    assert (row.verdict, row.reason, row.ticket) == ("bounce", "returned", ticket)
    assert ZHANG not in row.detail and "5.1.1" in row.detail
    message = OutgoingMessage.objects.get(pk=message.pk)
    assert message.state == "failed"
    assert "no such user" in message.error and ZHANG not in message.error
    events = Event.objects.filter(subject_id=ticket.pk, kind="message.failed")
    assert [e.data["reason"] for e in events] == ["returned"]


@pytest.mark.req("INT-09")
def test_late_mail_is_not_returned_mail(arrive):
    message = our_mail(ticket_of())
    OutgoingMessage.objects.filter(pk=message.pk).update(state=MessageState.SENT, next_try_at=None)

    row = arrive(dsn(header_id(message), action="delayed", status="4.4.7"))

    assert (row.verdict, row.reason) == ("bounce", "delayed")
    assert OutgoingMessage.objects.get(pk=message.pk).state == "sent"


@pytest.mark.req("INT-09")
def test_returned_mail_in_a_servers_own_words_is_understood(arrive):
    message = our_mail(ticket_of())
    OutgoingMessage.objects.filter(pk=message.pk).update(state=MessageState.SENT, next_try_at=None)

    row = arrive(
        plain(
            f"您的邮件被退回。\n550 5.1.1 user unknown\n\nMessage-ID: {header_id(message)}\nSubject: x",
            subject=word("系统退信"), **{"from": "PostMaster@qq.com"},
        )
    )  # fmt: skip

    assert row.verdict == "bounce"
    assert OutgoingMessage.objects.get(pk=message.pk).state == "failed"


@pytest.mark.req("INT-09")
def test_a_message_of_ours_that_comes_back_is_a_loop(arrive):
    message = our_mail(ticket_of())

    row = arrive(compose(message).message().as_bytes().replace(DESK.encode(), b"rewritten@list.example"))

    assert (row.verdict, row.reason) == ("loop", "own_message")


@pytest.mark.req("INT-09")
def test_a_sender_without_end_is_a_loop_and_may_write_again_later(arrive, settings):
    settings.MAIL_MAX_PER_SENDER_PER_HOUR = 3
    now = clock.now()

    rows = [arrive(plain(f"第{i}封"), at=now - timedelta(minutes=50 - i)) for i in range(5)]
    other = arrive(plain("别人", **{"from": "li@example.cn"}), at=now)
    later = arrive(plain("后来"), at=now)

    assert [row.verdict for row in rows] == ["new_ticket"] * 3 + ["loop"] * 2
    assert (other.verdict, later.verdict) == ("new_ticket", "loop")
    with clock.at(now + timedelta(hours=2)):
        assert arrive(plain("两小时后")).verdict == "new_ticket"


@pytest.mark.req("INT-09", "INT-10", "HND-07")
def test_our_answers_stand_in_the_customers_own_thread(arrive):
    row = arrive(
        plain(
            subject=word("回复: 吸尘器 故障"), message_id="<first@example.cn>", **{"from": f"{word('张三')} <{ZHANG}>"}
        )
    )
    deliveries.drain()
    ticket = row.ticket

    receipt = compose(OutgoingMessage.objects.get(subject_id=ticket.pk, template="acknowledgement"))
    arrive(plain(ANSWER, in_reply_to=str(receipt.extra_headers["Message-ID"]), message_id="<second@example.cn>"))
    actor = factories.staff_actor()
    factories.accept(ticket, actor)
    conversation.add(ticket, "reply", "已安排师傅上门。", actor=actor)
    deliveries.drain()

    assert receipt.subject == f"Re: 吸尘器 故障 [{ticket.number}]"
    assert receipt.to == [ZHANG] and receipt.reply_to == [DESK]
    root = f"<ticket-{ticket.pk}@desk.example>"
    assert receipt.extra_headers["In-Reply-To"] == "<first@example.cn>"
    assert receipt.extra_headers["References"] == f"{root} <first@example.cn>"
    answer = compose(OutgoingMessage.objects.get(subject_id=ticket.pk, template="staff_reply"))
    assert answer.extra_headers["In-Reply-To"] == "<second@example.cn>"
    assert answer.extra_headers["References"] == f"{root} <first@example.cn> <second@example.cn>"
    assert answer.subject == receipt.subject
    assert ticket.contact_channel == ContactChannel.EMAIL


@pytest.mark.req("INT-09")
def test_a_subject_cannot_smuggle_headers_into_our_answer(arrive):
    row = arrive(plain(subject="=?utf-8?Q?x=0D=0ABcc:_evil@example.cn?=", message_id="<a@b.cn>"))
    deliveries.drain()

    mail = compose(OutgoingMessage.objects.get(subject_id=row.ticket.pk)).message()

    assert mail["Bcc"] is None
    assert "evil@example.cn" in str(mail["Subject"])


@pytest.mark.req("INT-09", "INT-05")
def test_what_cannot_be_taken_over_is_told_in_the_senders_language(arrive):
    text = "My vacuum cleaner is broken, please help me as soon as you can."
    mail = corpus.mixed(
        corpus.text_part(text), corpus.file_part(b"MZ", content_disposition="attachment; filename=setup.exe")
    )

    ticket = arrive(mail).ticket

    assert ticket.language == "en"
    assert "could not be taken over: “setup.exe” is a type of file that is not accepted here." in ticket.description


@pytest.mark.req("INT-09", "INT-05")
def test_a_long_text_stands_in_full_in_a_file(arrive):
    text = "吸尘器坏了。" * 5_000

    ticket = arrive(plain(text)).ticket

    upload = ticket.attachments.get().upload
    assert upload.name == "mail.txt"
    assert upload.file.open("rb").read().decode() == text
    assert len(ticket.description) <= 20_000 and "mail.txt" in ticket.description


@pytest.mark.req("INT-09")
def test_a_logo_below_every_answer_is_kept_once(arrive):
    def with_logo(text: str, **fields: str) -> bytes:
        logo = corpus.file_part(corpus.photo("blue"), "image/jpeg", content_disposition="inline; filename=logo.jpg")
        return corpus.mixed(corpus.text_part(text), logo, **fields)

    ticket = arrive(with_logo("坏了", message_id="<1@b.cn>")).ticket
    arrive(with_logo("补充", in_reply_to="<1@b.cn>"))

    assert ticket.attachments.count() == 1


@pytest.mark.req("INT-09")
def test_a_mail_larger_than_what_is_read_is_taken_in_by_its_beginning(arrive):
    mail = corpus.mixed(corpus.text_part(), corpus.file_part(corpus.photo(size=(900, 900)), **corpus.PHOTO))

    row = arrive(mail[:1_500], size=len(mail))

    assert (row.verdict, row.reason, row.size) == ("new_ticket", "cut", len(mail))
    with translation.override("zh-hans"):
        notice = _("The mail was too large to be read in full.")
    assert corpus.TEXT in row.ticket.description and f"[{notice}]" in row.ticket.description
    assert "mail" not in notice


def test_the_moment_a_mail_reached_the_server_starts_the_clocks(arrive):
    moment = clock.now() - timedelta(hours=3)

    assert arrive(plain(), at=moment).ticket.received_at == moment


def test_a_mail_older_than_its_mailbox_counts_from_then(arrive, mailbox):
    assert arrive(plain(), at=mailbox.created_at - timedelta(days=400)).ticket.received_at == mailbox.created_at


def test_the_mailbox_says_kind_and_channel_of_its_tickets(arrive):
    repairs = make_mailbox(address="repair@desk.example", kind="fault", channel="app")

    ticket = arrive(plain(), into=repairs).ticket

    assert (ticket.kind, ticket.channel) == ("fault", "app")


@pytest.mark.req("INT-09", "ADM-04")
def test_rows_of_mail_hold_no_clear_address(arrive):
    row = arrive(plain())

    assert row.sender_masked == "z***@example.cn"
    assert row.sender_index == blind_index(ZHANG)
    assert ZHANG not in str(IncomingMail.objects.values().get())
