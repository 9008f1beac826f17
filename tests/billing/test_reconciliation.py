"""The daily comparison with the providers' statements: each difference is asked about, owned, worked off (REF-06)."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.base import RefundOrder
from apps.billing.models import Difference, Refund, StatementRun
from apps.billing.services import differences, paying, reconciliation, refunds
from apps.billing.services.paying import PAYER
from apps.billing.states import DifferenceState, PayChannel, RefundState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.billing.providers import later, providers, sweep_on  # noqa: F401
from tests.factories import staff, staff_actor
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db


def paid(channel, fault=""):
    request = refunds.decide(refund(payment("100.00", channel)), actor=finance(), approve=True)
    attempt = paying.begin(request, actor=PAYER)
    sweep_on()
    return attempt


def today():
    return clock.local(clock.now()).date()


def run(channel):
    return reconciliation.run(channel, today())


@pytest.mark.req("REF-06")
@pytest.mark.parametrize("channel", [PayChannel.ALIPAY, PayChannel.WECHAT_PAY])
def test_a_day_that_agrees_has_no_difference_and_a_repeat_adds_nothing(channel, providers):  # noqa: F811
    for _ in range(3):
        paid(channel)
    later(providers)
    sweep_on()
    first, second = run(channel), run(channel)
    assert (first.pk, first.rows, first.matched, first.total) == (second.pk, 3, 3, Decimal("300.00"))
    assert not Difference.objects.exists()


@pytest.mark.req("REF-06")
def test_a_row_that_is_missing_there_is_explained_by_the_query(providers):  # noqa: F811
    providers.faults.set(next=["mismatch"])
    attempt = paid(PayChannel.ALIPAY)
    run(PayChannel.ALIPAY)
    row = Difference.objects.get()
    assert (row.number, row.kind, row.state) == (attempt.number, "missing_there", DifferenceState.EXPLAINED)
    assert row.detail


@pytest.mark.req("REF-06")
def test_another_amount_and_an_unknown_refund_wait_for_a_person_who_says_how_they_were_settled(providers):  # noqa: F811
    providers.faults.set(next=["wrong-amount"])
    paid(PayChannel.ALIPAY)
    registry.refund_adapter("alipay").send(RefundOrder("FOREIGN1", Decimal("5.00"), "x", payment_number="P9"))
    run(PayChannel.ALIPAY)
    run(PayChannel.ALIPAY)

    rows = {row.kind: row for row in Difference.objects.all()}
    assert {kind: (row.ours, row.theirs) for kind, row in rows.items()} == {
        "amount": (Decimal("100.00"), Decimal("101.00")), "missing_here": (None, Decimal("5.00")),
    }  # fmt: skip
    boss = finance()
    differences.assign(rows["amount"], staff(), actor=boss)
    with pytest.raises(DomainError):
        differences.resolve(rows["amount"], "  ", actor=boss)
    settled = differences.resolve(rows["amount"], "对账单尾差，已与支付宝确认", actor=boss)
    assert (settled.state, settled.resolved_by_id) == (DifferenceState.RESOLVED, boss.user_id)
    with pytest.raises(DomainError):
        differences.resolve(settled, "再来一次", actor=boss)
    assert Difference.objects.filter(state=DifferenceState.OPEN).count() == 1


@pytest.mark.req("REF-06")
def test_a_bill_alone_proves_nothing_the_query_takes_a_failure_back(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    attempt = paid(PayChannel.ALIPAY)
    assert Refund.objects.get().state == RefundState.NEEDS_FALLBACK
    registry.refund_adapter("alipay").send(paying.order_of(attempt))
    run(PayChannel.ALIPAY)
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert Difference.objects.get().state == DifferenceState.EXPLAINED


def test_closed_at_wechat_agrees_with_its_row(providers):  # noqa: F811
    providers.faults.set(next=["closed"])
    paid(PayChannel.WECHAT_PAY)
    later(providers)
    sweep_on()
    assert run(PayChannel.WECHAT_PAY).matched == 1
    assert not Difference.objects.exists()


def test_what_could_not_be_had_is_asked_for_again(providers, monkeypatch):  # noqa: F811
    adapter = registry.refund_adapter("alipay")
    monkeypatch.setattr(adapter, "statement", lambda day: 1 / 0, raising=False)
    assert {row.channel for row in reconciliation.run_due()} == {"wechat_pay"}
    monkeypatch.undo()


def test_the_last_three_days_are_run_once(providers):  # noqa: F811
    assert len(reconciliation.run_due()) == 6
    assert reconciliation.run_due() == []
    assert {row.day for row in StatementRun.objects.all()} == {today() - timedelta(days=n) for n in (1, 2, 3)}


@pytest.mark.req("REF-06")
def test_a_day_compared_before_it_is_over_is_compared_again_when_it_is(providers):  # noqa: F811
    paid(PayChannel.ALIPAY)
    first = reconciliation.compare(PayChannel.ALIPAY, today(), actor=finance())
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        again = [run for run in reconciliation.run_due() if run.channel == PayChannel.ALIPAY and run.pk == first.pk]
        third = [run for run in reconciliation.run_due() if run.pk == first.pk]
    assert (first.rows, len(again), third) == (1, 1, [])
    assert Event.objects.filter(kind="reconciliation.done", actor_id__isnull=False).count() == 1


@pytest.mark.req("REF-06")
def test_a_comparison_asked_for_says_what_it_cannot_do(providers):  # noqa: F811
    clerk, day = finance(), timedelta(days=1)

    def code(*given, actor=clerk):
        with pytest.raises(DomainError) as refused:
            reconciliation.compare(*given, actor=actor)
        return refused.value.code

    assert code(PayChannel.ALIPAY, today(), actor=staff_actor(Role.SERVICE_STAFF)) == "core.not_allowed"
    assert code(PayChannel.BANK, today()) == "core.invalid_choice"
    assert code(PayChannel.ALIPAY, today() + day) == code(PayChannel.ALIPAY, today() - 31 * day) == "statement.day"
    providers.faults.set(next=["drop"])
    assert code(PayChannel.ALIPAY, today()) == "statement.none"
    assert not StatementRun.objects.exists()
