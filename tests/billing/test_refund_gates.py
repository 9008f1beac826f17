"""The red invoice comes before the money, unless a rule or a person says otherwise (VOI-13)."""

from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing import settlement
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.models import GateException, RefundGate, VoidRequest
from apps.billing.services import paying, refund_gates, tax_operations
from apps.billing.services.balance import Ask
from apps.billing.services.paying import PAYER
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests import factories
from tests.billing import tax
from tests.billing.refunding import approve, fresh
from tests.money import finance, invoice, line, payment, refund, void_request

pytestmark = pytest.mark.django_db


@pytest.mark.req("VOI-13", "ADM-05")
def test_a_changed_row_of_the_gate_tells_what_it_was_what_it_is_and_who():
    boss, today = finance(Role.FINANCE_MANAGER), clock.local(clock.now()).date()
    row = RefundGate(reason_code="02", up_to=Decimal("100.00"), before_red=False, effective_from=today)
    with pytest.raises(DomainError):
        refund_gates.save_rule(row, actor=factories.staff_actor(Role.SERVICE_STAFF))
    refund_gates.save_rule(row, actor=boss)
    row.up_to, row.before_red = Decimal("300.00"), True
    refund_gates.save_rule(row, actor=boss)
    refund_gates.save_rule(RefundGate.objects.get(pk=row.pk), actor=boss)  # as it was

    new, changed = Event.objects.filter(kind="billing.refund_gates_changed", subject_id=row.pk).order_by("at", "id")
    assert new.data["before"] is None and new.data["after"]["up_to"] == "100.00"
    before, after = changed.data["before"], changed.data["after"]
    differs = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    assert differs == {"up_to": ("100.00", "300.00"), "before_red": (False, True)}
    assert (changed.actor_kind, changed.actor_label) == ("staff", boss.label)


@pytest.mark.req("VOI-13")
def test_the_red_invoice_comes_first_unless_a_rule_or_a_person_says_otherwise():
    RefundGate.objects.all().delete()
    of = void_request(invoice(), reason="02", asks=())
    request = approve(refund(amount="100.00", void_request=of))
    with pytest.raises(DomainError, match=r"红|red") as caught:
        paying.begin(request, actor=PAYER)
    assert caught.value.code == "refund.red_first"
    assert paying.begin_approved() == 0
    assert fresh(request).held_because
    assert Event.objects.filter(kind="refund.held").count() == 1

    today = clock.local(clock.now()).date()
    RefundGate.objects.create(reason_code="02", up_to=Decimal("99.99"), before_red=True, effective_from=today)
    assert paying.begin_approved() == 0
    row = RefundGate.objects.create(reason_code="02", up_to=Decimal("100.00"), before_red=True, effective_from=today)
    assert refund_gates.red_first(fresh(request), {}) is None
    RefundGate.objects.filter(pk=row.pk).delete()

    boss = factories.staff_actor(Role.FINANCE_MANAGER, "finance")
    with pytest.raises(DomainError):
        refund_gates.except_from(fresh(request), actor=factories.staff_actor(Role.SERVICE_STAFF), reason="急")
    refund_gates.except_from(fresh(request), actor=boss, reason="客户住院，先行退款")
    assert paying.begin_approved() == 1
    kept = GateException.objects.get()
    assert (kept.by_id, kept.reason) == (boss.user_id, "客户住院，先行退款")
    assert [(e.refund.pk, e.exception) for e in settlement.exposure(finance())] == [(request.pk, kept)]


@pytest.mark.req("VOI-13")
@pytest.mark.parametrize("by_request", [True, False])
def test_of_an_invoice_undone_in_part_no_more_leaves_than_was_undone(by_request):
    RefundGate.objects.all().delete()
    buyer = factories.make_customer()
    order = factories.OrderFactory(customer=buyer)
    blue = invoice(line("1000.00", "10"), kind="e_ordinary", customer=buyer, order=order)
    part = tax.begun(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(3))])
    tax_operations.settle(part.operations.get(), TaxOutcome(Proof.SUCCEEDED, certificate="99" + "1" * 18))
    paid = payment("1130.00", customer=buyer, order=order)
    by = {"void_request": VoidRequest.objects.get()} if by_request else {}
    small, large, last = (approve(refund(paid, amount=amount, **by)) for amount in ("300.00", "39.01", "39.00"))

    assert refund_gates.invoice_of(small) is None
    paying.begin(small, actor=PAYER)
    with pytest.raises(DomainError) as caught:
        paying.begin(large, actor=PAYER)
    assert caught.value.code == "refund.red_first"
    paying.begin(last, actor=PAYER)

    assert settlement.exposure(finance()) == []
    boss = factories.staff_actor(Role.FINANCE_MANAGER, "finance")
    refund_gates.except_from(fresh(large), actor=boss, reason="客户住院，先行退款")
    paying.begin(fresh(large), actor=PAYER)
    assert {one.invoice for one in settlement.exposure(finance())} == {str(blue)}


@pytest.mark.req("VOI-13")
def test_more_than_the_undone_invoice_waits_for_the_orders_other_one():
    RefundGate.objects.all().delete()
    buyer = factories.make_customer()
    order = factories.OrderFactory(customer=buyer)
    small = tax.begun(of=invoice(line("100.00"), kind="e_ordinary", customer=buyer, order=order))
    tax_operations.settle(small.operations.get(), TaxOutcome(Proof.SUCCEEDED, certificate="99" + "2" * 18))
    other = invoice(line("900.00"), kind="e_ordinary", customer=buyer, order=order)
    paid, of = payment("1130.00", customer=buyer, order=order), VoidRequest.objects.get()

    covered, more = (approve(refund(paid, amount=amount, void_request=of)) for amount in ("113.00", "113.01"))

    assert refund_gates.invoice_of(covered) is None
    assert refund_gates.invoice_of(more) == other
