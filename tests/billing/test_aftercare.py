"""What is looked at again after the end: successes that come back, failures that were none, differences that age, floats
that run low (REF-04, REF-06, REF-10)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db.models import F

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.base import NotSent, Outcome, Proof, Statement, StatementLine
from apps.billing.models import Difference, Payment, ProviderFloat, Refund, RefundAttempt
from apps.billing.services import differences, floats, paying, reconciliation, refunds, voids
from apps.billing.services.paying import PAYER
from apps.billing.states import AttemptState, DifferenceState, PayChannel, RefundState
from apps.core import clock
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep as sweep_deadlines
from tests import factories
from tests.money import finance, payment, refund, void_request

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)  # a Wednesday in Shanghai
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Provider:
    """Says `now` to every question and counts them."""

    channel, first_query, query_every = PayChannel.ALIPAY, 10, 60

    def __init__(self, now=Proof.SUCCEEDED):
        self.now, self.questions, self.lines = now, [], ()

    def send(self, order):
        return self._say()

    def query(self, order):
        self.questions.append((clock.now(), order.number))
        return self._say()

    def _say(self):
        if isinstance(self.now, Exception):
            raise self.now
        return Outcome(self.now, failure="DEPOSIT_BACK_FAILED" if self.now == Proof.FAILED else "")

    def statement(self, day):
        return Statement("", tuple(self.lines))


@pytest.fixture
def provider(monkeypatch):
    adapter = Provider()
    monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, adapter)
    return adapter


def paid(at=NOON, **fields):
    with clock.at(at):
        request = refunds.decide(refund(**fields), actor=finance(), approve=True)
        attempt = paying.begin(request, actor=PAYER)
        paying.sweep()
    return RefundAttempt.objects.get(pk=attempt.pk)


def watch(since, until, step):
    """The janitor comes by from time to time."""
    changed, now = 0, since
    while now <= until:
        with clock.at(now):
            changed += paying.look_again()
        now += step
    return changed


# Polling while it is open ----------------------------------------------------------------------------------------------


@pytest.mark.req("REF-04")
def test_what_is_open_and_young_is_asked_about_every_two_minutes_at_least_and_less_often_only_later(provider):
    provider.now = Proof.PROCESSING
    attempt = paid()
    asked = [NOON]
    while asked[-1] < NOON + 2 * DAY:
        asked.append(RefundAttempt.objects.get(pk=attempt.pk).next_query_at)
        with clock.at(asked[-1]):
            assert paying.sweep().worked == 1
    gaps = [(later - NOON, later - earlier) for earlier, later in pairwise(asked)]

    assert gaps[0][1] == timedelta(seconds=10)
    assert max(gap for age, gap in gaps if age <= HOUR) == 2 * MINUTE
    assert max(gap for age, gap in gaps if age <= DAY) == 10 * MINUTE
    assert gaps[-1][1] == 30 * MINUTE
    assert RefundAttempt.objects.get(pk=attempt.pk).state == AttemptState.PROCESSING


# A success may come back -----------------------------------------------------------------------------------------------


@pytest.mark.req("REF-04", "REF-06")
def test_a_bounce_whose_callback_was_lost_is_found_within_minutes_while_the_refund_is_young(provider):
    request = paid().refund
    provider.now = Proof.FAILED

    assert watch(NOON, NOON + 3 * MINUTE, timedelta(seconds=5)) == 1

    assert Refund.objects.get(pk=request.pk).state == RefundState.NEEDS_FALLBACK
    assert Event.objects.filter(kind="refund.bounced", subject_id=request.pk).count() == 1


@pytest.mark.req("REF-06")
@pytest.mark.parametrize("days", [1, 5, 29])
def test_money_that_the_bank_sends_back_days_later_is_found_within_a_day(provider, days):
    request = paid().refund
    watch(NOON, NOON + days * DAY, 8 * HOUR)
    provider.now = Proof.FAILED
    assert watch(NOON + days * DAY, NOON + days * DAY + DAY + HOUR, 5 * HOUR) == 1
    assert Refund.objects.get(pk=request.pk).state == RefundState.NEEDS_FALLBACK


def test_a_success_is_asked_about_ever_less_often_and_no_more_after_a_month(provider):
    asked, attempt = [NOON], paid()
    while attempt.next_query_at is not None:
        asked.append(attempt.next_query_at)
        with clock.at(asked[-1]):
            paying.look_again()
        attempt = RefundAttempt.objects.get(pk=attempt.pk)
    gaps = [later - earlier for earlier, later in pairwise(asked)]

    assert gaps[:3] == [2 * MINUTE, 2 * MINUTE, 2 * MINUTE]
    assert gaps == sorted(gaps) and gaps[-1] == DAY
    assert NOON + 30 * DAY < asked[-1] <= NOON + 31 * DAY
    assert len(provider.questions) == len(gaps) <= 60


@pytest.mark.req("REF-04")
@pytest.mark.parametrize("silence", [TimeoutError(), NotSent("no route"), Proof.UNKNOWN])
def test_a_provider_that_does_not_answer_changes_nothing_and_is_asked_once_each_time(provider, silence):
    for _ in range(4):
        paid()
    provider.now = silence
    with clock.at(NOON + 10 * MINUTE):
        assert paying.look_again() == 0

    assert len(provider.questions) == 1
    assert set(Refund.objects.values_list("state", flat=True)) == {RefundState.SUCCEEDED}
    provider.now = Proof.FAILED
    assert watch(NOON + 11 * MINUTE, NOON + 14 * MINUTE, MINUTE) == 4


@pytest.mark.req("REF-04", "REF-08")
def test_a_callback_about_an_abnormal_refund_asks_about_the_card_that_it_went_on_to(provider):
    first = paid()
    RefundAttempt.objects.filter(pk=first.pk).update(state=AttemptState.FAILED, next_query_at=None)
    heir = RefundAttempt.objects.create(
        refund=first.refund, position=2, channel=first.channel, method="abnormal", amount=first.amount, number="HEIR",
        state=AttemptState.SUCCEEDED, settled_at=NOON,
    )  # fmt: skip
    paying.ask_now(first.number)
    assert RefundAttempt.objects.get(pk=heir.pk).next_query_at is not None


@pytest.mark.req("REF-02", "REF-04")
@pytest.mark.parametrize("ending", ["cancelled", "rejected"])
def test_a_failure_that_was_none_is_taken_into_the_books_even_after_the_refund_was_given_up(provider, ending):
    provider.now = Proof.FAILED
    attempt = paid(of=payment("100.00"), amount="60.00")
    stuck = Refund.objects.get()
    if ending == "cancelled":
        refunds.cancel(stuck, actor=finance(), reason="客户不要了")
    else:
        refunds.decide(refunds.reroute(stuck, refunds.Payee("张伟", "6222021234567890123", "工行"), actor=finance()),
                       actor=finance(), approve=False, reason="重复")  # fmt: skip
    assert Payment.objects.get().reserved == 0

    paying.settle(attempt, Outcome(Proof.SUCCEEDED))
    paying.settle(attempt, Outcome(Proof.SUCCEEDED))

    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert Payment.objects.get().reserved == Decimal("60.00")
    assert Event.objects.filter(kind="refund.paid_after_all").count() == 1
    assert not Difference.objects.exists()


@pytest.mark.req("REF-02", "REF-06")
def test_where_its_money_was_promised_again_meanwhile_a_person_has_to_look(provider):
    provider.now = Proof.FAILED
    paid_in = payment("100.00")
    attempt = paid(of=paid_in, amount="60.00")
    refunds.cancel(Refund.objects.get(), actor=finance(), reason="客户不要了")
    refund(paid_in, amount="50.00")

    paying.settle(attempt, Outcome(Proof.SUCCEEDED))

    assert Difference.objects.get().kind == "twice"
    assert Payment.objects.get().reserved == Decimal("50.00")


# Reconciliation --------------------------------------------------------------------------------------------------------


@pytest.mark.req("REF-06")
def test_rows_that_agree_are_asked_about_again_because_a_row_says_only_that_it_was_initiated(provider):
    attempt = paid()
    RefundAttempt.objects.update(next_query_at=None)
    provider.lines, provider.now = [StatementLine(attempt.number, attempt.amount)], Proof.FAILED
    with clock.at(NOON + DAY):
        row = reconciliation.run(PayChannel.ALIPAY, NOON.date())
        assert row.matched == 1
        assert paying.look_again() == 1

    assert Refund.objects.get().state == RefundState.NEEDS_FALLBACK
    assert not Difference.objects.exists()
    assert reconciliation.run(PayChannel.ALIPAY, NOON.date()).matched == 1  # a bounce has its row all the same


@pytest.mark.req("REF-06")
@pytest.mark.parametrize(("age", "asked"), [(DAY, 1), (29 * DAY, 1), (31 * DAY, 0)])
def test_each_day_successes_of_the_last_month_that_nobody_looks_after_are_asked_about(provider, age, asked):
    attempt = paid()
    RefundAttempt.objects.update(next_query_at=None)
    provider.lines = [StatementLine(attempt.number, attempt.amount)] * (age == DAY)
    with clock.at(NOON + age):
        reconciliation.run_due()
        paying.look_again()
    assert len(provider.questions) == asked


# Differences age -------------------------------------------------------------------------------------------------------


def odd(provider, number="FOREIGN1"):
    provider.lines = [StatementLine(number, Decimal("5.00"))]
    reconciliation.run(PayChannel.ALIPAY, NOON.date())
    return Difference.objects.get(number=number)


@pytest.mark.req("REF-06")
def test_a_difference_has_an_owner_from_the_first_moment_the_least_burdened_one(provider):
    officers = [factories.staff(Role.FINANCE_OFFICER, "finance") for _ in range(2)]
    factories.staff(Role.FINANCE_MANAGER, "finance")
    with clock.at(NOON):
        owners = [odd(provider, f"FOREIGN{n}").owner for n in range(4)]
    assert sorted(owner.pk for owner in owners) == sorted(2 * [officer.pk for officer in officers])


@pytest.mark.req("REF-06", "SLA-04")
def test_an_open_difference_reminds_its_owner_and_goes_up_until_it_is_settled(provider):
    owner = factories.staff(Role.FINANCE_OFFICER, "finance")
    manager = factories.staff(Role.FINANCE_MANAGER, "finance")
    boss = factories.staff(Role.MANAGEMENT, "management")
    with clock.at(NOON):
        row = odd(provider)
    deadline = Deadline.objects.get(subject_id=row.pk)
    assert deadline.due_at == NOON + DAY  # one working day

    for later in (23 * HOUR, DAY, 2 * DAY, 4 * DAY):
        with clock.at(NOON + later):
            sweep_deadlines(now=clock.now())
            deliveries.drain()

    told = Notice.objects.filter(kind="money_deadline").order_by("event__at", "user__pk")
    assert [n.event.kind for n in told.filter(user=owner)] == ["deadline.warned", "deadline.breached"]
    assert "deadline.escalated" in {n.event.kind for n in told.filter(user=manager)}
    assert "deadline.escalated" in {n.event.kind for n in told.filter(user=boss)}
    assert row.number in told[0].text and told[0].link == f"/admin/billing/difference/{row.pk}/change/"

    with clock.at(NOON + 5 * DAY):
        differences.resolve(row, "供应商测试退款，已核销", actor=finance())
        before = Event.objects.count()
        sweep_deadlines(now=clock.now() + 30 * DAY)
    assert Deadline.objects.get(pk=deadline.pk).state == "met"
    assert Event.objects.count() == before


@pytest.mark.req("VOI-08", "SLA-04")
def test_a_void_request_that_takes_too_long_reminds_finance_and_goes_up_and_one_that_ended_does_not():
    officer = factories.staff(Role.FINANCE_OFFICER, "finance")
    boss = factories.staff(Role.MANAGEMENT, "management")
    with clock.at(NOON):
        maker = factories.staff_actor()
        late, taken_back = void_request(actor=maker), void_request(actor=maker)
        voids.withdraw(taken_back, actor=maker)
    for later in (23 * HOUR, DAY, 3 * DAY):
        with clock.at(NOON + later):
            sweep_deadlines(now=clock.now())
            deliveries.drain()

    told = Notice.objects.filter(kind="money_deadline")
    assert {n.event.subject_id for n in told} == {late.pk}
    assert {n.event.kind for n in told.filter(user=officer)} == {"deadline.warned", "deadline.breached"}
    assert {n.event.kind for n in told.filter(user=boss)} == {"deadline.escalated"}
    assert late.number in told[0].text


@pytest.mark.req("REF-06")
def test_what_the_query_explains_has_no_clock(provider):
    paid()
    with clock.at(NOON + DAY):
        reconciliation.run(PayChannel.ALIPAY, NOON.date())
    assert Difference.objects.get().state == DifferenceState.EXPLAINED
    assert not Deadline.objects.filter(metric="difference").exists()


# Floats ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("REF-10")
@pytest.mark.parametrize(
    ("balance", "warn_below", "low"),
    [("200.00", "0", False), ("199.99", "0", True), ("500.00", "500.01", True), ("500.00", "500.00", False)],
)
def test_it_is_said_before_the_money_is_gone_a_days_worth_ahead(provider, balance, warn_below, low):
    now = clock.now()
    for n in range(7):  # 200 yuan a day
        paid(now - n * DAY - HOUR, of=payment("200.00"), amount="200.00")
    ProviderFloat.objects.update_or_create(channel=PayChannel.ALIPAY, defaults={"warn_below": Decimal(warn_below)})

    row = floats.note(PayChannel.ALIPAY, Decimal(balance))

    assert (row.low_since is not None) is low
    told = list(Event.objects.filter(kind="float.low"))
    assert [event.data["daily"] for event in told] == (["200.00"] if low else [])


@pytest.mark.req("REF-10")
def test_only_what_waits_for_money_is_sent_another_way(provider):
    card = refunds.Payee("张伟", "6222021234567890123", "工行")
    small, large = (
        refunds.decide(refund(payment(amount), amount=amount, payee=card), actor=finance(), approve=True)
        for amount in ("50.00", "300.00")
    )
    floats.note(PayChannel.ALIPAY, Decimal("100.00"))
    ProviderFloat.objects.update(reroute_after=4, low_since=F("low_since") - 5 * HOUR)

    assert floats.reroute_waiting(PayChannel.ALIPAY) == 1
    assert [Refund.objects.get(pk=r.pk).channel for r in (small, large)] == [PayChannel.ALIPAY, PayChannel.BANK]
