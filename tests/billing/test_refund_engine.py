"""Whatever the providers do, the ledger says: within what was paid, exactly once (REF-02)."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.base import NotSent, Outcome, Proof
from apps.billing.models import Payment, Refund, RefundAttempt
from apps.billing.services import paying, refunds
from apps.billing.services.paying import PAYER
from apps.billing.states import PayChannel, RefundState
from apps.core.errors import DomainError
from tests.billing.providers import sweep_on
from tests.factories import staff_actor
from tests.money import finance, payment, refund
from tests.races.test_races import without_locks

PAYEE = refunds.Payee("张伟", "6222021234567890123", "工行")
ACCIDENTS = ["fine", "lost before", "lost after", "not sent", "refused", "slow"]


class Ledger:
    """A provider that keeps its own account and does what the script says next."""

    channel = PayChannel.ALIPAY
    first_query, query_every = 10, 30

    def __init__(self, script):
        self.script, self.moved, self.calls = list(script), {}, 0

    def send(self, order):
        self.calls += 1
        act = self.script.pop(0) if self.script else "fine"
        if act == "not sent":
            raise NotSent("no route")
        if act == "lost before":
            raise ConnectionResetError
        if act == "refused" and order.number not in self.moved:
            return Outcome(Proof.FAILED, failure="CLOSED")
        self.moved.setdefault(order.number, order.amount)
        if act == "lost after":
            raise TimeoutError
        return Outcome(Proof.PROCESSING if act == "slow" else Proof.SUCCEEDED)

    def query(self, order):
        act = self.script.pop(0) if self.script else "fine"
        if act in ("lost before", "lost after"):
            raise TimeoutError
        if act == "slow":
            return Outcome(Proof.UNKNOWN)
        return Outcome(Proof.SUCCEEDED if order.number in self.moved else Proof.NOT_FOUND)


@pytest.mark.req("REF-02")
@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(st.sampled_from(ACCIDENTS), max_size=25),
    amounts=st.lists(st.integers(1, 6000), min_size=1, max_size=4),
)
@pytest.mark.long
def test_any_accidents_pay_each_refund_exactly_once_within_what_was_paid(script, amounts):
    ledger = Ledger(script)
    before, registry._refunds[PayChannel.ALIPAY] = registry._refunds.get(PayChannel.ALIPAY), ledger
    try:
        maker, checker, paid = staff_actor(Role.SERVICE_STAFF), finance(), payment("100.00")
        for fen in amounts:
            try:
                request = refund(paid, amount=str(Decimal(fen) / 100), actor=maker)
            except DomainError:  # above what was paid
                continue
            paying.begin(refunds.decide(request, actor=checker, approve=True), actor=PAYER)
        for _ in range(40):
            sweep_on()
            for stuck in Refund.objects.filter(payment=paid, state=RefundState.NEEDS_FALLBACK):
                again = refunds.reroute(stuck, refunds.Payee(), actor=checker)
                paying.begin(refunds.decide(again, actor=finance(), approve=True), actor=PAYER)
        mine = list(Refund.objects.filter(payment=paid))
        numbers = {a.number: a.refund_id for a in RefundAttempt.objects.filter(refund__in=mine)}
        for request in mine:
            out = sum((m for n, m in ledger.moved.items() if numbers.get(n) == request.pk), Decimal(0))
            assert request.state == RefundState.SUCCEEDED
            assert out == request.amount
        assert sum(ledger.moved.values()) <= paid.amount
    finally:
        registry._refunds[PayChannel.ALIPAY] = before


def at_once(n, work):
    barrier, done, refused = threading.Barrier(n), [], []

    def one(i):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=300)
            done.append(work(i))
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    return done, refused


@pytest.mark.req("REF-02")
@pytest.mark.django_db(transaction=True)
def test_sixteen_partial_refunds_at_once_three_succeed():
    paid, actor = payment("100.00"), staff_actor(Role.SERVICE_STAFF)
    done, refused = at_once(16, lambda i: refund(paid, amount="30.00", actor=actor))
    assert len(done) == 3
    assert {error.code for error in refused} == {"refund.above_paid"}
    assert Payment.objects.get().reserved == Decimal("90.00")
    assert Refund.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_database_itself_refuses(monkeypatch):
    paid, actor = payment("100.00"), staff_actor(Role.SERVICE_STAFF)
    without_locks(monkeypatch)
    _done, refused = at_once(2, lambda i: refund(paid, amount="60.00", actor=actor))
    assert {type(error).__name__ for error in refused} - {"DomainError"}, "the lock was never missed"
    assert Payment.objects.get().reserved <= Decimal("100.00")


@pytest.mark.req("REF-02")
@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_send_one_attempt_once(monkeypatch):
    ledger = Ledger([])
    monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, ledger)
    request = refunds.decide(refund(payment("100.00")), actor=finance(), approve=True)
    paying.begin(request, actor=PAYER)
    at_once(16, lambda i: paying.sweep())
    assert ledger.calls == 1
    assert Refund.objects.get().state == RefundState.SUCCEEDED


@pytest.mark.req("REF-03")
@pytest.mark.django_db
def test_no_other_way_while_the_outcome_is_unknown(monkeypatch):
    monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, Ledger(["lost after", "slow", "slow"]))
    request = refunds.decide(refund(payment("100.00")), actor=finance(), approve=True)
    paying.begin(request, actor=PAYER)
    sweep_on(2)
    unknown = Refund.objects.get()
    assert unknown.state == RefundState.UNKNOWN
    for act in (
        lambda: refunds.reroute(unknown, PAYEE, actor=finance()),
        lambda: refunds.redirect(unknown, PAYEE, actor=finance(), reason="急"),
        lambda: refunds.cancel(unknown, actor=finance(), reason="急"),
        lambda: paying.begin(unknown, actor=PAYER),
    ):
        with pytest.raises(DomainError) as caught:
            act()
        assert caught.value.code == "transition.impossible" or caught.value.code == "refund.being_paid"
    assert RefundAttempt.objects.count() == 1
