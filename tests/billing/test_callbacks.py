"""Callbacks: signed, fresh, once; they only make us ask (REF-04)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.billing.adapters import alipay_protocol as protocol
from apps.billing.models import CallbackNonce, Refund, RefundAttempt
from apps.billing.services import paying, refunds
from apps.billing.services.paying import PAYER
from apps.billing.simulator import alipay_side
from apps.billing.states import PayChannel, RefundState
from apps.core import clock
from apps.journal.models import Event
from tests.billing.providers import KEYS, later, providers, sweep_on  # noqa: F401
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limit(monkeypatch):
    monkeypatch.setattr("apps.billing.hooks.limits.used_up", lambda *_, **__: False)


def sent(channel=PayChannel.WECHAT_PAY, **fields):
    request = refunds.decide(refund(payment("100.00", channel), **fields), actor=finance(), approve=True)
    attempt = paying.begin(request, actor=PAYER)
    sweep_on()
    return attempt


def post_wechat(client, body, headers):
    return client.post(
        reverse("billing:wechat_callback"), body, content_type="application/json", headers=headers
    ).status_code


@pytest.mark.req("REF-04")
def test_a_right_callback_makes_us_ask_and_ten_change_nothing_more(client, providers):  # noqa: F811
    attempt = sent()
    later(providers)
    entry = providers.ledger.entry("wechat_pay", attempt.number)
    answers = [post_wechat(client, *providers.wechat.callback(entry)) for _ in range(10)]
    assert answers == [204] * 10
    assert Refund.objects.get().state == RefundState.PROCESSING  # not believed, only asked about

    paying.sweep()
    version = Refund.objects.get().version
    for _ in range(3):
        post_wechat(client, *providers.wechat.callback(entry))
        paying.sweep()
        paying.look_again()

    assert (Refund.objects.get().state, Refund.objects.get().version) == (RefundState.SUCCEEDED, version)
    assert Event.objects.filter(kind="refund.succeeded").count() == 1


@pytest.mark.req("REF-04")
@pytest.mark.parametrize("wrong", ["forged", "old", "changed", "early"])
def test_a_wrong_callback_is_refused_and_nobody_is_asked(wrong, client, providers):  # noqa: F811
    attempt = sent()
    before = RefundAttempt.objects.get().next_query_at
    entry = providers.ledger.entry("wechat_pay", attempt.number)
    age = {"old": 301, "early": -301}.get(wrong, 0)
    body, headers = providers.wechat.callback(entry, age=age, key=providers.wrong if wrong == "forged" else None)
    if wrong == "changed":
        body = body.replace(b"REFUND.", b"REFUNDS.")

    assert post_wechat(client, body, headers) == 401
    assert RefundAttempt.objects.get().next_query_at == before


@pytest.mark.req("REF-04")
def test_a_replayed_callback_is_refused(client, providers):  # noqa: F811
    attempt = sent()
    body, headers = providers.wechat.callback(providers.ledger.entry("wechat_pay", attempt.number))
    assert post_wechat(client, body, headers) == 204
    assert post_wechat(client, body, headers) == 401


@pytest.mark.req("REF-04")
def test_alipay_tells_of_a_bounce_and_we_ask(client, providers):  # noqa: F811
    providers.faults.set(next=["bounce"])
    attempt = sent(PayChannel.ALIPAY)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    later(providers)
    entry = providers.ledger.entry("alipay", attempt.number)
    address = reverse("billing:alipay_callback")
    values = alipay_side.notice(entry, KEYS.alipay)

    assert client.post(address, alipay_side.notice(entry, providers.wrong)).status_code == 401
    assert client.post(address, alipay_side.notice(entry, KEYS.alipay, age=400)).status_code == 401
    assert client.post(address, values).content == b"success"
    assert client.post(address, values).status_code == 401

    paying.look_again()
    assert Refund.objects.get().state == RefundState.NEEDS_FALLBACK
    assert Refund.objects.get().payment.reserved == Decimal("100.00")


def bounced_at_alipay(providers):  # noqa: F811
    providers.faults.set(next=["bounce"])
    attempt = sent(PayChannel.ALIPAY)
    later(providers)
    return providers.ledger.entry("alipay", attempt.number)


@pytest.mark.req("REF-04")
@pytest.mark.parametrize(
    "wrong", ["forged", "old", "early", "changed", "of another application", "unsigned", "no time"]
)
def test_a_wrong_notice_of_alipay_is_refused_and_nobody_is_asked(wrong, client, providers):  # noqa: F811
    entry = bounced_at_alipay(providers)
    before = RefundAttempt.objects.get().next_query_at
    key, age = providers.wrong if wrong == "forged" else KEYS.alipay, {"old": 302, "early": -302}.get(wrong, 0)
    values = alipay_side.notice(entry, key, age=age)
    if wrong in ("of another application", "no time"):
        values |= {"app_id": "2021999999999999"} if wrong != "no time" else {"notify_time": ""}
        values["sign"] = protocol.sign(key, protocol.text_of(values, without=("sign", "sign_type")))
    elif wrong == "changed":
        values["out_request_no"] = "R1"
    elif wrong == "unsigned":
        del values["sign"]

    assert client.post(reverse("billing:alipay_callback"), values).status_code == 401
    assert RefundAttempt.objects.get().next_query_at == before
    assert not CallbackNonce.objects.exists()


@pytest.mark.req("REF-04")
def test_ten_right_notices_of_alipay_change_one_thing_once(client, providers):  # noqa: F811
    entry = bounced_at_alipay(providers)
    for n in range(10):
        with clock.at(clock.now() + timedelta(seconds=n)):  # each is signed anew
            values = alipay_side.notice(entry, KEYS.alipay, age=-n)
            assert client.post(reverse("billing:alipay_callback"), values).content == b"success"
            assert client.post(reverse("billing:alipay_callback"), values).status_code == 401
            paying.look_again()
            paying.sweep()

    assert Refund.objects.get().state == RefundState.NEEDS_FALLBACK
    assert Event.objects.filter(kind="refund.bounced").count() == 1
    assert Event.objects.filter(kind="refund.failed").count() == 1
    assert RefundAttempt.objects.count() == 1


def test_many_refused_ones_from_one_address_are_turned_away_and_right_ones_never(client, providers, monkeypatch):  # noqa: F811
    attempt = sent()
    monkeypatch.setattr("apps.billing.hooks.limits.used_up", lambda *_, **__: True)
    assert post_wechat(client, b"{}", {}) == 429
    entry = providers.ledger.entry("wechat_pay", attempt.number)
    assert post_wechat(client, *providers.wechat.callback(entry)) == 204
    assert client.get(reverse("billing:wechat_callback")).status_code == 405


def test_an_unknown_number_is_heard_and_means_nothing(client, providers):  # noqa: F811
    from apps.billing.simulator.ledger import Entry

    entry = Entry("wechat_pay", "R999", "P", 100, "SUCCESS", provider_number="5", created=clock.now().timestamp())
    assert post_wechat(client, *providers.wechat.callback(entry)) == 204


@pytest.mark.req("REF-04")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"), ("multipart/form-data; boundary=x", b"--x\r\nbad"),
        ("application/x-www-form-urlencoded; charset=gbk", b"a=1"),
        ("application/x-www-form-urlencoded", b"&".join(b"k%d=1" % n for n in range(2_000))),
    ],
)  # fmt: skip
def test_what_is_no_form_at_all_is_refused_like_a_forged_one(client, monkeypatch, caplog, kind, body):
    """A stranger's nonsense costs one line in the log, and counts: not a traceback each, without end."""
    counted = []
    monkeypatch.setattr("apps.billing.hooks.limits.count", counted.append)

    answer = client.post(reverse("billing:alipay_callback"), body, content_type=kind)

    assert answer.status_code == 401
    assert len(counted) == 1
    assert not any(record.exc_info for record in caplog.records)
