"""Whoever made a case what it is never signs it; nobody gives themselves the power to (VOI-02, REF-08)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.accounts.models import ApprovalLimit
from apps.accounts.roles import Role
from apps.accounts.services import api_keys, limits
from apps.billing import to_sign
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.models import Delegation, Refund
from apps.billing.services import approvals, bank_batches, opening, paying, refund_gates, refunds, voids
from apps.billing.services.paying import PAYER
from apps.billing.services.refunds import Payee
from apps.billing.states import Layout, PayChannel, RefundKind, RefundState
from apps.core import clock
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import DomainError
from tests import factories
from tests.money import finance, payment, refund, void_request

pytestmark = pytest.mark.django_db
CARD = Payee("张伟", "6222021234567890123", "中国工商银行")


def refused(act):
    with pytest.raises(DomainError) as caught:
        act()
    return caught.value.code


def failed():
    """A transfer that the bank has refused: a person chooses another way, and another account."""
    request = refund(payment("500.00", PayChannel.BANK), payee=CARD)
    attempt = paying.begin(refunds.decide(request, actor=finance(), approve=True), actor=PAYER)
    paying.settle(attempt, Outcome(Proof.FAILED, failure="AC04"))
    return Refund.objects.get(pk=request.pk)


@pytest.mark.req("REF-08")
def test_who_sends_the_money_another_way_does_not_sign_that_way():
    officer, colleague = finance(), finance()
    moved = refunds.reroute(failed(), Payee("张伟", "6222029999999999999"), actor=officer, way="bank:transfer")

    assert refused(lambda: refunds.decide(moved, actor=officer, approve=True)) == "approval.own"
    assert to_sign.refunds(officer) == [] and len(to_sign.refunds(colleague)) == 1
    assert (
        refused(lambda: refund_gates.except_from(moved, actor=finance_manager(officer), reason="急")) == "approval.own"
    )
    assert refunds.decide(moved, actor=colleague, approve=True).state == RefundState.APPROVED


def finance_manager(officer):
    return Actor(officer.kind, officer.label, officer.user, frozenset({"billing.except_refund_gate"}))


@pytest.mark.req("REF-08")
def test_the_way_by_hand_takes_no_other_payee_either():
    request = failed()
    somebody = Payee("李四", "6222029999999999999", "我的银行")

    assert (
        refused(lambda: refunds.reroute(request, somebody, actor=finance(), way="manual:hand"))
        == "refund.payee_differs"
    )
    assert refunds.reroute(request, Payee(), actor=finance(), way="manual:hand").payee_account == CARD.account


@pytest.mark.req("VOI-02")
def test_who_made_the_key_that_files_does_not_sign():
    owner, colleague = finance(), finance()
    maker = Actor("staff", owner.label, owner.user, frozenset({"accounts.manage_api_keys"}))
    api_keys.create("shop", ["refunds:write", "voids:write"], actor=maker)
    key = Actor("api", "api:shop", permissions=frozenset({"billing.request_refund", "billing.request_void"}))
    money, undone = refund(actor=key), void_request(actor=key)

    assert refused(lambda: refunds.decide(money, actor=owner, approve=True)) == "approval.own"
    assert refused(lambda: voids.decide(undone, actor=owner, approve=True)) == "approval.own"
    assert refunds.decide(money, actor=colleague, approve=True).state == RefundState.APPROVED


@pytest.mark.req("REF-01")
def test_who_made_the_key_that_drew_up_a_batch_does_not_release_it():
    owner, colleague = finance(), finance()
    maker = Actor("staff", owner.label, owner.user, frozenset({"accounts.manage_api_keys"}))
    api_keys.create("bank", ["refunds:pay"], actor=maker)
    request = refunds.decide(refund(payment("500.00", PayChannel.BANK), payee=CARD), actor=finance(), approve=True)
    paying.begin(request, actor=PAYER)
    paying.work_off(2)

    batch = bank_batches.draw_up(
        Layout.GENERIC, actor=Actor("api", "api:bank", permissions=frozenset({"billing.pay_refund"}))
    )

    assert refused(lambda: bank_batches.release(batch, actor=owner)) == "batch.own"
    assert bank_batches.release(batch, actor=colleague).released_by_id == colleague.user_id


@pytest.mark.req("VOI-02")
def test_who_confirmed_the_return_does_not_sign_what_the_system_files_for_it():
    officer = finance()
    ticket = factories.ticket()
    asked = Actor("staff", officer.label, officer.user, frozenset({"feedback.handle_ticket"}))
    opening.confirm_return(ticket, actor=asked)
    request = void_request(ticket=ticket, actor=opening.LINKS)

    assert refused(lambda: voids.decide(request, actor=officer, approve=True)) == "approval.own"


@pytest.mark.req("VOI-02")
def test_an_administrator_does_not_lend_somebodys_power_to_themselves():
    manager, admin = factories.staff(Role.MANAGEMENT), factories.staff_actor(Role.ADMINISTRATOR)
    today = clock.local(clock.now()).date()

    def lend(taker):
        days = {"first_day": today, "last_day": today + timedelta(days=7)}
        given = Delegation(giver=manager, taker=taker, subject=ApprovalLimit.Subject.REFUND, **days)
        return approvals.delegate(given, actor=admin)

    assert refused(lambda: lend(admin.user)) == "delegation.to_oneself"
    assert refused(lambda: lend(factories.staff(Role.AUDITOR))) == "delegation.audits"
    assert lend(factories.staff(Role.FINANCE_OFFICER)).pk


@pytest.mark.req("VOI-02")
def test_nobody_raises_the_limit_of_a_role_they_hold():
    admin = factories.staff_actor(Role.ADMINISTRATOR)
    role = admin.user.groups.get()

    limit = ApprovalLimit(role=role, subject=ApprovalLimit.Subject.REFUND, limit=None)

    assert refused(lambda: limits.save(limit, actor=admin)) == "limit.own_role"


@pytest.mark.req("REF-07")
def test_compensation_without_any_document_is_split_in_vain():
    customer = factories.make_customer()
    draft = refunds.RefundDraft(Decimal("4000.00"), "补偿", kind=RefundKind.CASH, customer=customer, payee=CARD)
    first = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
    second = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))

    assert approvals.counted_amount(second) == Decimal("8000.00")
    assert to_sign.standings([first, second])[first.pk].amount == Decimal("8000.00")


@pytest.mark.req("REF-01")
def test_a_result_file_that_contradicts_itself_settles_nothing_of_that_transfer():
    maker = finance()
    request = refunds.decide(refund(payment("500.00", PayChannel.BANK), payee=CARD), actor=finance(), approve=True)
    attempt = paying.begin(request, actor=PAYER)
    paying.work_off(2)
    batch = bank_batches.release(bank_batches.draw_up(Layout.GENERIC, actor=maker), actor=finance())
    bank_batches.download(batch, actor=maker)
    table = f"商户流水号,状态\n{attempt.number},成功\n{attempt.number},失败\n"

    read = bank_batches.read_result(batch, "r.csv", table.encode(), actor=maker)

    assert (read.settled, read.waiting, [error.code for error in read.errors]) == (0, 1, ["batch.row_twice"] * 2)
    assert Refund.objects.get(pk=request.pk).state == RefundState.PROCESSING


@pytest.mark.req("VOI-02")
def test_a_key_that_asked_for_a_name_files_for_that_person_before_they_agree_too():
    """Filed while nobody had agreed, signed once they have: one key, one person, two hands."""
    officer, colleague = finance(), finance()
    made = api_keys.create("OA", ["voids:write", "refunds:write"], actor=SYSTEM, acts_for=officer.user)
    key = Actor("api", "api:OA", permissions=frozenset({"billing.request_refund", "billing.request_void"}))
    money, undone = refund(actor=key), void_request(actor=key)
    api_keys.answer(made.key, officer.user, agree=True)

    assert refused(lambda: refunds.decide(money, actor=officer, approve=True)) == "approval.own"
    assert refused(lambda: voids.decide(undone, actor=officer, approve=True)) == "approval.own"
    assert voids.decide(undone, actor=colleague, approve=True).state == "verification"
