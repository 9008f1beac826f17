"""What opens by itself opens once, however many events and reports come together (LNK-01, LNK-02)."""

from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing.models import Refund, VoidRequest
from apps.billing.services import completing, opening, refunds
from apps.crm.models import ReturnOrder
from apps.crm.services import returns
from apps.crm.services.returns import ReturnReport
from apps.crm.states import ReturnState
from apps.journal.models import Event
from tests.factories import OrderFactory, make_customer, staff_actor, ticket
from tests.money import invoice, payment
from tests.races.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def sold():
    """A ticket whose customer has one invoice and no order, so that nothing else keeps a second request away."""
    one = ticket()
    bill = invoice(customer=one.customer)
    one.__class__.objects.filter(pk=one.pk).update(invoice_number=bill.number)
    return one.__class__.objects.select_related("order", "customer").get(pk=one.pk)


@pytest.mark.req("LNK-01")
def test_eight_events_open_one_void_request():
    one = sold()
    done, refused = at_once(8, lambda i: opening.open_void(one))
    assert (len([made for made in done if made is not None]), refused) == (1, [])
    assert VoidRequest.objects.filter(ticket=one).count() == 1
    assert not Event.objects.filter(kind="money.not_opened").exists()


@pytest.mark.req("LNK-02")
def test_eight_reports_of_one_return_complete_it_once_and_file_once():
    order = OrderFactory(total=Decimal("1130.00"))
    invoice(order=order, customer=order.customer)
    payment("1130.00", order=order, customer=order.customer)
    actor = staff_actor(Role.ADMINISTRATOR)
    said = ReturnReport("TH-1", order, ReturnState.COMPLETED)
    done, refused = at_once(8, lambda i: returns.report(said, actor=actor))
    assert (len(done), refused) == (8, [])
    assert Event.objects.filter(kind="return_order.completed").count() == 1

    back = ReturnOrder.objects.select_related("order").get()
    at_once(8, lambda i: completing.completed(back))
    assert (VoidRequest.objects.count(), Refund.objects.count()) == (1, 1)


@pytest.mark.req("REF-09")
def test_cases_of_one_complaint_filed_together_count_each_other():
    one, actor, customer = ticket(), staff_actor(Role.SERVICE_STAFF), make_customer()
    paid = payment("100.00", customer=customer)
    refunds.file(refunds.RefundDraft(Decimal("100.00"), payment=paid, ticket=one), actor=actor)

    def coupon(i):
        draft = refunds.RefundDraft(Decimal("50.00"), kind="coupon", customer=customer, ticket=one)
        return refunds.file(draft, actor=actor).above_cap

    done, _refused = at_once(8, coupon)  # 200 yuan beyond what was paid are tolerated
    assert sorted(done) == [False] * 4 + [True] * 4
