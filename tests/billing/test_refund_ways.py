"""Ladder, floats, payment by hand, compensation, settlement (REF-01, REF-03, REF-05, REF-07 … REF-10)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Q

from apps.accounts.roles import Role
from apps.billing import settlement
from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.models import Difference, ProviderFloat, RefundAttempt
from apps.billing.services import by_hand, floats, ladder, paying, refunds
from apps.billing.services.paying import PAYER
from apps.billing.services.refunds import Payee
from apps.billing.states import PayChannel, RefundState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from tests import factories
from tests.billing.providers import later, providers, sweep_on  # noqa: F401
from tests.billing.refunding import CARD, approve, fresh, pay
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db
COMPENSATION = ("compensation_sent", "compensation_paid", "compensation_delayed", "benefit_granted")


@pytest.mark.req("REF-03", "REF-08")
def test_alipay_fails_then_an_account_then_the_bank_then_a_person(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    pay(request)
    assert [rung.code for rung in ladder.rungs(fresh(request))] == [
        "alipay:refund", "alipay:transfer", "bank:transfer", "manual:hand",
    ]  # fmt: skip

    moved = refunds.reroute(fresh(request), Payee("张伟", "nobody@nobody.cn"), actor=finance())
    assert (moved.channel, moved.method, moved.round) == (PayChannel.ALIPAY, "transfer", 2)
    assert pay(approve(moved)).failure == "PAYEE_NOT_EXIST"
    with pytest.raises(DomainError) as caught:
        refunds.reroute(fresh(request), Payee("李四", CARD.account), actor=finance())
    assert caught.value.code == "refund.payee_differs"

    moved = refunds.reroute(fresh(request), CARD, actor=finance())
    attempt = pay(approve(moved))
    paying.settle(attempt, Outcome(Proof.FAILED, failure="AC04"))
    last = refunds.reroute(fresh(request), Payee(), actor=finance(), way="manual:hand")
    attempt = pay(approve(last))
    assert (attempt.channel, attempt.position) == (PayChannel.MANUAL, 4)
    assert len({a.number for a in RefundAttempt.objects.all()}) == 4
    assert providers.ledger.paid_out() == {}


@pytest.mark.req("REF-08")
def test_an_abnormal_wechat_refund_goes_to_the_card(providers):  # noqa: F811
    providers.faults.set(next=["abnormal"])
    request = approve(refund(payment("100.00", PayChannel.WECHAT_PAY)))
    attempt = pay(request)
    later(providers)
    sweep_on()
    assert fresh(request).state == RefundState.NEEDS_FALLBACK

    moved = refunds.reroute(fresh(request), CARD, actor=finance())
    assert (moved.channel, moved.method) == (PayChannel.WECHAT_PAY, "abnormal")
    pay(approve(moved))
    later(providers)
    sweep_on()

    assert fresh(request).state == RefundState.SUCCEEDED
    assert providers.ledger.paid_out() == {attempt.number: 10000}


@pytest.mark.req("REF-08")
def test_a_failure_that_was_none_is_found_before_another_way_is_paid(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    attempt = pay(request)
    registry.refund_adapter("alipay").send(paying.order_of(attempt))  # the provider's late hand
    moved = approve(refunds.reroute(fresh(request), CARD, actor=finance()))

    with pytest.raises(DomainError) as caught:
        paying.begin(moved, actor=PAYER)

    assert caught.value.code == "refund.paid_after_all"
    assert fresh(request).state == RefundState.SUCCEEDED
    assert RefundAttempt.objects.count() == 1


def test_a_failure_taken_back_after_another_way_was_paid_is_a_difference_with_a_name(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    attempt = pay(request)
    pay(approve(refunds.reroute(fresh(request), CARD, actor=finance())))

    paying.settle(attempt, Outcome(Proof.SUCCEEDED))
    paying.settle(attempt, Outcome(Proof.SUCCEEDED))

    assert [d.kind for d in Difference.objects.all()] == ["twice"]


def test_wechat_takes_one_part_a_minute_within_a_year(providers):  # noqa: F811
    paid = payment("100.00", PayChannel.WECHAT_PAY)
    first, second = (approve(refund(paid, amount="10.00")) for _ in range(2))
    paying.begin(first, actor=PAYER)
    with pytest.raises(DomainError) as caught:
        paying.begin(second, actor=PAYER)
    assert caught.value.code == "refund.one_a_minute"
    with clock.at(clock.now() + timedelta(seconds=61)):
        paying.begin(second, actor=PAYER)
    old = approve(
        refund(payment("50.00", PayChannel.WECHAT_PAY, paid_at=clock.now() - timedelta(days=366)), amount="9")
    )
    with pytest.raises(DomainError) as caught:
        paying.begin(old, actor=PAYER)
    assert caught.value.code == "refund.too_late"


@pytest.mark.req("REF-10")
def test_too_little_money_queues_warns_and_reroutes_by_rule(providers):  # noqa: F811
    factories.staff(Role.FINANCE_OFFICER, "finance")
    request = approve(refund(payment("500.00", PayChannel.ALIPAY), amount="300.00", payee=CARD))
    providers.ledger.set_balance("alipay", 20000)
    floats.watch()
    row = ProviderFloat.objects.get(channel="alipay")
    assert (row.balance, floats.queued("alipay")) == (Decimal("200.00"), Decimal("300.00"))
    assert paying.begin_approved() == 0
    assert fresh(request).held_because
    floats.watch()
    assert Event.objects.filter(kind="float.low").count() == 1

    ProviderFloat.objects.update(reroute_after=4)
    with clock.at(clock.now() + timedelta(hours=5)):
        floats.watch()
    moved = fresh(request)
    assert (moved.state, moved.channel, moved.round) == (RefundState.CREATED, PayChannel.BANK, 2)

    providers.ledger.set_balance("alipay", 100000)
    floats.watch()
    assert Event.objects.filter(kind="float.well").count() == 1


@pytest.mark.req("REF-01")
def test_payment_by_hand_counts_when_a_second_person_confirms():
    request = approve(refund(payment("100.00", PayChannel.MANUAL)))
    attempt = pay(request)
    one, two = finance(), finance()
    with pytest.raises(DomainError) as caught:
        by_hand.confirm(attempt, actor=two)
    assert caught.value.code == "hand.not_recorded"
    by_hand.record(attempt, by_hand.Paid("TILL-7", clock.now()), actor=one)
    with pytest.raises(DomainError) as caught:
        by_hand.confirm(attempt, actor=one)
    assert caught.value.code == "hand.own"
    assert fresh(request).state == RefundState.PROCESSING
    by_hand.confirm(attempt, actor=two)
    assert fresh(request).state == RefundState.SUCCEEDED


@pytest.mark.req("REF-07")
@pytest.mark.parametrize("kind", ["coupon", "points", "membership"])
def test_compensation_walks_the_same_path(kind, providers):  # noqa: F811
    draft = refunds.RefundDraft(Decimal("20.00"), "致歉", kind=kind, customer=factories.make_customer())
    request = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
    with pytest.raises(DomainError):
        paying.begin(request, actor=PAYER)
    providers.faults.set(next=["drop-after"])
    pay(approve(request), times=2)

    assert fresh(request).state == RefundState.SUCCEEDED
    assert list(providers.ledger.paid_out().values()) == [2000]


@pytest.mark.req("REF-05")
def test_the_customer_is_told_amount_channel_days_and_result(providers):  # noqa: F811
    from apps.journal import deliveries

    factories.staff(Role.FINANCE_OFFICER, "finance")
    ticket = factories.ticket()
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY), ticket=ticket))
    pay(request)
    deliveries.drain()
    pay(approve(refunds.reroute(fresh(request), Payee(), actor=finance())))
    deliveries.drain()

    told = list(OutgoingMessage.objects.filter(template__startswith="refund_").order_by("id"))
    assert sorted(m.template for m in told) == ["refund_delayed", "refund_paid", "refund_sent", "refund_sent"]
    assert all("100.00" in m.body and "支付宝" in m.body for m in told)
    assert any("1–3" in m.body for m in told)
    stuck = Notice.objects.filter(kind="refund_stuck").first()
    assert stuck is not None and "余额不足 (ACQ.SELLER_BALANCE_NOT_ENOUGH)" in stuck.text  # words, the code beside them


@pytest.mark.req("REF-09")
def test_a_complaint_and_its_repeats_settle_once_and_capped(providers, monkeypatch):  # noqa: F811
    first = factories.ticket()
    repeat = factories.ticket()
    repeat.__class__.objects.filter(pk=repeat.pk).update(repeat_of=first)
    repeat = repeat.__class__.objects.get(pk=repeat.pk)
    paid = payment("100.00", PayChannel.ALIPAY)
    pay(approve(refund(paid, amount="60.00", ticket=first)))
    pay(approve(refund(paid, amount="10.00", ticket=repeat)))
    draft = refunds.RefundDraft(Decimal("50.00"), "致歉", kind="coupon", customer=paid.customer, ticket=repeat)
    pay(approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))))
    monkeypatch.setitem(settlement._parts, "logistics", lambda ids: Decimal("12.00") * (len(ids) > 1))
    monkeypatch.setitem(settlement._parts, "penalties", lambda ids: Decimal("5.00"))

    one, other = settlement.settlement(first), settlement.settlement(repeat)
    assert one == other
    assert (one.refund, one.compensation, one.sum) == (Decimal("70.00"), Decimal("50.00"), Decimal("127.00"))
    assert (one.cap, one.total, one.is_capped) == (Decimal("100.00"), Decimal("100.00"), True)


@pytest.mark.req("REF-05", "REF-07")
def test_what_is_no_money_is_told_as_what_it_is(providers):  # noqa: F811
    """Points don't come from a bank in some days, and are no refund."""
    from apps.journal import deliveries

    about = factories.ticket()
    draft = refunds.RefundDraft(Decimal("50.00"), "致歉", kind="points", customer=about.customer, ticket=about)
    request = approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF)))
    deliveries.drain()
    pay(request, times=2)
    deliveries.drain()

    (told,) = OutgoingMessage.objects.filter(Q(template__startswith="refund_") | Q(template__in=COMPENSATION))
    assert (told.template, fresh(request).state) == ("benefit_granted", RefundState.SUCCEEDED)
    assert "价值50.00元的积分已发放" in told.body and "银行" not in told.body and "退款" not in told.body


@pytest.mark.req("REF-05", "REF-07")
def test_cash_for_an_apology_is_no_refund():
    from apps.journal import deliveries

    about = factories.ticket()
    draft = refunds.RefundDraft(
        Decimal("80.00"),
        "致歉",
        kind="cash",
        customer=about.customer,
        ticket=about,
        channel=PayChannel.BANK,
        payee=CARD,
    )
    pay(approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))))
    deliveries.drain()

    told = OutgoingMessage.objects.get(template__in=COMPENSATION)
    assert told.template == "compensation_sent" and "现金补偿80.00元已通过银行转账发起" in told.body
