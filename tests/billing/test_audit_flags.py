"""Red flags (ARC-06): raised once, cleared by the audit with a reason."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection

from apps.accounts.roles import Role
from apps.billing.audit import red_flags
from apps.billing.audit_states import FlagKind
from apps.billing.models import RedFlag, RedFlagRule, VoidRequest
from apps.billing.services import refunds, voids
from apps.billing.services.refunds import Payee
from apps.billing.states import PayChannel
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests import money
from tests.factories import make_customer, staff_actor

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


def code_of(call) -> str:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code


def only(kind: FlagKind, **thresholds: object) -> None:
    RedFlagRule.objects.exclude(kind=kind).update(active=False)
    RedFlagRule.objects.filter(kind=kind).update(**thresholds)


def to_account(account: str, customer: object = None, amount: str = "600.00"):
    paid = money.payment("5000.00", customer=customer or make_customer())
    return money.refund(paid, amount=amount, channel=PayChannel.BANK, payee=Payee("王五", account, "招商银行"))


@pytest.mark.req("ARC-06")
def test_splits_just_below_a_step_are_seen_together():
    only(FlagKind.SPLIT)
    customer, clerk = make_customer(), staff_actor(Role.SERVICE_STAFF)
    with clock.at(NOON):
        parts = [
            money.refund(money.payment("9000.00", customer=customer), amount=amount, actor=clerk)
            for amount in ("2600.00", "2500.00")
        ]
        money.refund(money.payment("9000.00"), amount="4900.00", actor=clerk)  # somebody else's
        assert red_flags.raise_due() == 1

    flag = RedFlag.objects.get()
    assert {s["number"] for s in flag.subjects} == {part.number for part in parts}
    assert (flag.amount, flag.figures["step"]) == (Decimal("5100.00"), "5000.00")


@pytest.mark.req("ARC-06")
def test_a_group_that_only_grew_older_is_not_flagged_again_and_one_that_grew_is():
    only(FlagKind.ONE_PAYEE, days=30, count=2)
    for days in (0, 10, 20):
        with clock.at(NOON + timedelta(days=days)):
            to_account("6225880011112222")
    with clock.at(NOON + timedelta(days=21)):
        assert red_flags.raise_due() == 1
    with clock.at(NOON + timedelta(days=35)):  # the first of the three is out of sight
        assert red_flags.raise_due() == 0
        to_account("6225880011112222")
        assert red_flags.raise_due() == 1


@pytest.mark.req("ARC-06")
def test_splits_that_stay_below_the_step_together_are_none():
    only(FlagKind.SPLIT)
    customer, clerk = make_customer(), staff_actor(Role.SERVICE_STAFF)
    for amount in ("2500.00", "2500.00"):
        money.refund(money.payment("9000.00", customer=customer), amount=amount, actor=clerk)

    assert red_flags.raise_due() == 0


@pytest.mark.req("ARC-06")
def test_the_same_two_people_again_and_again():
    only(FlagKind.PAIR, count=3, percent=80)
    clerk, boss = staff_actor(Role.SERVICE_STAFF), money.finance()
    for _ in range(3):
        refunds.decide(money.refund(actor=clerk), actor=boss, approve=True)
    other = staff_actor(Role.SERVICE_STAFF)
    for approver in (money.finance(), money.finance(), money.finance()):
        refunds.decide(money.refund(actor=other), actor=approver, approve=True)

    assert red_flags.raise_due() == 1
    flag = RedFlag.objects.get()
    assert (flag.figures["requester"], flag.figures["approver"], flag.figures["share"]) == (
        clerk.user_id, boss.user_id, 100,
    )  # fmt: skip


@pytest.mark.req("ARC-06")
def test_money_to_a_new_account_is_seen_once_and_a_known_one_never():
    only(FlagKind.NEW_PAYEE)
    customer = make_customer()
    first = to_account("6222000011112222", customer)
    to_account("6222000011112222", customer)
    to_account("6222000033334444", amount="499.99")  # below the threshold

    assert (red_flags.raise_due(), red_flags.raise_due()) == (1, 0)
    flag = RedFlag.objects.get()
    assert [s["number"] for s in flag.subjects] == [first.number]
    assert flag.figures["account"] == "****2222"


@pytest.mark.req("ARC-06")
def test_many_refunds_to_one_account_of_several_customers():
    only(FlagKind.ONE_PAYEE)
    for _ in range(3):
        to_account("6222000099998888")

    assert red_flags.raise_due() == 1
    assert RedFlag.objects.get().figures == {"cases": 3, "customers": 3, "account": "****8888"}


@pytest.mark.req("ARC-06")
@pytest.mark.parametrize(("issued", "raised"), [(1, 1), (6, 1), (10, 0)])
def test_what_is_undone_long_after_its_month(issued, raised):
    only(FlagKind.AFTER_CLOSE, amount=Decimal("1000.00"))
    request = money.void_request(money.invoice(issued_at=datetime(2026, issued, 5, tzinfo=UTC)))
    with clock.at(NOON):
        VoidRequest.objects.filter(pk=request.pk).update(executed_at=clock.now(), act="red")
        assert red_flags.raise_due() == raised


@pytest.mark.req("ARC-06")
def test_signed_within_seconds_and_at_night():
    RedFlagRule.objects.exclude(kind__in=[FlagKind.QUICK, FlagKind.NIGHT]).update(active=False)
    with clock.at(datetime(2026, 11, 18, 15, 30, tzinfo=UTC)):  # 23:30 in Shanghai
        refund = money.refund()
    with clock.at(datetime(2026, 11, 18, 15, 30, 4, tzinfo=UTC)):
        refunds.decide(refund, actor=money.finance(), approve=True)
        slow = money.void_request()
    with clock.at(datetime(2026, 11, 19, 4, 0, tzinfo=UTC)):
        voids.decide(slow, actor=money.finance(), approve=True)
        assert red_flags.raise_due() == 2

    assert {(f.kind, f.subjects[0]["number"]) for f in RedFlag.objects.all()} == {
        ("quick", refund.number), ("night", refund.number),
    }  # fmt: skip


@pytest.mark.req("ARC-06")
def test_only_the_audit_clears_with_a_reason_and_never_its_own_case():
    only(FlagKind.NEW_PAYEE)
    refund = to_account("6222000011112222")
    red_flags.raise_due()
    flag = RedFlag.objects.get()

    assert code_of(lambda: red_flags.clear(flag, actor=money.finance(), reason="正常")) == "core.not_allowed"
    assert code_of(lambda: red_flags.clear(flag, actor=staff_actor(Role.AUDITOR), reason="")) == "reason.missing"
    admin = staff_actor(Role.ADMINISTRATOR)
    type(refund).objects.filter(pk=refund.pk).update(requested_by=admin.user_id)
    assert code_of(lambda: red_flags.clear(flag, actor=admin, reason="正常")) == "flag.own"
    cleared = red_flags.clear(flag, actor=staff_actor(Role.AUDITOR), reason="已电话核实账户本人所有")

    assert not cleared.is_open
    assert code_of(lambda: red_flags.clear(flag, actor=staff_actor(Role.AUDITOR), reason="再次")) == "flag.cleared"
    assert red_flags.raise_due() == 0
    assert Event.objects.filter(kind="red_flag.cleared").count() == 1


@pytest.mark.req("ARC-06")
def test_a_rule_switched_off_or_an_older_case_raises_nothing():
    only(FlagKind.NEW_PAYEE, days=30)
    with clock.at(clock.now() - timedelta(days=31)):
        to_account("6222000011112222")
    assert red_flags.raise_due() == 0

    to_account("6222000011115555")
    RedFlagRule.objects.update(active=False)
    assert red_flags.raise_due() == 0


@pytest.mark.req("ARC-06")
@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_raise_each_flag_once():
    only(FlagKind.NEW_PAYEE)
    for n in range(5):
        to_account(f"62220000777700{n:02d}")

    def run() -> None:
        red_flags.raise_due()
        connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert RedFlag.objects.count() == 5
    assert Event.objects.filter(kind="red_flag.raised").count() == 5
