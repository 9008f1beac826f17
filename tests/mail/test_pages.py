"""The admin's pages: mailboxes with their health, incoming mail with its verdicts (INT-09)."""

import socket
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.urls import reverse

from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.mail import imap
from apps.feedback.mail.imap import Unreachable
from apps.feedback.models import IncomingMail, Mailbox, Message, Ticket
from apps.feedback.selectors import workspace
from apps.feedback.services import incoming_mail, mailboxes
from apps.journal.models import Event
from tests import factories
from tests.mail import corpus
from tests.mail.conftest import PASSWORD, mailbox_of, make_mailbox
from tests.mail.corpus import CUSTOMER, plain

pytestmark = pytest.mark.django_db
FIELDS = {
    "address": "repair@desk.example", "host": "imap.desk.example", "port": 993, "security": "tls", "user": "repair",
    "password": "another secret", "folder": "INBOX", "channel": "email", "kind": "fault", "active": "on",
}  # fmt: skip


@pytest.fixture
def administrator(client):
    user = factories.staff("administrator", language="en")
    client.force_login(user)
    return client


@pytest.fixture
def lead(client):
    client.force_login(factories.staff("service_lead", language="en"))
    return client


@pytest.mark.req("INT-09")
def test_a_mailbox_is_added_changed_and_never_shows_its_password(administrator):
    administrator.post(reverse("admin:feedback_mailbox_add"), FIELDS)
    mailbox = Mailbox.objects.get()
    assert (mailbox.address, mailbox.password) == ("repair@desk.example", "another secret")
    Mailbox.objects.update(uid_validity=7, last_uid=99)
    page = reverse("admin:feedback_mailbox_change", args=[mailbox.pk])

    shown = administrator.get(page).content.decode()
    administrator.post(page, {**FIELDS, "password": "", "kind": "inquiry"})

    changed = Mailbox.objects.get()
    assert "another secret" not in shown and "not read yet" in shown
    assert (changed.password, changed.kind, changed.last_uid) == ("another secret", "inquiry", 99)
    administrator.post(page, {**FIELDS, "password": "", "folder": "Other"})
    assert (Mailbox.objects.get().uid_validity, Mailbox.objects.get().last_uid) == (None, 0)
    events = list(Event.objects.filter(kind="feedback.mailbox_changed").order_by("id"))
    assert [sorted(e.data["changes"]) for e in events[1:]] == [["kind"], ["folder", "kind"]]
    assert "another secret" not in str([e.data for e in events])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"security": "none"}, "security"), ({"host": "https://imap.desk.example/"}, "host"), ({"password": ""}, "password"),
        ({"address": "no address"}, "address"), ({"port": 99_999}, "port"),
    ],
)  # fmt: skip
def test_a_wrong_mailbox_is_refused_beside_its_field(administrator, change, field):
    answer = administrator.post(reverse("admin:feedback_mailbox_add"), {**FIELDS, **change})

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert Mailbox.objects.count() == 0


def test_only_who_may_keeps_mailboxes(lead):
    mailbox = make_mailbox()
    actor = factories.staff_actor("service_lead")

    assert lead.get(reverse("admin:feedback_mailbox_changelist")).status_code == 403
    for act in (mailboxes.save, mailboxes.remove, mailboxes.fetch_now):
        with pytest.raises(DomainError) as refused:
            act(mailbox, actor=actor)
        assert refused.value.code == "core.not_allowed"


@pytest.mark.req("ADM-04")
def test_who_may_only_look_at_a_mailbox_never_sees_its_password(client):
    mailbox = make_mailbox()
    client.force_login(factories.staff("auditor"))

    page = client.get(reverse("admin:feedback_mailbox_change", args=[mailbox.pk]))

    assert page.status_code == 200
    assert mailbox.host in page.content.decode() and PASSWORD not in page.content.decode()


def test_a_mailbox_that_mail_came_by_stays(arrive, mailbox):
    arrive(plain())
    unused = make_mailbox(address="unused@desk.example")

    mailboxes.remove(unused, actor=SYSTEM)
    with pytest.raises(DomainError) as refused:
        mailboxes.remove(mailbox, actor=SYSTEM)

    assert refused.value.code == "mailbox.has_mail"
    assert list(Mailbox.objects.all()) == [mailbox]


def test_what_the_reader_writes_is_not_undone_by_an_editor(mailbox):
    stale = Mailbox.objects.get()
    Mailbox.objects.update(last_uid=50, last_success_at=clock.now())

    stale.kind = "fault"
    mailboxes.save(stale, actor=SYSTEM)

    saved = Mailbox.objects.get()
    assert (saved.kind, saved.last_uid, saved.last_success_at is None) == ("fault", 50, False)


@pytest.mark.req("INT-09")
def test_fetch_now_says_what_it_found(administrator, server):
    mailbox = mailbox_of(server)
    server.deliver(plain("一"), plain("二"))
    address = reverse("admin:feedback_mailbox_fetch_now", args=[mailbox.pk])

    good = administrator.post(address, follow=True).content.decode()
    Mailbox.objects.update(user="nobody")
    bad = administrator.post(address, follow=True).content.decode()
    listed = administrator.get(reverse("admin:feedback_mailbox_changelist")).content.decode()

    assert "The mailbox can be opened; 2 mails are being fetched." in good
    assert "user name or password refused" in bad and "user name or password refused" in listed
    assert PASSWORD not in good + bad + listed
    assert Mailbox.objects.get().trouble == "login"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "not read yet"),
        ({"active": False}, "out of use"),
        ({"last_success_at": timedelta(seconds=20)}, "well"),
        ({"last_success_at": timedelta(hours=2)}, "2 hours ago"),
        ({"last_success_at": timedelta(hours=2), "trouble": "connection"}, "the mail server does not answer"),
    ],
)
def test_a_mailbox_says_how_it_is(administrator, fields, words):
    given = {k: clock.now() - v if isinstance(v, timedelta) else v for k, v in fields.items()}
    make_mailbox(**given)

    assert words in administrator.get(reverse("admin:feedback_mailbox_changelist")).content.decode().replace(
        "\xa0", " "
    )


# Incoming mail -------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-09")
def test_every_mail_is_listed_with_what_became_of_it(lead, arrive):
    arrive(plain("坏了"))
    arrive(plain("休假中", auto_submitted="auto-replied", message_id="<a@b.cn>"))
    arrive(plain("没有发件人", **{"from": ""}))

    everything = lead.get(reverse("admin:feedback_incomingmail_changelist")).content.decode()
    attention = lead.get(reverse("admin:feedback_incomingmail_changelist") + "?attention=1").content.decode()
    by_address = lead.get(reverse("admin:feedback_incomingmail_changelist") + f"?q={CUSTOMER}").content.decode()

    for words in (
        "Opened a ticket",
        "Automatic mail",
        "Could not be taken in",
        "has no readable sender",
        "z***@example.cn",
    ):
        assert words in everything, words
    assert CUSTOMER not in everything
    assert "has no readable sender" in attention and "z***@example.cn" not in attention
    assert by_address.count("z***@example.cn") == 2


@pytest.mark.req("INT-09", "INT-01")
def test_staff_make_a_ticket_of_a_mail_that_opened_none(lead, arrive):
    row = arrive(
        corpus.mixed(
            corpus.text_part("我的净水器漏水"), corpus.file_part(corpus.photo(), **corpus.PHOTO), precedence="bulk"
        )
    )
    page = reverse("admin:feedback_incomingmail_change", args=[row.pk])

    shown = lead.get(page).content.decode()
    answer = lead.post(reverse("admin:feedback_incomingmail_ticket", args=[row.pk]))
    again = lead.post(reverse("admin:feedback_incomingmail_ticket", args=[row.pk]), follow=True)

    ticket = Ticket.objects.get()
    assert "我的净水器漏水" in shown and "photo.jpg" in shown and CUSTOMER not in shown
    assert answer.url == reverse("admin:desk_ticket", args=[ticket.number])
    assert (ticket.customer.email, ticket.attachments.count()) == (CUSTOMER, 1)
    row = IncomingMail.objects.get()
    assert (row.verdict, row.reason, row.ticket) == ("new_ticket", "bulk", ticket)
    assert "This mail has its ticket already." in again.content.decode()
    assert Ticket.objects.count() == 1


def test_a_mail_whose_text_is_gone_says_so(lead, arrive, mailbox):
    row = arrive(plain(precedence="bulk"))
    row.raw.delete(save=True)

    page = lead.get(reverse("admin:feedback_incomingmail_change", args=[row.pk])).content.decode()
    answer = lead.post(reverse("admin:feedback_incomingmail_ticket", args=[row.pk]), follow=True).content.decode()

    assert "not kept here any more" in page and "The mail itself is gone" in answer
    assert Ticket.objects.count() == 0


def test_a_mail_without_a_sender_is_registered_by_hand(lead, arrive):
    row = arrive(plain(**{"from": ""}))

    answer = lead.post(reverse("admin:feedback_incomingmail_ticket", args=[row.pk]), follow=True).content.decode()

    assert "Please register it by hand." in answer


@pytest.mark.req("INT-06", "ADM-04")
def test_taking_the_mail_itself_is_recorded(client, arrive):
    row = arrive(plain("坏了"))
    client.force_login(factories.staff("auditor"))
    refused = client.get(reverse("admin:feedback_incomingmail_raw", args=[row.pk]))
    client.force_login(factories.staff("service_lead"))

    answer = client.get(reverse("admin:feedback_incomingmail_raw", args=[row.pk]))

    assert refused.status_code == 403
    assert answer.content == plain("坏了")
    assert answer["Content-Type"] == "application/octet-stream" and "attachment" in answer["Content-Disposition"]
    event = Event.objects.get(kind="personal_data.revealed")
    assert (event.subject_id, event.data["mail"]) == (row.ticket.pk, str(row.pk))


@pytest.mark.req("ADM-02")
def test_mail_of_unseen_tickets_is_not_there(client, arrive):
    row = arrive(plain("坏了"))
    handler = factories.staff("department_handler", "logistics")
    client.force_login(handler)
    assert client.get(reverse("admin:feedback_incomingmail_changelist")).status_code == 403

    handler.user_permissions.add(Permission.objects.get(codename="view_incomingmail"))

    assert client.get(reverse("admin:feedback_incomingmail_change", args=[row.pk])).status_code == 404
    with pytest.raises(DomainError):
        incoming_mail.make_ticket(row.pk, actor=factories.staff_actor("department_handler", "logistics"))


def test_hostile_words_in_a_mail_stay_words(lead, arrive):
    row = arrive(plain("<script>alert(1)</script>", subject="<img src=x onerror=alert(1)>", precedence="bulk"))

    page = lead.get(reverse("admin:feedback_incomingmail_change", args=[row.pk])).content.decode()

    assert "<script>alert" not in page and "<img src=x" not in page


@pytest.mark.req("INT-09")
def test_what_a_mail_quotes_is_folded_below_its_message(lead, arrive):
    ticket = factories.ticket_in("in_progress", email=CUSTOMER, phone="")
    arrive(plain("还是漏水\n\n> 请检查接头", subject=ticket.number))

    page = lead.get(reverse("admin:desk_ticket", args=[ticket.number])).content.decode()

    assert workspace.story(ticket)[-1].quoted == "> 请检查接头"
    assert "还是漏水" in page
    assert "<summary>Quoted text</summary>" in page and "&gt; 请检查接头" in page


# At once -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-09")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["new", "reply"])
def test_one_mail_by_two_ways_at_the_same_moment_does_one_thing(kind):
    ticket = factories.ticket_in("in_progress", email=CUSTOMER, phone="") if kind == "reply" else None
    boxes = [make_mailbox(address=f"{i}@desk.example") for i in range(4)]
    mail = plain("坏了", message_id="<x@y.cn>", subject=ticket.number if ticket else "吸尘器")
    start, failures = Barrier(len(boxes)), []

    def arrives(box: Mailbox) -> None:
        try:
            start.wait()
            incoming_mail.take_in(box, mail, uid_validity=1, uid=1, received_at=clock.now(), size=len(mail))
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=arrives, args=[box]) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert sorted(IncomingMail.objects.values_list("verdict", flat=True)) == ["duplicate"] * 3 + [
        "reply" if ticket else "new_ticket"
    ]
    assert Ticket.objects.count() == 1
    assert Message.objects.filter(kind="customer").count() == (1 if ticket else 0)


def test_the_same_place_twice_is_one_row(arrive):
    first = arrive(plain(), uid=5)

    assert arrive(plain("anything else"), uid=5) == first
    assert IncomingMail.objects.count() == 1


def test_checks_of_a_mailbox_name_every_field():
    with pytest.raises(DomainErrors) as refused:
        mailboxes.check(Mailbox(address="a@b.cn", host="a b", security="none", password=""))

    assert {error.field for error in refused.value.errors} == {"host", "security", "password"}


def test_a_password_does_not_follow_a_mailbox_to_another_server(administrator):
    """Whoever may edit, but does not know the password, would have it sent to a server of their own."""
    administrator.post(reverse("admin:feedback_mailbox_add"), FIELDS)
    page = reverse("admin:feedback_mailbox_change", args=[Mailbox.objects.get().pk])
    elsewhere = {**FIELDS, "host": "imap.evil.example"}

    refused = administrator.post(page, {**elsewhere, "password": ""})

    assert list(refused.context["adminform"].form.errors) == ["password"]
    assert Mailbox.objects.get().host == "imap.desk.example"
    assert administrator.post(page, {**elsewhere, "password": "another secret"}).status_code == 302
    assert Mailbox.objects.get().host == "imap.evil.example"


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.6 inner-host-7\r\n", b"220 inner-host-7 ESMTP\r\n", b"* inner-host-7\r\n"]
)
def test_what_is_no_mail_server_is_not_quoted(greeting):
    """A host's name typed in is no way to read what other servers inside say."""
    with listening(greeting) as port, pytest.raises(Unreachable) as caught, imap.opened(make_mailbox(port=port)):
        pass

    assert "inner-host-7" not in caught.value.detail
    assert caught.value.detail


def test_a_mail_server_s_own_refusal_is_quoted():
    refusal = b"* BYE too many connections\r\n"
    with listening(refusal) as port, pytest.raises(Unreachable) as caught, imap.opened(make_mailbox(port=port)):
        pass

    assert "too many connections" in caught.value.detail


@contextmanager
def listening(greeting):
    """A server on loopback that greets once and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            line, _who = server.accept()
            line.sendall(greeting)
            line.close()

        thread = Thread(target=greet)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_a_mail_server_that_sends_more_than_was_asked_for_is_not_read_on():
    """4 GB were announced: the reader has no room for them, and asked for far less."""
    mail = b"* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\n" + b"x" * 1_000
    asked = pytest.raises(Unreachable, match="more than was asked for")
    with playing(mail) as port, asked, imap.opened(make_mailbox(port=port)) as folder:
        folder.raw(1, 1_000)


@contextmanager
def playing(mail):
    """A mail server on loopback that lets anybody in and answers a FETCH with these bytes."""
    said = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] \r\n"}

    def play():
        line, _who = server.accept()
        with line, line.makefile("rb") as heard, suppress(OSError):
            line.sendall(b"* OK ready\r\n")
            for command in heard:
                tag, verb, *_rest = command.split()
                if verb == b"UID":
                    line.sendall(mail)
                    heard.readline()  # until the other side hangs up
                    return
                line.sendall(said.get(verb, b"") + tag + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=play)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
