"""WeChat Pay's signatures, ages, nonces and ciphers (INT-14)."""

import json
import secrets
import time

import pytest
from django.core.cache import cache
from django.test import Client

from apps.channels.models import Door, DoorKind, Inbound
from apps.channels.pay import protocol
from apps.channels.pay.simulated import PLATFORM_KEY, Complaints, Keys
from apps.channels.services import doors
from apps.core.actors import SYSTEM
from apps.core.errors import DomainErrors

pytestmark = pytest.mark.django_db
KEYS = Keys.new()


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture(scope="module")
def platform():
    with Complaints(KEYS) as running:
        yield running


@pytest.fixture
def door(platform) -> Door:
    return doors.save(Door(kind=DoorKind.WECHAT_PAY, name="微信支付投诉"), *KEYS.settings(platform.url), actor=SYSTEM)


def notice(**changes) -> bytes:
    body = {
        "id": secrets.token_hex(16),
        "event_type": "COMPLAINT.CREATE",
        "resource": protocol.sealed(KEYS.apiv3, {"complaint_id": "2000180", "action_type": "CREATE_COMPLAINT"}),
    }
    return json.dumps({**body, **changes}).encode()


def knock(door: Door, body: bytes, headers: dict[str, str]) -> int:
    client = Client()
    return client.post(f"/doors/{door.pk}/", body, content_type="application/json", headers=headers).status_code


def test_a_signed_callback_is_kept(door, platform):
    body = notice()

    assert knock(door, body, platform.signed(body)) == 204

    kept = Inbound.objects.get()
    assert kept.external_id == json.loads(body)["id"]
    assert json.loads(kept.payload)["peer"] == "2000180"


@pytest.mark.req("INT-14")
def test_what_is_signed_anew_is_one_and_the_same_signature_again_is_refused(door, platform):
    body = notice()
    headers = platform.signed(body)

    answers = [knock(door, body, headers), knock(door, body, platform.signed(body)), knock(door, body, headers)]

    assert answers == [204, 204, 401]
    assert Inbound.objects.count() == 1


@pytest.mark.parametrize("age", [301, 3600, -301])
def test_old_and_future_signatures_are_refused(door, platform, age):
    body = notice()

    assert knock(door, body, platform.signed(body, age=age)) == 401
    assert not Inbound.objects.exists()


@pytest.mark.parametrize("age", [290, -290])
def test_clocks_may_differ_by_five_minutes(door, platform, age):
    body = notice()

    assert knock(door, body, platform.signed(body, age=age)) == 204


def test_another_key_another_body_and_missing_headers_are_refused(door, platform):
    body = notice()
    good = platform.signed(body)

    wrong = [
        knock(door, body, platform.signed(body, key=platform.bad_key())),
        knock(door, notice(), good),
        knock(door, body, {**good, "Wechatpay-Serial": "OTHER"}),
        knock(door, body, {**good, "Wechatpay-Signature": "!"}),
        knock(door, body, {**good, "Wechatpay-Timestamp": "soon"}),
        knock(door, body, {}),
    ]

    assert wrong == [401] * 6
    assert not Inbound.objects.exists()


def test_content_that_our_key_does_not_open_is_refused(door, platform):
    body = notice(resource=protocol.sealed("x" * 32, {"complaint_id": "2000180"}))

    assert knock(door, body, platform.signed(body)) == 401


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": "1"}', b"\xff", notice(id="")])
def test_what_is_no_callback_is_refused_without_a_trace(door, platform, body):
    signed = platform.signed(body) if body != b"\xff" else {}

    assert knock(door, body, signed) in (400, 401)
    assert not Inbound.objects.exists()


def test_a_complaints_number_is_a_number(door, platform):
    body = notice(resource=protocol.sealed(KEYS.apiv3, {"complaint_id": "../images/x"}))

    assert knock(door, body, platform.signed(body)) == 400


def test_a_second_public_key_is_taken_while_the_platform_changes_its_own(door, platform):
    new = Keys.new()
    settings, secrets_ = KEYS.settings(platform.url)
    _, others = new.settings(platform.url)
    both = {**settings, "platform_key_id": "PUB_KEY_ID_2", "platform_key_id_2": PLATFORM_KEY}
    doors.save(
        door, both, {"platform_key": others["platform_key"], "platform_key_2": secrets_["platform_key"]}, actor=SYSTEM
    )
    body = notice()

    assert knock(door, body, platform.signed(body)) == 204
    assert knock(door, notice(), {}) == 401


def test_keys_may_be_pasted_in_one_line():
    text = KEYS.settings("")[1]["private_key"].replace("\n", " ")

    assert protocol.private_key(text).key_size == 2048


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("apiv3_key", "short", "pay.apiv3_key"),
        ("private_key", "-----BEGIN X-----", "pay.key"),
        ("platform_key", "abc", "pay.key"),
    ],
)
def test_unusable_keys_are_refused_beside_their_field(door, platform, name, value, code):
    settings, keys = KEYS.settings(platform.url)

    with pytest.raises(DomainErrors) as found:
        doors.check(door, settings, {**keys, name: value})

    assert [(e.field, e.code) for e in found.value.errors] == [(name, code)]


def test_a_signature_covers_time_nonce_and_body():
    headers = {
        "Wechatpay-Timestamp": "1700000000",
        "Wechatpay-Nonce": "n",
        "Wechatpay-Serial": PLATFORM_KEY,
        "Wechatpay-Signature": protocol.sign(KEYS.platform, "1700000000", "n", "{}"),
    }
    public = {PLATFORM_KEY: KEYS.settings("")[1]["platform_key"]}

    assert protocol.check(headers, b"{}", public, now=1_700_000_100) == "n"
    for changed in ({"Wechatpay-Timestamp": "1700000001"}, {"Wechatpay-Nonce": "m"}):
        with pytest.raises(protocol.Unsigned):
            protocol.check({**headers, **changed}, b"{}", public, now=1_700_000_100)
    with pytest.raises(protocol.Unsigned):
        protocol.check(headers, b"[]", public, now=1_700_000_100)
    with pytest.raises(protocol.Unsigned, match="too old"):
        protocol.check(headers, b"{}", public, now=time.time())
