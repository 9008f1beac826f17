"""Filing, signing, rejecting and taking back void requests (VOI-01, VOI-02, VOI-05)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import ApprovalLimit
from apps.accounts.roles import Role
from apps.billing.models import Approval, Delegation, InvoiceLine, VoidRequest
from apps.billing.services import approvals, balance, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.states import VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.factories import staff_actor
from tests.money import finance, invoice, line, void_request

pytestmark = pytest.mark.django_db


def refused(code, call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code


def test_filing_numbers_the_request_holds_the_invoice_and_starts_the_24_hours():
    request = void_request()

    assert request.state == VoidState.FINANCE_REVIEW
    assert request.amount == Decimal("1130.00")
    assert request.number.startswith(f"V{clock.local(clock.now()):%Y%m}-")
    held = InvoiceLine.objects.get(invoice=request.invoice)
    assert (held.held_quantity, held.held_net, held.held_tax) == (Decimal(1), Decimal("1000.00"), Decimal("130.00"))


@pytest.mark.req("VOI-02")
def test_finance_alone_signs_up_to_the_threshold():
    request = void_request()

    signed = voids.decide(request, actor=finance(), approve=True)

    assert signed.state == VoidState.VERIFICATION
    assert [a.step for a in Approval.objects.filter(case_id=request.pk)] == ["finance"]


@pytest.mark.req("VOI-02")
def test_above_the_threshold_management_signs_too():
    request = void_request(invoice(line("5000.00")))

    passed = voids.decide(request, actor=finance(), approve=True)
    assert passed.state == VoidState.MANAGEMENT_REVIEW
    refused("approval.not_yours", lambda: voids.decide(passed, actor=finance(), approve=True))

    signed = voids.decide(passed, actor=staff_actor(Role.MANAGEMENT), approve=True)
    assert signed.state == VoidState.VERIFICATION


@pytest.mark.req("VOI-02")
def test_above_the_second_threshold_two_finance_people_and_management_sign():
    request = void_request(invoice(line("30000.00")))
    first = finance()

    once = voids.decide(request, actor=first, approve=True)
    assert once.state == VoidState.FINANCE_REVIEW
    refused("approval.twice", lambda: voids.decide(once, actor=first, approve=True))
    twice = voids.decide(once, actor=finance(Role.FINANCE_MANAGER), approve=True)

    assert twice.state == VoidState.MANAGEMENT_REVIEW
    assert voids.decide(twice, actor=staff_actor(Role.MANAGEMENT), approve=True).state == VoidState.VERIFICATION


@pytest.mark.req("VOI-02", "ARC-06")
def test_splitting_a_request_does_not_slip_under_the_threshold():
    blue = invoice(line("6000.00", "2"))
    blue_line = blue.lines.get()
    void_request(blue, reason="02", asks=[Ask(blue_line, Decimal(1))])
    second = void_request(blue, reason="02", asks=[Ask(blue_line, Decimal(1))])

    assert second.amount == Decimal("3390.00")
    assert approvals.standing(second).amount == Decimal("6780.00")
    assert voids.decide(second, actor=finance(), approve=True).state == VoidState.MANAGEMENT_REVIEW


@pytest.mark.req("VOI-02")
@pytest.mark.parametrize("role", [Role.FINANCE_OFFICER, Role.ADMINISTRATOR])
def test_nobody_signs_what_they_filed(role):
    maker = staff_actor(role, "finance")
    request = void_request(actor=maker)
    events = Event.objects.count()

    for approve in (True, False):
        refused("approval.own", lambda: voids.decide(request, actor=maker, approve=approve, reason="不"))  # noqa: B023

    assert VoidRequest.objects.get(pk=request.pk).state == VoidState.FINANCE_REVIEW
    assert Event.objects.count() == events
    assert not Approval.objects.exists()


@pytest.mark.req("VOI-02")
def test_a_rejected_request_frees_the_invoice_and_comes_back_with_its_history():
    maker = staff_actor()
    request = void_request(actor=maker)
    refused("reason.missing", lambda: voids.decide(request, actor=finance(), approve=False))

    rejected = voids.decide(request, actor=finance(), approve=False, reason="缺少退货单")
    assert rejected.state == VoidState.REJECTED
    assert InvoiceLine.objects.get(invoice=request.invoice).held_net == 0

    again = voids.resubmit(rejected, actor=maker, words_="已补退货单")
    assert (again.state, again.round) == (VoidState.FINANCE_REVIEW, 2)
    assert list(Approval.objects.values_list("round", "approved", "reason")) == [(1, False, "缺少退货单")]
    assert InvoiceLine.objects.get(invoice=request.invoice).held_net == Decimal("1000.00")


@pytest.mark.req("VOI-02")
def test_a_delegate_signs_within_the_days_and_never_for_their_own_request():
    boss, deputy = finance(Role.FINANCE_MANAGER), staff_actor(Role.SERVICE_STAFF, "finance")
    today = clock.local(clock.now()).date()
    row = Delegation(
        subject=ApprovalLimit.Subject.VOID, giver=boss.user, taker=deputy.user, first_day=today, last_day=today
    )
    approvals.delegate(row, actor=boss)

    signed = voids.decide(void_request(), actor=deputy, approve=True)
    approval = Approval.objects.get()
    assert signed.state == VoidState.VERIFICATION
    assert (approval.by, approval.for_whom) == (deputy.user, boss.user)
    refused("approval.own", lambda: voids.decide(void_request(actor=deputy), actor=deputy, approve=True))
    refused("approval.not_yours", lambda: voids.decide(void_request(actor=boss), actor=deputy, approve=True))

    with clock.at(clock.now() + timedelta(days=1)):
        refused("approval.not_yours", lambda: voids.decide(void_request(), actor=deputy, approve=True))
    approvals.take_back(row, actor=boss)
    refused("approval.not_yours", lambda: voids.decide(void_request(), actor=deputy, approve=True))


def test_only_whoever_filed_takes_a_request_back():
    maker = staff_actor()
    request = void_request(actor=maker)
    refused("core.not_allowed", lambda: voids.withdraw(request, actor=finance()))

    assert voids.withdraw(request, actor=maker).state == VoidState.WITHDRAWN
    assert InvoiceLine.objects.get(invoice=request.invoice).held_quantity == 0


def test_a_whole_invoice_is_asked_for_once():
    request = void_request()
    refused("void.waiting", lambda: void_request(request.invoice))


@pytest.mark.req("VOI-05")
@pytest.mark.parametrize(
    ("reason", "asks", "code"),
    [
        ("01", {"quantity": Decimal(1)}, "void.only_whole"),
        ("02", {"net": Decimal("10.00")}, "void.no_amount"),
        ("04", {"quantity": Decimal(1)}, "void.no_quantity"),
        ("02", {"quantity": Decimal("2.5")}, "void.above_balance"),
        ("04", {"net": Decimal("1000.01")}, "void.above_balance"),
        ("09", {"quantity": Decimal(1)}, "void.reason_unknown"),
    ],
)
def test_what_a_reason_allows_on_a_digital_invoice(reason, asks, code):
    blue = invoice(line("1000.00", "2"))
    refused(code, lambda: void_request(blue, reason=reason, asks=[Ask(blue.lines.get(), **asks)]))
    assert not VoidRequest.objects.exists()


@pytest.mark.req("VOI-03", "VOI-04")
def test_verification_fills_itself_and_decides_then_a_person_confirms_the_rest():
    request = voids.decide(void_request(), actor=finance(), approve=True)

    assert (request.act, request.rule) == ("", None)
    request = VoidRequest.objects.get(pk=request.pk)
    assert (request.act, request.rule.code) == ("red", "digital-unused")
    assert request.ruling["facts"]["same_month"] is True
    refused("void.checks_open", lambda: verification.confirm(request, actor=finance()))

    checker = finance()
    for check in request.checks.filter(result="open"):
        verification.record_check(request, check.kind, passed=True, actor=checker, detail="电话核对无误")
    assert verification.confirm(request, actor=checker).state == VoidState.AWAITING_FORM


@pytest.mark.req("VOI-05")
@settings(max_examples=60, deadline=None)
@given(
    net=st.decimals("0.01", "5000", places=2),
    quantity=st.integers(1, 40),
    rate=st.sampled_from(["0.13", "0.09", "0.06", "0.03", "0.01", "0"]),
    cuts=st.lists(st.one_of(st.integers(1, 40), st.decimals("0.01", "5000", places=2)), max_size=8),
)
def test_parts_never_exceed_the_line_and_the_rest_adds_up_to_the_fen(net, quantity, rate, cuts):
    tax = (net * Decimal(rate)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    blue = InvoiceLine(
        position=1, quantity=Decimal(quantity), net=net, rate=Decimal(rate), tax=tax, held_quantity=Decimal(0),
        held_net=Decimal(0), held_tax=Decimal(0),
    )  # fmt: skip
    taken = []
    for cut in cuts:
        ask = Ask(blue, Decimal(cut)) if isinstance(cut, int) else Ask(blue, net=cut)
        try:
            part = balance.portion(ask)
        except DomainError:
            continue
        taken.append(part)
        blue.held_quantity += part.quantity
        blue.held_net += part.net
        blue.held_tax += part.tax
        assert 0 <= blue.held_net <= net
        assert 0 <= blue.held_tax <= tax
        assert 0 <= blue.held_quantity <= quantity
        if blue.held_quantity == quantity:  # the last part takes the remainder
            assert (blue.held_net, blue.held_tax) == (net, tax)
    rest = balance.everything([blue])
    parts = [*taken, *rest]
    assert sum(p.net for p in parts) == net
    assert sum(p.tax for p in parts) == tax


def test_an_issued_invoice_is_never_edited():
    blue = invoice(number="26317000000012345678")
    refused("invoice.changed", lambda: invoice(line("999.00"), number="26317000000012345678"))
    assert invoice(number="26317000000012345678").pk == blue.pk


def test_the_database_itself_keeps_red_within_blue():
    blue = invoice()
    with pytest.raises(IntegrityError, match="invoice_line_red_within_blue"):
        InvoiceLine.objects.filter(invoice=blue).update(held_net=Decimal("1000.01"))


def test_the_system_may_open_a_request_and_then_anybody_else_signs():
    request = void_request(actor=SYSTEM)
    assert voids.decide(request, actor=finance(), approve=True).state == VoidState.VERIFICATION
