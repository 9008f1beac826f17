"""Bringing messages out: real SMTP and HTTP on loopback, and every way in which they can go wrong."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.journal.models import Event
from apps.notifications.adapters import sms_gateway
from apps.notifications.adapters.email import EmailAdapter
from apps.notifications.adapters.simulated import Fault
from apps.notifications.adapters.sms_gateway import SmsGatewayAdapter
from apps.notifications.models import OutgoingMessage
from apps.notifications.services import desk, dispatch, outbox
from apps.notifications.states import MessageState


def fresh(message):
    return OutgoingMessage.objects.get(pk=message.pk)


def told(kind):
    return [e.data for e in Event.objects.filter(kind=kind).order_by("id")]


def after(**ago):
    """Dispatch as it happens that much later."""
    with clock.at(clock.now() + timedelta(**ago)):
        return dispatch.dispatch()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Killed(BaseException):
    """The worker dies here: nothing after it runs."""


# In the house -------------------------------------------------------------------------------------------------------


def test_without_servers_messages_stay_in_the_local_outbox(send, settings):
    settings.EMAIL_HOST = settings.SMS_GATEWAY_URL = ""
    messages = [send(channel="email"), send(channel="sms"), send(channel="phone")]

    assert dispatch.dispatch() == 2
    assert dispatch.dispatch() == 0
    assert [fresh(m).state for m in messages] == [MessageState.SENT, MessageState.SENT, MessageState.TO_CALL]
    assert fresh(messages[0]).provider == "local outbox"
    assert len(told("message.sent")) == 2


def test_many_local_messages_cost_few_queries(send, django_assert_max_num_queries):
    for number in range(50):
        send(to=outbox.Recipient(email=f"a{number}@example.com"))

    with django_assert_max_num_queries(9):
        assert dispatch.dispatch() == 50


def test_the_event_names_the_ticket_and_no_person(send, event):
    message = send()
    dispatch.dispatch()

    sent = Event.objects.get(kind="message.sent")
    assert (sent.subject_type, sent.subject_id) == (event.subject_type, event.subject_id)
    assert sent.data == {
        "message": str(message.pk),
        "template": "result_notice",
        "channel": "email",
        "provider": "local outbox",
    }


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_inside_a_transaction():
    with pytest.raises(RuntimeError), transaction.atomic():
        dispatch.dispatch()


# E-mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-10")
def test_a_mail_arrives_whole_and_threaded(send, smtp, event, settings):
    settings.DEFAULT_FROM_EMAIL, settings.COMPANY_NAME = "service@example.com", "晴川电器"
    message = send(context={"solution": "换新 👍 <b>不是标签</b>"})

    dispatch.dispatch()

    (mail,) = smtp.mails
    assert smtp.recipients == [["zhang@example.com"]]
    assert mail["Subject"] == "反馈 202405-001 的处理结果"
    assert mail["From"].addresses[0].display_name == "晴川电器"
    assert mail["Message-ID"] == f"<{message.pk}@service.example.com>"
    assert mail["References"] == mail["In-Reply-To"] == f"<ticket-{event.subject_id}@service.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert "换新 👍 <b>不是标签</b>" in mail.get_content()
    assert (fresh(message).state, fresh(message).provider_id) == (MessageState.SENT, mail["Message-ID"])


def test_names_and_numbers_cannot_add_headers(send, smtp):
    evil = "x\r\nBcc: thief@example.com\r\n\r\nHello"
    send(to=outbox.Recipient(email="zhang@example.com", name=evil), context={"number": evil})

    dispatch.dispatch()

    (mail,) = smtp.mails
    assert smtp.recipients == [["zhang@example.com"]]
    assert mail["Bcc"] is None
    assert mail["Subject"].strip().startswith("反馈 x Bcc: thief@example.com Hello 的处理结果")


def test_a_very_long_line_survives_the_mail(send, smtp):
    send(context={"solution": "长" * 50_000})

    dispatch.dispatch()

    assert "长" * 50_000 in smtp.mails[0].get_content()


def test_a_temporary_refusal_is_tried_again_later(send, smtp):
    smtp.data_replies = ["451 4.7.1 greylisted, zhang@example.com come back"]
    message = send()

    dispatch.dispatch()
    waiting = fresh(message)
    assert (waiting.state, waiting.attempts) == (MessageState.QUEUED, 1)
    assert "451" in waiting.error
    assert "zhang@" not in waiting.error
    assert dispatch.dispatch() == 0

    assert after(seconds=16) == 1
    assert fresh(message).state == MessageState.SENT
    assert fresh(message).error == ""
    assert len(smtp.mails) == 1


def test_a_permanent_refusal_is_final_and_told(send, smtp):
    smtp.rcpt_replies = ["550 5.1.1 <Zhang@Example.com> unknown"]
    message = send()

    dispatch.dispatch()

    failed = fresh(message)
    assert (failed.state, failed.next_try_at) == (MessageState.FAILED, None)
    assert failed.error == "550 5.1.1 <z***@example.com> unknown"
    assert [data["reason"] for data in told("message.failed")] == ["refused"]


def test_a_mail_server_that_is_away_loses_nothing(send, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    message = send()

    for days in range(len(dispatch.RETRIES) + 1):
        after(days=days)

    given_up = fresh(message)
    assert (given_up.state, given_up.attempts) == (MessageState.FAILED, len(dispatch.RETRIES) + 1)
    assert "ConnectionRefused" in given_up.error
    assert [data["reason"] for data in told("message.failed")] == ["gave_up"]


def test_a_connection_lost_in_the_middle_is_unknown_and_sent_again_under_the_same_id(send, smtp):
    smtp.after_data = lambda server: server.transport.close()
    message = send()

    dispatch.dispatch()
    assert fresh(message).state == MessageState.UNKNOWN
    smtp.after_data = None
    after(seconds=16)

    assert fresh(message).state == MessageState.SENT
    assert {mail["Message-ID"] for mail in smtp.mails} == {f"<{message.pk}@service.example.com>"}
    assert len(told("message.sent")) == 1


def test_one_connection_carries_a_batch_and_one_refusal_stops_nobody(send, smtp):
    messages = [send(to=outbox.Recipient(email=f"a{number}@example.com")) for number in range(5)]
    smtp.rcpt_replies = [None, "550 no", None]

    dispatch.dispatch()

    assert [fresh(m).state for m in messages] == ["sent", "failed", "sent", "sent", "sent"]
    assert smtp.sessions == 2  # a refused mail closes its connection; nothing else does


# SMS ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-07")
def test_a_text_message_reaches_the_gateway_once(send, sms):
    message = send(channel="sms")

    dispatch.dispatch()

    (entry,) = sms.ledger
    assert (entry.key, entry.to, entry.text) == (str(message.pk), "+8613812345678", message.body)
    assert (fresh(message).state, fresh(message).provider_id) == (MessageState.SENT, entry.number)


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.ERROR, Fault.ERROR_AFTER])
def test_whatever_breaks_the_customer_gets_one_text_message(send, sms, fault):
    sms.fail_next(fault)
    message = send(channel="sms")

    dispatch.dispatch()
    assert fresh(message).state == MessageState.UNKNOWN
    after(seconds=16)

    assert fresh(message).state == MessageState.SENT
    assert [entry.key for entry in sms.ledger] == [str(message.pk)]
    assert len(told("message.sent")) == 1
    sent_already = fault in (Fault.DROP_AFTER, Fault.ERROR_AFTER)
    assert sms.requests == ["POST", "GET"] if sent_already else ["POST", "GET", "POST"]


def test_a_slow_gateway_is_asked_before_it_is_told_again(send, sms, monkeypatch):
    monkeypatch.setattr(sms_gateway, "TIMEOUT_SECONDS", 1)
    sms.fail_next(Fault.DELAY)
    message = send(channel="sms")

    dispatch.dispatch()
    assert fresh(message).state == MessageState.UNKNOWN
    monkeypatch.setattr(sms_gateway, "TIMEOUT_SECONDS", 60)
    after(seconds=16)

    assert (fresh(message).state, len(sms.ledger), sms.requests) == (MessageState.SENT, 1, ["POST", "GET"])


def test_even_a_gateway_that_forgets_keys_sends_once_because_it_is_asked(send, sms):
    sms.fail_next(Fault.DUPLICATE)
    message = send(channel="sms")
    dispatch.dispatch()
    OutgoingMessage.objects.filter(pk=message.pk).update(  # as if the worker had died before it could record this
        state="sending", next_try_at=clock.now()
    )

    dispatch.dispatch()

    assert (fresh(message).state, len(sms.ledger)) == (MessageState.SENT, 1)


def test_a_gateway_that_never_answers_leaves_it_unknown_and_says_so(send, sms, monkeypatch):
    message = send(channel="sms")
    monkeypatch.setattr(SmsGatewayAdapter, "query", lambda *_: sms_gateway.Outcome(sms_gateway.Result.UNKNOWN))
    sms.fail_next(Fault.DROP_AFTER)

    for days in range(len(dispatch.RETRIES) + 1):
        after(days=days)

    stuck = fresh(message)
    assert (stuck.state, stuck.next_try_at) == (MessageState.UNKNOWN, None)
    assert [data["reason"] for data in told("message.failed")] == ["unconfirmed"]
    assert len(sms.ledger) == 1


def test_a_wrong_key_waits_for_the_operator(send, sms, settings):
    settings.SMS_GATEWAY_KEY = "wrong"
    message = send(channel="sms")

    dispatch.dispatch()
    assert (fresh(message).state, fresh(message).error) == (MessageState.QUEUED, "HTTP 401")
    settings.SMS_GATEWAY_KEY = "the key"
    after(seconds=16)

    assert fresh(message).state == MessageState.SENT


def test_a_gateway_that_is_away_is_proven_not_to_have_it(send, settings):
    settings.SMS_GATEWAY_URL = f"http://127.0.0.1:{free_port()}"
    message = send(channel="sms")

    dispatch.dispatch()

    assert (fresh(message).state, fresh(message).error) == (MessageState.QUEUED, "ConnectionError")


def test_a_text_that_the_gateway_refuses_fails(send, sms):
    message = send(channel="sms")
    OutgoingMessage.objects.filter(pk=message.pk).update(body="")

    dispatch.dispatch()

    assert (fresh(message).state, fresh(message).error) == (MessageState.FAILED, "HTTP 422")


# Workers that die -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_sending_and_recording_sends_no_second_text(sms, event, send, monkeypatch):
    message = send(channel="sms")

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "_record", die)
        with pytest.raises(Killed):
            dispatch.dispatch()
    assert (fresh(message).state, len(sms.ledger)) == (MessageState.SENDING, 1)
    assert dispatch.dispatch() == 0  # the lease still runs

    after(seconds=121)

    assert (fresh(message).state, len(sms.ledger), sms.requests) == (MessageState.SENT, 1, ["POST", "GET"])
    assert len(told("message.sent")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_sending_loses_nothing(smtp, event, send, monkeypatch):
    message = send()

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailAdapter, "send", die)
        with pytest.raises(Killed):
            dispatch.dispatch()
    after(seconds=121)

    assert (fresh(message).state, len(smtp.mails)) == (MessageState.SENT, 1)


@pytest.mark.django_db(transaction=True)
def test_a_mail_sent_by_a_worker_that_died_goes_out_again_under_one_id_and_is_told_once(smtp, event, send, monkeypatch):
    message = send()

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "_record", die)
        with pytest.raises(Killed):
            dispatch.dispatch()
    after(seconds=121)

    assert [mail["Message-ID"] for mail in smtp.mails] == [f"<{message.pk}@service.example.com>"] * 2
    assert len(told("message.sent")) == 1


def test_a_worker_that_lost_its_lease_records_nothing(send, sms, monkeypatch):
    message = send(channel="sms")
    send_it = SmsGatewayAdapter.send

    def slowly(self, held):
        outcome = send_it(self, held)
        monkeypatch.setattr(SmsGatewayAdapter, "send", send_it)
        after(seconds=121)  # meanwhile another worker took it over, asked, and recorded
        return outcome

    monkeypatch.setattr(SmsGatewayAdapter, "send", slowly)
    dispatch.dispatch()

    assert fresh(message).state == MessageState.SENT
    assert len(sms.ledger) == len(told("message.sent")) == 1


def test_an_adapter_with_a_bug_stops_nobody_and_counts_as_unknown(send, sms, monkeypatch):
    broken, fine = send(channel="sms"), send(channel="email")
    monkeypatch.setattr(SmsGatewayAdapter, "send", lambda *_: 1 / 0)

    dispatch.dispatch()

    assert (fresh(broken).state, fresh(broken).error) == (MessageState.UNKNOWN, "ZeroDivisionError")
    assert fresh(fine).state == MessageState.SENT


def test_out_of_time_what_was_not_started_is_left_as_found(send, sms):
    messages = [send(channel="sms", to=outbox.Recipient(phone=f"1381234567{n}")) for n in range(3)]

    assert dispatch.dispatch(seconds=-1) == 0

    assert [(fresh(m).state, fresh(m).attempts) for m in messages] == [(MessageState.QUEUED, 0)] * 3
    assert sms.ledger == []
    assert dispatch.dispatch() == 3


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_each_message_once(sms, event, send):
    for number in range(60):
        send(channel="sms", to=outbox.Recipient(phone=f"138123456{number:02d}"))

    def work(_):
        try:
            return dispatch.dispatch()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        handled = sum(pool.map(work, range(6)))

    assert handled == len(sms.ledger) == len({entry.key for entry in sms.ledger}) == 60
    assert sms.requests == ["POST"] * 60
    assert len(told("message.sent")) == 60


# By hand --------------------------------------------------------------------------------------------------------------


def test_staff_send_a_failed_message_again(send, smtp, rights):
    smtp.rcpt_replies = ["550 no such user"]
    message = send()
    dispatch.dispatch()

    with pytest.raises(desk.DomainError, match=r"."):
        desk.send_again(message.pk, actor=rights())
    desk.send_again(message.pk, actor=rights("notifications.change_outgoingmessage"))
    dispatch.dispatch()

    assert fresh(message).state == MessageState.SENT
    assert Event.objects.get(kind="message.queued_again").actor_kind == "staff"


@pytest.mark.parametrize("to", [outbox.Recipient(email="no address"), outbox.Recipient(email="zhang@example.com")])
def test_what_was_sent_or_never_had_an_address_is_not_sent_again(send, rights, to):
    message = send(to=to)
    dispatch.dispatch()

    with pytest.raises(desk.DomainError) as caught:
        desk.send_again(message.pk, actor=rights("notifications.change_outgoingmessage"))
    assert caught.value.code == "notifications.not_resendable"


def test_an_unconfirmed_message_sent_again_is_asked_about_first(send, sms, rights):
    message = send(channel="sms")
    dispatch.dispatch()
    OutgoingMessage.objects.filter(pk=message.pk).update(state="unknown")

    desk.send_again(message.pk, actor=rights("notifications.change_outgoingmessage"))
    dispatch.dispatch()

    assert (fresh(message).state, sms.requests, len(sms.ledger)) == (MessageState.SENT, ["POST", "GET"], 1)


@pytest.mark.req("HND-07")
def test_a_call_is_recorded_by_whoever_handles_the_ticket(send, rights):
    message = send(channel="phone")
    handler = rights("feedback.handle_ticket")

    with pytest.raises(desk.DomainError):
        desk.record_call(message.pk, actor=rights(), reached=True)
    assert desk.record_call(message.pk, actor=handler, reached=False).state == MessageState.TO_CALL
    assert desk.record_call(message.pk, actor=handler, reached=True).state == MessageState.SENT
    with pytest.raises(desk.DomainError) as caught:
        desk.record_call(message.pk, actor=handler, reached=True)

    assert caught.value.code == "notifications.not_a_call"
    assert fresh(message).attempts == 2
    assert (len(told("message.sent")), len(told("message.call_not_answered"))) == (1, 1)


def test_a_gateway_that_answers_without_end_is_not_read_to_the_end(settings, send):
    """What is too long is no answer: whether the message left is unknown."""
    sent = []

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            try:
                self.wfile.write(b'{"id": "1", "status": "accepted", "more": "')
                for _ in range(200):
                    self.wfile.write(b"x" * 1_000_000)
                    sent.append(1)
                self.wfile.write(b'"}')
            except OSError:
                pass

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_KEY = f"http://127.0.0.1:{server.server_port}", "k"
        adapter = SmsGatewayAdapter()
        outcome = adapter.send(send(channel="sms"))
        adapter.close()
        server.shutdown()

    assert outcome.result == sms_gateway.Result.UNKNOWN
    assert len(sent) < 100
