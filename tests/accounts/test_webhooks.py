"""Other systems hear of events: signed, tried again, given up at last (LNK-04)."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from apps.accounts.models import Webhook, WebhookCall
from apps.accounts.roles import Role
from apps.accounts.services import webhooks
from apps.core import actors, clock, outgoing
from apps.core.errors import DomainError
from apps.journal import deliveries
from apps.journal.models import Event
from feedback_system.settings import ground
from tests import money
from tests.factories import staff, ticket

pytestmark = [pytest.mark.django_db, pytest.mark.req("LNK-04")]


@pytest.fixture
def other_side():
    """A server that keeps what it hears; `.status` is what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.heard.append((dict(self.headers), body))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.heard, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def boss():
    return actors.staff(staff(Role.ADMINISTRATOR, "management", is_superuser=True))


def subscribe(url, boss, *kinds):
    return webhooks.create("ERP", url, kinds or ["refund.requested"], actor=boss)


def test_a_subscribed_event_arrives_once_signed_and_without_personal_data(other_side, boss):
    hook, secret = subscribe(other_side.url, boss)
    refund = money.refund(money.payment(payer_name="张伟"))
    money.void_request()

    deliveries.drain()
    deliveries.drain()
    webhooks.work_off()
    webhooks.work_off()

    ((headers, body),) = other_side.heard
    at, given = headers["X-Feedback-Signature"].removeprefix("t=").split(",v1=")
    assert hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() == given
    told = json.loads(body)
    assert (told["kind"], told["subject"]["id"]) == ("refund.requested", str(refund.pk))
    assert "张伟" not in body.decode()
    call = WebhookCall.objects.get()
    assert headers["X-Feedback-Delivery"] == str(call.pk)
    assert (call.status, call.due_at) == (204, None)
    assert secret not in str(Webhook.objects.values().get()["secret"]) or hook.secret == secret


def test_a_failure_is_tried_again_under_the_same_id_and_given_up_after_two_days(other_side, boss):
    subscribe(other_side.url, boss)
    money.refund()
    deliveries.drain()
    other_side.status = 500

    webhooks.work_off()
    call = WebhookCall.objects.get()
    assert (call.attempts, call.status) == (1, 500)
    assert timedelta(seconds=5) < call.due_at - clock.now() <= timedelta(seconds=10)
    assert webhooks.work_off() == 0
    with time_machine.travel(clock.now() + timedelta(hours=49)):
        webhooks.work_off()
    assert WebhookCall.objects.get().given_up_at is not None
    assert len({headers["X-Feedback-Delivery"] for headers, _body in other_side.heard}) == 1
    assert Event.objects.filter(kind="webhook.given_up").count() == 1
    other_side.status = 200
    webhooks.again(call, actor=boss)
    webhooks.work_off()
    assert WebhookCall.objects.get().taken_at is not None


def test_nobody_there_and_switched_off(boss):
    hook, _secret = subscribe("http://127.0.0.1:9/", boss)
    money.refund()
    deliveries.drain()
    webhooks.work_off()
    assert WebhookCall.objects.get().error == "ConnectionError"
    hook.active = False
    webhooks.change(hook, actor=boss)
    money.refund()
    deliveries.drain()
    assert WebhookCall.objects.count() == 1
    assert Webhook.objects.get().secret == _secret


@pytest.mark.parametrize(
    ("url", "kinds", "code"),
    [
        ("ftp://x", ["refund.sent"], "webhook.address"),
        ("https://x", [], "webhook.kinds"),
        ("https://x", ["nope"], "webhook.kinds"),
    ],
)
def test_what_is_wrong_is_told(boss, url, kinds, code):
    with pytest.raises(DomainError) as error:
        webhooks.create("ERP", url, kinds, actor=boss)
    assert error.value.code == code
    with pytest.raises(DomainError):
        webhooks.create("ERP", "https://x", ["refund.sent"], actor=actors.staff(staff()))


def test_the_pages(client, boss, other_side):
    client.force_login(boss.user)
    add = reverse("admin:accounts_webhook_add")
    assert client.get(add).status_code == 200
    made = client.post(add, {"name": "ERP", "url": other_side.url, "kinds": ["refund.sent"], "active": "on"})
    assert "whs_" in made.content.decode()
    hook = Webhook.objects.get()
    assert "whs_" not in client.get(reverse("admin:accounts_webhook_change", args=[hook.pk])).content.decode()
    test = reverse("admin:accounts_webhook_test_call", args=[hook.pk])
    assert client.get(test).status_code == 200
    client.post(test)
    webhooks.work_off()
    assert other_side.heard[0][0]["X-Feedback-Event"] == "webhook.test"
    for name in ("webhook", "webhookcall"):
        assert client.get(reverse(f"admin:accounts_{name}_changelist")).status_code == 200
    client.force_login(staff())
    assert client.get(add).status_code == 403


def test_a_ticket_is_told_with_its_number_and_without_its_words(other_side, boss):
    subscribe(other_side.url, boss, "ticket.received")
    one = ticket("我是张伟，电话13800138000，杯子坏了")

    deliveries.drain()
    webhooks.work_off()

    ((_headers, body),) = other_side.heard
    told = json.loads(body)
    assert told["subject"] == {"type": "feedback.ticket", "id": str(one.pk), "number": one.number}
    assert "张伟" not in body.decode() and "13800138000" not in body.decode()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:192.168.0.1",
        "fe80::1%eth0",
        "0.0.0.0",
        "224.0.0.1",
        "100.64.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
    ],
)
def test_inner_addresses_are_not_called_unless_the_site_opened_them(address, settings):
    settings.WEBHOOK_INNER_NETWORKS = []
    assert not outgoing.may_call(address)
    assert outgoing.may_call("8.8.8.8") and outgoing.may_call("2001:4860:4860::8888")
    settings.WEBHOOK_INNER_NETWORKS = [ip_network("10.1.0.0/16")]
    assert outgoing.may_call(address) == (address == "10.1.2.3")


def test_a_network_that_is_none_is_named_at_the_start(monkeypatch):
    monkeypatch.setenv("WEBHOOK_INNER_NETWORKS", "10.20.0.0/16,10.1.2/99")
    with pytest.raises(ImproperlyConfigured, match=r"WEBHOOK_INNER_NETWORKS.*10\.1\.2/99"):
        ground.networks("WEBHOOK_INNER_NETWORKS", [])


def test_a_name_that_leads_inside_hears_nothing(other_side, boss, settings):
    settings.WEBHOOK_INNER_NETWORKS = []
    subscribe(other_side.url.replace("127.0.0.1", "localhost"), boss)
    money.refund()
    deliveries.drain()

    webhooks.work_off()

    call = WebhookCall.objects.get()
    assert (call.status, call.error, call.taken_at) == (None, "NotAllowed", None)
    assert other_side.heard == []
