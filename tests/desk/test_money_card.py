"""The money card on the ticket's page (LNK-01, LNK-03, REF-09)."""

from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing.models import Cancellation, Refund, VoidRequest
from apps.billing.services import opening, refunds, voids
from apps.billing.states import VoidState
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from apps.journal import deliveries
from apps.notifications.models import OutgoingMessage
from tests.desk.pages import at, do
from tests.factories import OrderFactory, plan, staff_actor, ticket_in
from tests.money import finance, invoice, payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(signed_in):
    """A return in progress with order, invoice and payment; the browser of its handler."""
    client = signed_in("service_staff")
    from apps.core import actors

    handler = actors.staff(client.user)
    one = ticket_in("in_progress", actor=handler, demand="return")
    customer = Customer.objects.get(pk=one.customer_id)
    order = OrderFactory(customer=customer, total=Decimal("1130.00"))
    bill = invoice(order=order, customer=customer)
    paid = payment("1130.00", order=order, customer=customer)
    Ticket.objects.filter(pk=one.pk).update(order=order, order_number=order.number)
    one = Ticket.objects.get(pk=one.pk)
    one.handler, one.bill, one.paid, one.client = handler, bill, paid, client
    return one


def settle():
    for _ in range(3):
        deliveries.drain()


@pytest.mark.req("LNK-01")
def test_the_return_is_confirmed_on_the_page_and_its_case_shows_who_has_it(sold):
    page = sold.client.get(at(sold)).content.decode()
    assert "1,130.00" in page and str(sold.bill) in page
    answer = do(sold.client, sold, "money_return", htmx=True, note="客户来电确认")
    assert answer.status_code == 200
    settle()

    request = VoidRequest.objects.get()
    page = sold.client.get(at(sold)).content.decode()
    assert request.number in page
    card = page[page.index('id="money"') :]
    assert "财务" in card and 'name="note"' not in card
    voids.decide(request, actor=finance(), approve=True)
    card = sold.client.get(at(sold)).content.decode()
    assert str(VoidState.VERIFICATION.label) in card


def test_what_did_not_start_by_itself_says_why_and_is_filed_by_hand(sold):
    invoice(order=sold.order, customer=sold.bill.customer)  # which of the two?
    opening.confirm_return(sold, actor=sold.handler)
    settle()
    page = sold.client.get(at(sold)).content.decode()
    assert "money-unopened" in page and "act=money_void" in page

    answer = do(sold.client, sold, "money_void", invoice=str(sold.bill.pk), reason="02", words="整单退货")
    assert answer.status_code == 302
    assert VoidRequest.objects.get().ticket == sold
    assert "money-unopened" not in sold.client.get(at(sold)).content.decode()
    again = do(sold.client, sold, "money_void", htmx=True, invoice=str(sold.bill.pk), reason="02", words="")
    assert again.status_code == 422
    assert VoidRequest.objects.count() == 1


@pytest.mark.req("REF-07")
def test_refund_compensation_and_voucher_are_asked_for_from_the_page(sold):
    assert (
        do(sold.client, sold, "money_refund", payment=str(sold.paid.pk), amount="￥1,000", words="").status_code == 302
    )
    assert do(sold.client, sold, "money_compensation", kind="coupon", amount="20", words="致歉").status_code == 302
    voucher = do(sold.client, sold, "money_cancellation", kind="voucher", subject_number="DJQ 1", amount="50", words="")
    assert voucher.status_code == 302
    for name, typed in [
        ("money_refund", {"payment": str(sold.paid.pk), "amount": ""}),
        ("money_refund", {"payment": str(sold.paid.pk), "amount": "131"}),
        ("money_compensation", {"kind": "cash", "amount": "10"}),
        ("money_cancellation", {"kind": "voucher", "subject_number": "DJQ1", "amount": "50"}),
    ]:
        assert do(sold.client, sold, name, htmx=True, **typed).status_code == 422

    assert sorted(Refund.objects.values_list("kind", "amount")) == [
        ("coupon", Decimal("20.00")), ("refund", Decimal("1000.00")),
    ]  # fmt: skip
    case = Cancellation.objects.get()
    assert (case.subject_number, case.amount) == ("DJQ1", Decimal("50.00"))
    page = sold.client.get(at(sold)).content.decode()
    assert "1,020.00" in page  # on its way


def test_a_case_is_taken_back_and_a_refusal_told_once(sold):
    one = refunds.file(refunds.RefundDraft(Decimal("10.00"), "", payment=sold.paid, ticket=sold), actor=sold.handler)
    other = refunds.file(refunds.RefundDraft(Decimal("20.00"), "", payment=sold.paid, ticket=sold), actor=sold.handler)
    assert do(sold.client, sold, "money_back", case=str(one.pk), reason="客户不要了").status_code == 302
    assert Refund.objects.get(pk=one.pk).state == "cancelled"
    refunds.decide(other, actor=finance(), approve=False, reason="不符合条件")
    assert do(sold.client, sold, "money_tell", case=str(other.pk), text="活动已结束，差价无法退还。").status_code == 302
    assert do(sold.client, sold, "money_tell", htmx=True, case=str(other.pk), text="再说一次").status_code == 422
    assert OutgoingMessage.objects.get(template="refund_refused").body.count("活动已结束") == 1
    foreign = refunds.file(
        refunds.RefundDraft(Decimal("5.00"), "", payment=payment()), actor=staff_actor(Role.SERVICE_STAFF)
    )
    assert do(sold.client, sold, "money_back", htmx=True, case=str(foreign.pk), reason="x").status_code in (404, 422)
    assert Refund.objects.get(pk=foreign.pk).state == "created"


@pytest.mark.req("LNK-03")
def test_the_step_that_ends_the_ticket_says_which_case_holds_it(sold):
    plan(sold, sold.handler)
    request = voids.file(voids.VoidDraft(sold.bill, "02", ticket=sold), actor=sold.handler)
    page = sold.client.get(at(sold)).content.decode()
    assert f"№{request.number}" in page


def test_a_ticket_without_money_shows_no_card(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress")
    assert 'id="money"' not in client.get(at(one)).content.decode()


def test_who_may_not_ask_for_money_sees_the_states_and_no_button(sold, signed_in):
    voids.file(voids.VoidDraft(sold.bill, "02", ticket=sold), actor=sold.handler)
    client = signed_in("quality", "quality")
    page = client.get(at(sold)).content.decode()
    assert 'id="money"' in page and "act=money_void" not in page and 'name="case"' not in page
    assert do(client, sold, "money_void", htmx=True, invoice=str(sold.bill.pk), reason="02").status_code in (403, 422)


@pytest.mark.req("LNK-03")
def test_what_finance_does_stands_in_the_tickets_story_once(sold):
    request = refunds.file(
        refunds.RefundDraft(Decimal("100.00"), "", payment=sold.paid, ticket=sold), actor=sold.handler
    )
    refunds.decide(request, actor=finance(), approve=False, reason="活动期内不补差价")
    settle()
    page = sold.client.get(at(sold)).content.decode()
    story = page[page.index("story-col") : page.index('id="money"')]
    assert story.count("活动期内不补差价") == 1
