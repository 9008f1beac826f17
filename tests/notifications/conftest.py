"""What the tests of this room share: an event to write about, and the two servers outside, on loopback."""

import uuid
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth.models import Permission
from django.db import transaction

from apps.core.actors import staff, system
from apps.journal import events
from apps.notifications.adapters.simulated import SmsGateway
from apps.notifications.services import outbox
from tests.factories import UserFactory

RESULT = {
    "number": "202405-001",
    "solution": "免费更换电池",
    "handler": "李*（工号 1024）",
    "contact": "400-820-0000",
    "link": "http://testserver/t/202405-001/abc",
}


@pytest.fixture
def event(request):
    """An event about a ticket that this room knows by type and id only."""
    request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
    with transaction.atomic():
        return events.record(
            "ticket.resolved", subject=events.Ref("feedback.ticket", uuid.uuid4()), actor=system("test")
        )


@pytest.fixture
def send(event):
    """Write a result notice about `event`; keywords as in `outbox.send`, `context` on top of RESULT."""

    def write(*, to=None, channel="email", template="result_notice", context=None, **more):
        to = to or outbox.Recipient(email="zhang@example.com", phone="138 1234 5678", name="张三")
        return outbox.send(
            template,
            to=to,
            context={**RESULT, **(context or {})},
            channel=channel,
            event=more.pop("event", event),
            **more,
        )

    return write


@pytest.fixture
def sms(settings):
    """The simulated gateway, configured as ours."""
    with SmsGateway(key="the key", delay=30) as gateway:
        settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_KEY = gateway.url, "the key"
        yield gateway


class Mailbox:
    """A real SMTP server: keeps what it accepts; `replies` are given to the next commands instead of 250."""

    def __init__(self):
        self.mails, self.recipients = [], []
        self.rcpt_replies, self.data_replies, self.after_data = [], [], None
        self.sessions = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if reply := self.rcpt_replies.pop(0) if self.rcpt_replies else None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.data_replies:
            return self.data_replies.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        if self.after_data:
            self.after_data(server)
        return "250 OK"


class AnyPort(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def smtp(settings):
    """A mail server on loopback, configured as ours."""
    mailbox = Mailbox()
    controller = AnyPort(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = False
    settings.PUBLIC_URL = "https://service.example.com"
    yield mailbox
    controller.stop()


@pytest.fixture
def rights(db):
    """A colleague with just these permissions, as an actor."""

    def make(*names):
        user = UserFactory()
        for name in names:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return staff(user)

    return make
