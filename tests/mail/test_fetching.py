"""Mailboxes read from a real IMAP server: once, safely, and with their troubles told (INT-09)."""

import logging
import time
from datetime import timedelta

import pytest
from imap_tools.imap_utf7 import utf7_encode

from apps.core import clock
from apps.core.models import Heartbeat
from apps.feedback import tasks
from apps.feedback.mail.imap import Folder, Unreachable
from apps.feedback.models import IncomingMail, Mailbox, Ticket
from apps.feedback.models.mail import Trouble
from apps.feedback.selectors import mail as reads
from apps.feedback.services import incoming_mail, mailboxes
from tests.factories import staff_actor
from tests.mail import corpus
from tests.mail.conftest import PASSWORD, Server, mailbox_of, make_mailbox
from tests.mail.corpus import plain

pytestmark = pytest.mark.django_db


BEYOND_THE_SERVER = {"nothing", "three thousand levels", "fifty megabytes"}  # pymap itself does not take them


def numbered(i: int, case: corpus.Case) -> bytes:
    """Every mail under its own Message-ID, or equal words would be one mail that came twice."""
    if case.name in ("only text", "an mbox line before it") or b"Message-Id:" in case.raw[:2_000]:
        return case.raw
    return b"Message-Id: <%d@corpus.example>\r\n" % i + case.raw


def fresh(mailbox: Mailbox) -> Mailbox:
    return Mailbox.objects.get(pk=mailbox.pk)


def fetch(mailbox: Mailbox) -> int:
    """One run, as the background does it, whenever the mailbox would be due."""
    Mailbox.objects.filter(pk=mailbox.pk).update(next_fetch_at=clock.now(), reading_until=None)
    return mailboxes.fetch_due()


@pytest.mark.req("INT-09", "INT-01")
def test_new_mail_is_taken_in_marked_and_not_taken_again(server):
    mailbox = mailbox_of(server)
    server.deliver(plain("第一封"), plain("第二封"))

    assert fetch(mailbox) == 2
    assert fetch(mailbox) == 0

    assert list(Ticket.objects.order_by("id").values_list("description", flat=True)) == [
        "吸尘器故障\n\n第一封", "吸尘器故障\n\n第二封",
    ]  # fmt: skip
    assert server.unread() == 0
    server.deliver(plain("第三封"))
    assert fetch(mailbox) == 1
    assert Ticket.objects.count() == 3
    health = reads.health(fresh(mailbox), clock.now())
    assert health.state == "well"


@pytest.mark.req("INT-09")
@pytest.mark.long
def test_the_whole_corpus_comes_through_a_real_server(server, settings):
    settings.MAIL_MAX_PER_SENDER_PER_HOUR = 1_000
    mailbox = mailbox_of(server)
    cases = [case for case in corpus.all_cases() if case.name not in BEYOND_THE_SERVER]
    server.deliver(*(numbered(i, case) for i, case in enumerate(cases)))

    for _ in range(10):
        fetch(mailbox)

    rows = list(IncomingMail.objects.order_by("uid"))
    assert len(rows) == len(cases) >= 60
    wrong = [
        f"{case.name}: {row.verdict}/{row.reason} {row.detail}"
        for case, row in zip(cases, rows, strict=True)
        if (row.verdict, row.reason) != (case.verdict, case.reason)
    ]
    assert not wrong, "\n".join(wrong)
    assert server.unread() == 0


@pytest.mark.req("INT-09")
def test_what_is_committed_and_not_yet_marked_is_not_taken_twice(server, monkeypatch):
    mailbox = mailbox_of(server)
    server.deliver(plain("第一封"), plain("第二封"))

    def breaks_off(self, uid):
        raise Unreachable(Trouble.PROTOCOL, "gone")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "mark_seen", breaks_off)
        fetch(mailbox)
    assert (IncomingMail.objects.count(), server.unread(), fresh(mailbox).trouble) == (1, 2, "protocol")

    fetch(mailbox)

    assert (IncomingMail.objects.count(), Ticket.objects.count(), server.unread()) == (2, 2, 0)
    assert fresh(mailbox).trouble == ""


@pytest.mark.req("INT-09")
def test_a_reader_that_is_killed_leaves_nothing_half_done(server, monkeypatch):
    mailbox = mailbox_of(server)
    server.deliver(plain("第一封"))

    class Killed(BaseException):
        pass

    def killed(self, uid):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Folder, "mark_seen", killed)
        fetch(mailbox)
    assert mailboxes.fetch_due() == 0  # its lease still runs
    Mailbox.objects.update(reading_until=clock.now() - timedelta(seconds=1))
    mailboxes.fetch_due()

    assert (Ticket.objects.count(), server.unread()) == (1, 0)


@pytest.mark.req("INT-09")
def test_a_mail_that_somebody_opened_elsewhere_is_still_taken_in(server):
    mailbox = mailbox_of(server)
    fetch(mailbox)

    server.deliver(plain(), flags=r"(\Seen)")
    fetch(mailbox)

    assert Ticket.objects.count() == 1


@pytest.mark.req("INT-09")
def test_the_history_of_a_new_mailbox_is_left_alone_and_its_unread_mail_is_not(server):
    server.deliver(plain("老邮件"), flags=r"(\Seen)")
    server.deliver(plain("还没读"))
    mailbox = mailbox_of(server)

    fetch(mailbox)
    fetch(mailbox)

    assert [row.ticket.description for row in IncomingMail.objects.all()] == ["吸尘器故障\n\n还没读"]


def test_reading_deletes_nothing_of_what_others_marked(server):
    server.deliver(plain("第一封"), flags=r"(\Seen \Deleted)")
    server.deliver(plain("第二封"))

    fetch(mailbox_of(server))

    assert len(server.flags()) == 2


@pytest.mark.req("INT-09")
def test_a_mail_that_breaks_its_reader_is_set_aside_and_the_others_go_on(server, monkeypatch):
    mailbox = mailbox_of(server)
    server.deliver(plain("坏邮件"), plain("好邮件"))
    real = incoming_mail.parse

    def out_of_memory(raw, limits):
        if "坏邮件".encode() in raw:
            raise MemoryError
        return real(raw, limits)

    monkeypatch.setattr(incoming_mail, "parse", out_of_memory)
    for _ in range(mailboxes.MOST_TRIES):
        fetch(mailbox)
    assert (IncomingMail.objects.count(), fresh(mailbox).trouble) == (0, "ours")
    fetch(mailbox)

    aside, taken = IncomingMail.objects.order_by("uid")
    assert (aside.verdict, aside.reason, taken.verdict) == ("broken", "stuck", "new_ticket")
    assert fresh(mailbox).trouble == ""
    assert list(reads.with_unattended(Mailbox.objects.all()).values_list("unattended_count", flat=True)) == [1]


@pytest.mark.req("INT-09")
def test_a_mail_set_aside_is_read_again_from_the_mailbox_when_staff_want_its_ticket(server, monkeypatch):
    mailbox = mailbox_of(server)
    server.deliver(plain("请处理"))
    with monkeypatch.context() as patch:
        patch.setattr(incoming_mail, "parse", lambda raw, limits: (_ for _ in ()).throw(MemoryError))
        for _ in range(mailboxes.MOST_TRIES + 1):
            fetch(mailbox)
    aside = IncomingMail.objects.get()
    assert (aside.reason, aside.raw.name) == ("stuck", "")

    ticket = incoming_mail.make_ticket(aside.pk, actor=staff_actor("service_lead"))

    assert ticket.description == "吸尘器故障\n\n请处理"


def test_a_mail_beyond_the_limit_is_read_to_the_limit(server, settings):
    settings.MAIL_MAX_BYTES = 2_000
    server.deliver(
        corpus.mixed(
            corpus.text_part(), corpus.file_part(bytes(50_000), content_disposition="attachment; filename=a.mp4")
        )
    )

    fetch(mailbox_of(server))

    row = IncomingMail.objects.get()
    assert (row.reason, row.raw.size) == ("cut", 2_000)
    assert row.size > 50_000


@pytest.mark.req("INT-09")
@pytest.mark.parametrize(
    ("fields", "trouble"),
    [
        ({"password": "the wrong password"}, "login"),
        ({"user": "用户", "password": "密码密码"}, "login"),
        ({"folder": "没有的文件夹"}, "folder"),
        ({"port": 1}, "connection"),
        ({"host": "no-such-host.invalid"}, "connection"),
        ({"security": "tls"}, "certificate"),
        ({"security": "starttls"}, "connection"),
    ],
)
def test_what_is_wrong_with_a_mailbox_stands_on_it_and_no_secret_in_the_log(server, caplog, fields, trouble):
    mailbox = mailbox_of(server)
    Mailbox.objects.filter(pk=mailbox.pk).update(**{k: v for k, v in fields.items() if k != "password"})
    if "password" in fields:
        mailbox = fresh(mailbox)
        mailbox.password = fields["password"]
        mailbox.save()

    with caplog.at_level(logging.DEBUG):
        fetch(mailbox)

    found = fresh(mailbox)
    assert (found.trouble, found.failures) == (trouble, 1)
    assert reads.health(found, clock.now()).state == "ill"
    for secret in (PASSWORD, fields.get("password", PASSWORD)):
        assert secret not in caplog.text + found.trouble_detail
    assert found.next_fetch_at > clock.now() + timedelta(seconds=240 if trouble == "login" else 20)
    assert mailboxes.fetch_due() == 0


@pytest.mark.req("ADM-04")
def test_only_a_certificate_that_is_trusted_will_do(encrypted_port, monkeypatch, db):
    port, certificate = encrypted_port
    mailbox = make_mailbox(port=port, security="starttls", folder="INBOX")

    fetch(mailbox)
    distrusted = fresh(mailbox)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    fetch(mailbox)

    assert distrusted.trouble == "certificate"
    assert (fresh(mailbox).trouble, fresh(mailbox).failures) == ("", 0)


def test_a_mailbox_that_is_well_again_forgets_its_trouble(server):
    mailbox = mailbox_of(server)
    Mailbox.objects.update(trouble="connection", trouble_detail="refused", failures=7)

    fetch(mailbox)

    found = fresh(mailbox)
    assert (found.trouble, found.trouble_detail, found.failures) == ("", "", 0)


def test_one_mailbox_out_of_order_does_not_hold_up_another(imap_port):
    first, second = Server(imap_port, "Bad"), Server(imap_port, "Good")
    mailbox_of(first, address="bad@desk.example", user="nobody")
    mailbox_of(second, address="good@desk.example")
    second.deliver(plain())

    assert mailboxes.fetch_due() == 1
    assert Ticket.objects.count() == 1


def test_a_mailbox_out_of_use_is_not_read(server):
    mailbox = mailbox_of(server, active=False)
    server.deliver(plain())

    assert fetch(mailbox) == 0
    assert reads.health(mailbox, clock.now()).state == "off"


def test_a_run_ends_in_time_and_the_next_goes_on(server):
    mailbox = mailbox_of(server)
    server.deliver(*[plain(f"第{i}封") for i in range(3)])
    claimed = mailboxes._claim()

    mailboxes.fetch(claimed, until=time.monotonic() - 1)
    assert IncomingMail.objects.count() == 0
    fetch(mailbox)

    assert IncomingMail.objects.count() == 3


def test_the_same_place_on_another_folder_is_another_mail(server, imap_port):
    mailbox = mailbox_of(server)
    server.deliver(plain("第一封"))
    fetch(mailbox)
    other = Server(imap_port, f"{server.folder}-2")
    other.deliver(plain("第二封"))

    mailbox = fresh(mailbox)
    mailbox.folder = other.folder
    mailboxes.save(mailbox, actor=staff_actor("administrator"))
    fetch(mailbox)

    assert Ticket.objects.count() == 2


def test_the_task_leaves_its_heartbeat(server):
    mailbox_of(server)
    server.deliver(plain())

    tasks.fetch_mail()

    assert Heartbeat.objects.get(name="feedback.fetch_mail").at <= clock.now()
    assert Ticket.objects.count() == 1


def test_a_folder_with_a_chinese_name_is_read(imap_port):
    server = Server(imap_port, utf7_encode("客户反馈").decode())
    mailbox = mailbox_of(server)
    Mailbox.objects.update(folder="客户反馈")
    server.deliver(plain())

    assert fetch(mailbox) == 1


@pytest.mark.req("ADM-04")
def test_mails_are_kept_for_their_days(server, settings):
    settings.MAIL_RAW_DAYS = 30
    server.deliver(plain("旧"), plain("新"))
    fetch(mailbox_of(server))
    old, new = IncomingMail.objects.order_by("uid")
    IncomingMail.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=31))

    tasks.discard_mail()

    kept = {row.pk: bool(row.raw) for row in IncomingMail.objects.all()}
    assert kept == {old.pk: False, new.pk: True}
    assert not old.raw.storage.exists(old.raw.name)
    assert new.raw.storage.exists(new.raw.name)
