"""A refund from filing to paid, and everything that can go wrong on the way (REF-02 … REF-04, REF-08)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.base import NotSent, Outcome, Proof
from apps.billing.models import Payment, Refund, RefundAttempt
from apps.billing.services import outbound, paying, refunds
from apps.billing.services.paying import PAYER
from apps.billing.states import AttemptState, PayChannel, RefundState
from apps.core import clock
from apps.core.errors import DomainError
from tests.factories import staff_actor
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db


class Script:
    """An adapter that answers as told and remembers what it was asked."""

    channel = PayChannel.ALIPAY
    first_query, query_every = 10, 30

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def _answer(self, verb, order):
        self.calls.append((verb, order.number, order.amount))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Outcome(answer, failure="ACQ.SELLER_BALANCE_NOT_ENOUGH" if answer == Proof.FAILED else "")

    def send(self, order):
        return self._answer("send", order)

    def query(self, order):
        return self._answer("query", order)


@pytest.fixture
def script(monkeypatch):
    def use(*answers):
        adapter = Script(*answers)
        monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, adapter)
        return adapter

    return use


def approved(**fields):
    return refunds.decide(refund(**fields), actor=finance(), approve=True)


def run(times=1, step=timedelta(hours=1)):
    """Let the janitor come by, an hour later each time."""
    now = clock.now()
    for n in range(times):
        with clock.at(now + n * step):
            paying.sweep()


def test_approved_money_is_sent_once_and_told():
    request = approved()
    adapter = Script(Proof.SUCCEEDED)
    registry.register(adapter)
    paying.begin(request, actor=PAYER)
    run(3)

    assert Refund.objects.get(pk=request.pk).state == RefundState.SUCCEEDED
    assert [call[0] for call in adapter.calls] == ["send"]


@pytest.mark.req("REF-02")
def test_more_than_was_paid_is_never_reserved():
    paid = payment(amount="100.00")
    refund(paid, amount="70.00")

    with pytest.raises(DomainError, match=r"30\.00") as caught:
        refund(paid, amount="30.01")

    assert caught.value.code == "refund.above_paid"
    assert Payment.objects.get().reserved == Decimal("70.00")
    assert Refund.objects.count() == 1


@pytest.mark.req("REF-02")
@pytest.mark.parametrize("accident", [TimeoutError(), ConnectionResetError(), ValueError("bad signature")])
def test_after_any_accident_it_is_asked_under_the_same_number_before_anything_else(script, accident):
    adapter = script(accident, Proof.UNKNOWN, Proof.SUCCEEDED)
    request = approved()
    attempt = paying.begin(request, actor=PAYER)
    run(1)
    assert Refund.objects.get(pk=request.pk).state == RefundState.UNKNOWN

    run(3)

    assert [(verb, number) for verb, number, _ in adapter.calls] == [
        ("send", attempt.number), ("query", attempt.number), ("query", attempt.number),
    ]  # fmt: skip
    assert Refund.objects.get(pk=request.pk).state == RefundState.SUCCEEDED


@pytest.mark.req("REF-02")
def test_what_the_provider_never_heard_of_is_sent_again_with_the_same_number_and_amount(script):
    adapter = script(TimeoutError(), Proof.NOT_FOUND, Proof.SUCCEEDED)
    attempt = paying.begin(approved(), actor=PAYER)
    run(3)

    assert [call[0] for call in adapter.calls] == ["send", "query", "send"]
    assert {call[1:] for call in adapter.calls} == {(attempt.number, Decimal("100.00"))}


@pytest.mark.req("REF-02")
def test_a_worker_that_died_after_claiming_is_followed_by_a_question(script):
    adapter = script(Proof.SUCCEEDED)
    request = approved()
    paying.begin(request, actor=PAYER)
    claimed = outbound.claim(RefundAttempt)  # … and the process is killed here
    assert outbound.claim(RefundAttempt) is None

    run(2)

    assert [call[0] for call in adapter.calls] == ["query"]
    assert RefundAttempt.objects.get(pk=claimed.pk).state == AttemptState.SUCCEEDED


@pytest.mark.req("REF-02")
def test_what_never_left_is_sent_later(script):
    adapter = script(NotSent("no route"), Proof.SUCCEEDED)
    request = approved()
    paying.begin(request, actor=PAYER)
    run(2)

    assert [call[0] for call in adapter.calls] == ["send", "send"]
    assert Refund.objects.get(pk=request.pk).state == RefundState.SUCCEEDED


@pytest.mark.req("REF-03", "REF-08")
def test_only_a_proven_failure_opens_the_next_step_and_that_wants_a_fresh_signature(script):
    script(TimeoutError(), Proof.FAILED)
    request = approved()
    paying.begin(request, actor=PAYER)
    run(1)
    unknown = Refund.objects.get(pk=request.pk)
    with pytest.raises(DomainError) as caught:
        refunds.reroute(unknown, refunds.Payee("张伟", "6222021234567890123", "中国工商银行"), actor=finance())
    assert caught.value.code == "transition.impossible"

    run(2)
    failed = Refund.objects.get(pk=request.pk)
    assert failed.state == RefundState.NEEDS_FALLBACK
    rerouted = refunds.reroute(failed, refunds.Payee("张伟", "6222021234567890123", "中国工商银行"), actor=finance())

    assert (rerouted.state, rerouted.channel, rerouted.round) == (RefundState.CREATED, PayChannel.BANK, 2)
    assert Payment.objects.get().reserved == Decimal("100.00")
    with pytest.raises(DomainError):
        paying.begin(rerouted, actor=PAYER)


@pytest.mark.req("REF-04")
def test_late_and_repeated_answers_change_nothing_twice(script):
    script(Proof.SUCCEEDED)
    request = approved()
    attempt = paying.begin(request, actor=PAYER)
    run(1)
    version = Refund.objects.get(pk=request.pk).version
    for proof in (Proof.SUCCEEDED, Proof.PROCESSING, Proof.UNKNOWN, Proof.SUCCEEDED):
        paying.settle(attempt, Outcome(proof))

    assert Refund.objects.get(pk=request.pk).version == version


@pytest.mark.req("REF-04")
def test_a_success_that_bounces_needs_another_way(script):
    script(Proof.SUCCEEDED)
    request = approved()
    attempt = paying.begin(request, actor=PAYER)
    run(1)
    paying.settle(attempt, Outcome(Proof.FAILED, failure="REFUND_BOUNCED"))

    assert Refund.objects.get(pk=request.pk).state == RefundState.NEEDS_FALLBACK
    assert Payment.objects.get().reserved == Decimal("100.00")


@pytest.mark.parametrize("role", [Role.FINANCE_OFFICER, Role.ADMINISTRATOR])
@pytest.mark.req("VOI-02")
def test_nobody_approves_the_refund_they_filed(role):
    maker = staff_actor(role, "finance")
    request = refund(actor=maker)
    with pytest.raises(DomainError) as caught:
        refunds.decide(request, actor=maker, approve=True)
    assert caught.value.code == "approval.own"


def test_a_rejected_refund_gives_its_reservation_back():
    request = refund()
    refunds.decide(request, actor=finance(), approve=False, reason="重复申请")
    assert Payment.objects.get().reserved == 0


def test_what_is_being_paid_is_not_begun_again_nor_cancelled(script):
    script(Proof.PROCESSING)
    request = approved()
    paying.begin(request, actor=PAYER)
    run(1)
    for call in (
        lambda: paying.begin(Refund.objects.get(pk=request.pk), actor=PAYER),
        lambda: refunds.cancel(request, actor=finance(), reason="算了"),
    ):
        with pytest.raises(DomainError):
            call()
    assert RefundAttempt.objects.count() == 1


@pytest.mark.req("REF-04")
def test_an_outcome_that_cannot_be_written_down_is_asked_about_again_and_holds_nobody_else_up(script, monkeypatch):
    broken, other = (paying.begin(approved(), actor=PAYER) for _ in range(2))
    script(Proof.SUCCEEDED, Proof.SUCCEEDED)
    settle = outbound.note

    def note(call, outcome, **how):
        if call.pk == broken.pk:
            raise ValueError("no column takes this")
        return settle(call, outcome, **how)

    monkeypatch.setattr(outbound, "note", note)
    paying.sweep()
    assert [RefundAttempt.objects.get(pk=a.pk).state for a in (broken, other)] == ["sent", "succeeded"]

    monkeypatch.setattr(outbound, "note", settle)
    asked = script(Proof.SUCCEEDED)
    with clock.at(clock.now() + timedelta(minutes=5)):
        paying.sweep()
    assert [call[:2] for call in asked.calls] == [("query", broken.number)]
    assert RefundAttempt.objects.get(pk=broken.pk).state == AttemptState.SUCCEEDED
