"""Only the platform itself gets in; keys get nowhere; what is kept is kept once, whatever happens meanwhile."""

import hashlib
import hmac
import json
import threading
import time
import uuid

import pytest
import time_machine
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from apps.channels.adapters.signatures import sorted_sha1
from apps.channels.adapters.simulated import Fault, Knock
from apps.channels.models import Conversation, Door, Inbound
from apps.channels.services import doors, inbound
from apps.core import actors, clock
from apps.feedback.models import Ticket
from apps.journal.models import Event
from tests import factories
from tests.channels.doors import EVERY_KEY, KEYS, PEOPLE, account, door, knock

pytestmark = pytest.mark.django_db
KINDS = ("wechat", "weibo", "facebook")
COMPLAINT = "吸尘器用了两天就无法开机了，要求换货。"


def push(platforms, to, **what):
    return platforms.peers[to.kind].message(account(to), PEOPLE[to.kind], **{"text": COMPLAINT, **what})


def refused(made: Knock, status=403):
    """Whether a request is turned away and leaves nothing."""
    return knock(made).status_code == status and not Inbound.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_platforms_handshake_is_answered_with_its_word(platforms, kind):
    to = door(kind)

    answer = knock(platforms.peers[kind].handshake(account(to), "word-<b>1</b>"))

    assert (answer.status_code, answer.content) == (200, b"word-<b>1</b>")
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_handshake_is_refused(platforms, kind):
    to = door(kind)
    good = platforms.peers[kind].handshake(account(to), "word")
    secret = KEYS[kind][1]["verify_token"] if kind == "facebook" else ""
    bad = good.url.replace(secret, "guess") if secret else good.url.replace("signature=", "signature=0")

    assert knock(Knock("GET", bad)).status_code == 403


@pytest.mark.parametrize("mode", ["plain", "aes"])
def test_wechat_reads_both_modes(platforms, mode):
    to = door("wechat", mode=mode)

    assert knock(push(platforms, to)).content == b"success"
    assert Inbound.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_signature_leaves_no_row_and_is_noted(platforms, kind, fresh):
    to = door(kind)

    assert refused(push(platforms, to, forged=True))
    assert fresh(to).refused_at is not None
    assert fresh(to).failures == 0


@pytest.mark.parametrize("kind", ["wechat", "weibo"])
@pytest.mark.parametrize("shift", [-301, 301])
def test_an_old_or_future_request_is_refused(platforms, kind, shift):
    assert refused(push(platforms, door(kind), shift=shift))


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_without_signature_is_refused(platforms, kind):
    made = push(platforms, door(kind))

    assert refused(Knock("POST", made.url.partition("?")[0], made.body, {"Content-Type": "text/xml"}))


@pytest.mark.parametrize("kind", ["wechat", "weibo"])
def test_a_used_nonce_carries_no_other_body(platforms, kind):
    """The signature of these platforms does not cover the body: whoever saw one address may not reuse it."""
    to = door(kind)
    first = push(platforms, to)
    other = push(platforms, to, text="我是骗子，请把钱退到另一个账户。")

    assert knock(first).status_code == 200
    assert knock(Knock("POST", first.url, other.body, first.headers)).status_code == 403
    assert Inbound.objects.count() == 1


def test_facebooks_signature_covers_the_body(platforms):
    to = door("facebook")
    made = push(platforms, to)

    assert refused(Knock("POST", made.url, made.body.replace(b"24681012141618", b"24681012141619"), made.headers))


def test_safe_mode_takes_nothing_in_clear(platforms):
    to = door("wechat", mode="aes")
    clear = account(to)
    clear.settings["mode"] = "plain"

    assert refused(platforms.wechat.message(clear, PEOPLE["wechat"], text=COMPLAINT))


def test_safe_mode_of_another_app_is_refused(platforms):
    to = door("wechat", mode="aes")
    other = account(to)
    other.settings["app_id"] = "wxffffffffffffffff"

    assert refused(platforms.wechat.message(other, PEOPLE["wechat"], text=COMPLAINT))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Content>&f;</Content></xml>'


@pytest.mark.parametrize("mode", ["plain", "aes"])
@pytest.mark.parametrize(
    "xml",
    [BOMB, FILE, "<!DOCTYPE xml><xml/>", "<xml>", "", "no xml", "<a>" * 50 + "</a>" * 50, f"<xml>{'<a/>' * 300}</xml>",
     "<xml/>", "<xml><MsgType>text</MsgType></xml>", "<xml>\x01</xml>", '<?xml version="1.0" encoding="utf-16"?><xml/>'],
)  # fmt: skip
def test_wechat_xml_that_is_none_or_dangerous_is_refused(platforms, mode, xml):
    to = door("wechat", mode=mode)

    made = platforms.wechat.envelope(account(to), xml, int(time.time()))

    assert knock(made).status_code in (400, 403)
    assert not Inbound.objects.exists()


def test_an_encrypted_text_that_is_none_is_refused(platforms):
    to = door("wechat", mode="aes")
    made = push(platforms, to)

    for body in (b"<xml><Encrypt>AAAA</Encrypt></xml>", b"<xml/>", b"<xml><Encrypt/></xml>", b"\xff\xfe"):
        assert knock(Knock("POST", made.url.replace("nonce=", "nonce="), body, made.headers)).status_code in (400, 403)
    assert not Inbound.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b'"x"', b'{"object":"page"}', b'{"object":"page","entry":7}', b"[" * 60_000,
     b'{"object":"page","entry":[{"messaging":[{}]}]}', b'{"object":"page","entry":[{"messaging":[{"sender":{"id":"x"}}]}]}'],
)  # fmt: skip
def test_facebook_json_that_is_none_leaves_no_row(body):
    to = door("facebook")
    signature = "sha256=" + hmac.new(KEYS["facebook"][1]["app_secret"].encode(), body, hashlib.sha256).hexdigest()

    answer = knock(Knock("POST", account(to).url, body, {"X-Hub-Signature-256": signature}))

    assert answer.status_code in (200, 400)
    assert not Inbound.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"7", b'{"type":"text","sender_id":"x"}', b'{"sender_id":1,"receiver_id":1902538057}']
)
def test_weibo_json_that_is_none_leaves_no_row(body):
    to = door("weibo")
    now, nonce = str(int(time.time() * 1000)), uuid.uuid4().hex
    signature = sorted_sha1(KEYS["weibo"][1]["app_secret"], now, nonce)

    made = Knock("POST", f"{account(to).url}?signature={signature}&timestamp={now}&nonce={nonce}", body)

    assert refused(made, 400)


@pytest.mark.parametrize("kind", KINDS)
def test_a_huge_body_is_refused(platforms, kind):
    to = door(kind)
    made = push(platforms, to)

    assert refused(Knock("POST", made.url, made.body + b" " * 300_000, made.headers), 413)


@pytest.mark.parametrize("kind", KINDS)
def test_another_door_a_closed_door_and_no_door_are_not_found(platforms, kind, fresh):
    to = door(kind)
    made = push(platforms, to)
    nowhere = Knock(made.method, made.url.replace(str(to.pk), str(uuid.uuid4())), made.body, made.headers)

    assert refused(nowhere, 404)
    closed = fresh(to)
    closed.active = False
    doors.save(closed, closed.settings, {}, actor=actors.system("test"))
    assert refused(made, 404)


def test_doors_without_a_webhook_are_not_found():
    chat = Door.objects.create(kind="chat", name="聊天")

    assert Client().post(reverse("channels:knock", args=[chat.pk]), b"{}", "application/json").status_code == 404


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(method):
    to = door("facebook")

    assert getattr(Client(), method)(reverse("channels:knock", args=[to.pk])).status_code == 405


def test_a_flood_of_forged_requests_is_slowed_and_the_real_one_still_comes_in(platforms):
    to = door("facebook")
    client = Client(REMOTE_ADDR=f"2001:db8::{uuid.uuid4().hex[:4]}")

    with time_machine.travel(clock.now(), tick=False):  # within one minute, which is what is counted
        forged = push(platforms, to, forged=True)
        statuses = [knock(forged, client).status_code for _ in range(32)]
        signed = knock(push(platforms, to), client).status_code

    assert (statuses[0], statuses[-1], signed) == (403, 429, 200)
    assert Inbound.objects.count() == 1


def test_no_token_of_a_browser_is_asked_for(platforms):
    to = door("facebook")

    assert knock(push(platforms, to), Client(enforce_csrf_checks=True)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_in_no_log_event_or_page(platforms, kind, caplog, client):
    to = door(kind)
    platforms.know(to)
    caplog.set_level("DEBUG")
    platforms.fail_next(Fault.DROP)
    user = factories.staff("administrator")
    client.force_login(user)

    knock(push(platforms, to, forged=True))
    knock(push(platforms, to, picture=None))
    inbound.handle()
    with pytest.raises(doors.Unreachable):
        platforms.fail_next(Fault.DROP)
        doors.test(to.pk, actor=actors.staff(user))
    pages = [
        client.get(reverse("admin:channels_door_change", args=[to.pk])).content.decode(),
        client.get(reverse("admin:channels_door_changelist")).content.decode(),
        client.get(reverse("admin:channels_inbound_changelist")).content.decode(),
    ]

    told = caplog.text + json.dumps([[e.data, e.reason] for e in Event.objects.all()], default=str)
    stored = " ".join(map(str, Door.objects.values_list("failure", "settings")))
    raw = _raw_columns()
    for key in KEYS[kind][1].values():
        assert key not in told
        assert key not in stored
        assert key not in raw
        assert not any(key in page for page in pages)
    assert PEOPLE[kind] not in told.replace(f'"{kind}:{PEOPLE[kind]}"', "")


def _raw_columns() -> str:
    """What lies in the database itself, past the decryption."""
    found = []
    with connection.cursor() as cursor:
        for table in (Door, Inbound, Conversation):
            cursor.execute(f"SELECT * FROM {table._meta.db_table}")
            found += [str(row) for row in cursor.fetchall()]
    return " ".join(found)


def test_what_people_said_lies_encrypted(platforms):
    to = door("wechat")
    knock(push(platforms, to))
    inbound.handle()

    raw = _raw_columns()

    assert COMPLAINT not in raw
    assert PEOPLE["wechat"] not in raw
    assert len(EVERY_KEY) == 8


# Once -----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_same_push_many_times_at_once_is_one_row_and_one_ticket(platforms):
    to = door("facebook")
    made = push(platforms, to)
    gate, answers = threading.Barrier(8), []

    def work():
        gate.wait()
        answers.append(knock(made).status_code)
        inbound.handle()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    inbound.handle()
    assert answers == [200] * 8
    assert (Inbound.objects.count(), Ticket.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_many_messages_of_one_person_at_once_open_one_ticket_in_order(platforms):
    to = door("wechat")
    for number in range(6):
        knock(push(platforms, to, text=f"第{number}句：机器坏了。"))
    gate = threading.Barrier(6)

    def work():
        gate.wait()
        inbound.handle()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    inbound.handle()
    ticket = Ticket.objects.get()
    assert ticket.description == "第0句：机器坏了。"
    said = ticket.messages.filter(kind="customer").order_by("id").values_list("body", flat=True)
    assert list(said) == [f"第{number}句：机器坏了。" for number in range(1, 6)]


@pytest.mark.django_db(transaction=True)
@override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
def test_a_dead_broker_loses_nothing(platforms):
    to = door("weibo")

    assert knock(push(platforms, to)).status_code == 200
    inbound.handle()

    assert Ticket.objects.count() == 1
