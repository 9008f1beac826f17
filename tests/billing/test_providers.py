"""The adapters against the simulated providers, fault by fault (REFUND-FACTS, REF-01)."""

import io
import zipfile
from contextlib import suppress
from decimal import Decimal

import pytest

from apps.billing.adapters import alipay, registry
from apps.billing.adapters.alipay import AlipayAdapter
from apps.billing.adapters.base import NotSent, Proof, RefundOrder
from apps.billing.adapters.benefits import BenefitsAdapter
from apps.billing.adapters.http import Answer
from apps.billing.adapters.wechat_pay import WechatPayAdapter
from apps.channels.pay.protocol import Unsigned
from apps.core import clock
from tests.billing.providers import KEYS, later, providers  # noqa: F401

ONLINE = ["alipay", "wechat_pay", "benefit"]


def order(number="R1", amount="30.00", **more):
    more.setdefault("payment_number", "P1")
    more.setdefault("paid", Decimal("100.00"))
    return RefundOrder(number, Decimal(amount), "退货", kind=more.pop("kind", "coupon"), customer="c1", **more)


def paid_out(server):
    return server.ledger.paid_out()


@pytest.fixture
def adapter(request, providers):  # noqa: F811
    return registry.refund_adapter(request.param)


@pytest.mark.req("REF-02")
@pytest.mark.parametrize("adapter", ["alipay", "benefit"], indirect=True)
@pytest.mark.parametrize("fault", ["drop", "drop-after", "bad-signature", "error"])
def test_after_an_accident_the_query_or_a_repeat_settles_it_once(adapter, fault, providers):  # noqa: F811
    providers.faults.set(next=[fault])
    with pytest.raises(Exception) as caught:
        adapter.send(order())
    assert not isinstance(caught.value, NotSent)

    asked = adapter.query(order())
    if asked.proof == Proof.NOT_FOUND:
        asked = adapter.send(order())

    assert asked.proof == Proof.SUCCEEDED
    assert paid_out(providers) == {"R1": 3000}


@pytest.mark.parametrize("fault", ["drop", "drop-after", "bad-signature", "error", "delay"])
def test_wechat_accidents_end_the_same_way(fault, providers):  # noqa: F811
    adapter = registry.refund_adapter("wechat_pay")
    providers.faults.set(next=[fault])
    with suppress(ValueError, OSError, Unsigned):  # NotSent would end the test
        adapter.send(order())
    if adapter.query(order()).proof == Proof.NOT_FOUND:
        assert adapter.send(order()).proof == Proof.PROCESSING
    later(providers)

    assert adapter.query(order()).proof == Proof.SUCCEEDED
    assert paid_out(providers) == {"R1": 3000}


@pytest.mark.parametrize("channel", ONLINE)
def test_without_a_connection_nothing_has_left(channel):
    closed = "http://127.0.0.1:9"
    adapter = {
        "alipay": AlipayAdapter(KEYS.alipay_config(closed)),
        "wechat_pay": WechatPayAdapter(KEYS.wechat_config(closed)),
        "benefit": BenefitsAdapter(closed, "key"),
    }[channel]
    with pytest.raises(NotSent):
        adapter.send(order())


def test_the_same_alipay_number_again_is_no_failure(providers):  # noqa: F811
    adapter = registry.refund_adapter("alipay")
    assert adapter.send(order()).proof == Proof.SUCCEEDED
    again = adapter.send(order())

    assert (again.proof, again.answer["fund_change"]) == (Proof.PROCESSING, "N")
    assert adapter.query(order()).proof == Proof.SUCCEEDED
    assert paid_out(providers) == {"R1": 3000}


def test_more_than_was_paid_is_a_proven_failure(providers):  # noqa: F811
    providers.ledger.pay("P1", 5000)
    adapter = registry.refund_adapter("alipay")
    assert adapter.send(order("R1", "30.00")).proof == Proof.SUCCEEDED
    refused = adapter.send(order("R2", "30.00"))

    assert (refused.proof, refused.failure) == (Proof.FAILED, "ACQ.REASON_TRADE_REFUND_FEE_ERR")


@pytest.mark.parametrize(("fault", "code"), [("closed", "CLOSED"), ("abnormal", "ABNORMAL")])
def test_wechat_ends_without_money(fault, code, providers):  # noqa: F811
    adapter = registry.refund_adapter("wechat_pay")
    providers.faults.set(next=[fault])
    assert adapter.send(order()).proof == Proof.PROCESSING
    later(providers)

    outcome = adapter.query(order())
    assert (outcome.proof, outcome.failure) == (Proof.FAILED, code)
    assert paid_out(providers) == {}


@pytest.mark.req("REF-08")
def test_an_abnormal_refund_goes_to_a_card_once(providers):  # noqa: F811
    adapter = registry.refund_adapter("wechat_pay")
    providers.faults.set(next=["abnormal"])
    first = adapter.send(order())
    later(providers)
    card = order(
        "R2", method="abnormal", original_number="R1", original_provider_number=first.provider_number,
        payee_name="张伟", payee_account="6222021234567890123", payee_bank="ICBC_DEBIT",
    )  # fmt: skip
    assert adapter.query(card).proof == Proof.NOT_FOUND
    assert adapter.send(card).proof == Proof.PROCESSING
    assert adapter.send(card).proof == Proof.PROCESSING
    later(providers)

    assert adapter.query(card).proof == Proof.SUCCEEDED
    assert paid_out(providers) == {"R1": 3000}


def test_a_success_that_bounces_is_seen_by_a_query(providers):  # noqa: F811
    adapter = registry.refund_adapter("alipay")
    providers.faults.set(next=["bounce"])
    assert adapter.send(order()).proof == Proof.SUCCEEDED
    later(providers)

    assert adapter.query(order()).proof == Proof.FAILED
    assert paid_out(providers) == {"R1": 0}


def test_an_alipay_transfer_reaches_the_account_once(providers):  # noqa: F811
    adapter = registry.refund_adapter("alipay")
    transfer = order(method="transfer", payee_name="张伟", payee_account="13812345678")
    assert adapter.query(transfer).proof == Proof.NOT_FOUND
    assert adapter.send(transfer).proof == adapter.send(transfer).proof == Proof.SUCCEEDED
    assert adapter.query(transfer).proof == Proof.SUCCEEDED
    assert paid_out(providers) == {"R1": 3000}


@pytest.mark.parametrize("channel", ["alipay", "wechat_pay"])
def test_balance_and_statement(channel, providers):  # noqa: F811
    adapter = registry.refund_adapter(channel)
    before = adapter.balance()
    adapter.send(order("R1", "30.00"))
    providers.faults.set(next=["mismatch"])
    adapter.send(order("R2", "20.00", payment_number="P2"))
    later(providers)

    assert before - adapter.balance() == Decimal("50.00")
    lines = adapter.statement(clock.local(clock.now()).date()).lines
    assert [(line.number, line.amount) for line in lines] == [("R1", Decimal("30.00"))]


@pytest.mark.parametrize("fault", ["no-balance"])
@pytest.mark.parametrize("channel", ["alipay", "wechat_pay"])
def test_too_little_money_is_a_proven_failure(channel, fault, providers):  # noqa: F811
    providers.faults.set(next=[fault])
    assert registry.refund_adapter(channel).send(order()).proof == Proof.FAILED


def test_the_ledger_survives_and_faults_are_drawn_from_the_seed(providers, tmp_path):  # noqa: F811
    from apps.billing.simulator.faults import Faults
    from apps.billing.simulator.ledger import Ledger

    registry.refund_adapter("alipay").send(order())
    other = Ledger(tmp_path / "ledger.sqlite")
    assert other.paid_out() == {"R1": 3000}
    other.close()
    draws = []
    for _ in range(2):
        faults = Faults(seed=5)
        faults.set(rate=0.5)
        draws.append([faults.draw("send") for _ in range(50)])
    assert draws[0] == draws[1]


def test_a_statement_that_grows_when_it_is_unpacked_is_not_read(providers, monkeypatch):  # noqa: F811
    """It lies behind an address of its own, and that answer is not signed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bill.csv", b"0" * (alipay.MOST_UNPACKED + 1))
    adapter = registry.refund_adapter("alipay")
    monkeypatch.setattr(type(adapter), "_ask", lambda *_: {"bill_download_url": "https://dl.example/bill"})
    monkeypatch.setattr(alipay, "call", lambda *_: Answer(200, {}, buffer.getvalue()))

    with pytest.raises(ValueError, match="too large"):
        adapter.statement(clock.local(clock.now()).date())


def test_no_password_file_of_the_machine_changes_a_signed_call(providers, monkeypatch, tmp_path):  # noqa: F811
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert registry.refund_adapter("wechat_pay").balance() > 0
