"""From feedback to money and back (LNK-01, LNK-02, LNK-03)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing import events, selectors
from apps.billing.models import Refund, ReturnRule, VoidRequest, VoidRule
from apps.billing.services import opening, refunds, telling, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.states import CheckKind, CheckResult, RefundState, VoidState
from apps.core import clock
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.crm.services import returns
from apps.crm.services.returns import ReturnReport
from apps.crm.states import OrderState, ReturnState
from apps.feedback.models import Ticket
from apps.feedback.services import closure, facts, merging, planning, reclassification
from apps.feedback.services.reclassification import Correction
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from tests import factories
from tests.factories import OrderFactory, staff_actor, ticket, ticket_in
from tests.money import finance, invoice, line, payment

pytestmark = pytest.mark.django_db
ALL = Decimal("1130.00")


def deliver():
    """What receivers make known is heard by others in the next round."""
    for _ in range(3):
        deliveries.drain()


def sold(total="1130.00", **fields):
    """An order with its ticket in progress (handler `.handler`), its invoice and its payment."""
    handler = staff_actor(Role.SERVICE_STAFF)
    case = ticket_in("in_progress", actor=handler, **fields)
    customer = Customer.objects.get(pk=case.customer_id)
    order = OrderFactory(customer=customer, total=Decimal(total))
    bill = invoice(order=order, customer=customer)
    paid = payment(total, order=order, customer=customer)
    facts.correct(case, {"order_number": order.number, "invoice_number": bill.number}, actor=handler)
    case = Ticket.objects.get(pk=case.pk)
    case.handler, case.bill, case.paid = handler, bill, paid
    return case


def approved(case, kind="return", cost="1130.00"):
    planning.propose_solution(case, actor=case.handler, type=kind, description="退回整机", cost=Decimal(cost))
    if Decimal(cost):
        planning.decide_solution(case, actor=staff_actor(Role.MANAGEMENT, "management"), approve=True)
    deliver()


def completed(order, amount=None, number="TH-1", **fields):
    said = ReturnReport(number, order, ReturnState.COMPLETED, amount, **fields)
    back = returns.report(said, actor=staff_actor(Role.ADMINISTRATOR))
    deliver()
    return back


@pytest.mark.req("LNK-01")
def test_an_approved_return_opens_the_void_request_once():
    case = sold()
    approved(case)

    request = VoidRequest.objects.get(ticket=case)
    assert (request.invoice, request.amount, request.reason.code) == (case.bill, ALL, "02")
    assert (request.state, request.requested_by, request.words) == (VoidState.FINANCE_REVIEW, None, "退回整机")
    assert request.invoice.order.number == case.order_number
    told = Notice.objects.get(kind="money_decided", user=case.handler.user)
    assert request.number in told.text and "1,130.00" in told.text

    reclassification.reclassify(case, Correction(demand="return"), actor=case.handler, reason="客户确认退货")
    opening.confirm_return(case, actor=case.handler)
    deliver()
    assert VoidRequest.objects.count() == 1


@pytest.mark.req("LNK-01")
def test_a_demand_confirmed_by_staff_opens_it_and_a_customers_own_word_does_not():
    case = sold(demand="return")
    deliver()
    assert not VoidRequest.objects.exists()
    opening.confirm_return(case, actor=case.handler, note="已电话确认")
    deliver()

    assert VoidRequest.objects.get(ticket=case).amount == ALL
    assert Event.objects.get(kind=events.RETURN_CONFIRMED).reason == "已电话确认"


@pytest.mark.req("LNK-01")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda case: Ticket.objects.filter(pk=case.pk).update(invoice_number="999"), "link.invoice_unknown"),
        (lambda case: Ticket.objects.filter(pk=case.pk).update(invoice_number="", order=None), "link.several_invoices"),
        (lambda case: voids.file(voids.VoidDraft(case.bill, "02"), actor=finance()), "void.waiting"),
        (lambda case: case.order.__class__.objects.update(total=Decimal("999.00")), "link.amount_unclear"),
    ],
)
def test_what_is_not_clear_is_left_to_a_person_with_the_reason(change, code):
    case = sold(demand="return")
    invoice(customer=Customer.objects.get(pk=case.customer_id))  # a second invoice of the customer
    change(case)
    before = VoidRequest.objects.count()
    opening.confirm_return(case, actor=case.handler)
    deliver()

    assert VoidRequest.objects.count() == before
    event = Event.objects.get(kind=events.MONEY_NOT_OPENED, subject_id=case.pk)
    assert event.data["code"] == code
    assert Notice.objects.filter(kind="money_not_opened", user=case.handler.user).count() == 1


@pytest.mark.parametrize(
    ("lines", "kind", "cost", "expected"),
    [
        ([line("3000.00", "3")], "return", "1130.00", ("02", "1130.00", "1.000000")),  # one of three pieces
        ([line("3000.00", "3")], "return", "1000.00", "link.part_unclear"),  # no number of pieces makes that
        ([line("3000.00", "3")], "refund", "113.00", ("04", "113.00", "0.000000")),  # an allowance
        ([line("3000.00", "3")], "refund", "100.00", "link.part_unclear"),  # no net with its tax makes that to the fen
        ([line("3000.00", "3")], "refund", "3390.00", ("02", "3390.00", "3.000000")),
        ([line(), line("50.00")], "return", "1130.00", "link.part_unclear"),
        ([line("3000.00", "3")], "return", "4000.00", "link.above_invoice"),
    ],
)
def test_the_amount_of_the_solution_decides_what_is_undone(lines, kind, cost, expected):
    case = sold()
    bill = invoice(*lines, order=case.order, customer=Customer.objects.get(pk=case.customer_id), facts={
        "export_refund": False, "use_confirmed": True, "buyer_booked": False,
    })  # fmt: skip
    facts.correct(case, {"invoice_number": bill.number}, actor=case.handler)
    approved(case, kind, cost)

    if isinstance(expected, str):
        assert Event.objects.get(kind=events.MONEY_NOT_OPENED).data["code"] == expected
        return
    request = VoidRequest.objects.get(ticket=case)
    undone = request.lines.get()
    assert (request.reason.code, f"{request.amount:.2f}", f"{undone.quantity:f}") == expected


@pytest.mark.req("LNK-02")
def test_a_completed_return_files_voiding_and_refund_and_persons_approve():
    case = sold(demand="return")
    back = completed(case.order, received_at=clock.now() - timedelta(days=1))

    request, refund = VoidRequest.objects.get(), Refund.objects.get()
    assert (request.ticket, request.state, request.amount) == (case, VoidState.FINANCE_REVIEW, ALL)
    assert (refund.void_request, refund.payment, refund.amount) == (request, case.paid, ALL)
    assert (refund.state, refund.requested_by, refund.ticket) == (RefundState.CREATED, None, case)
    limit = Deadline.objects.get(subject_id=case.pk, metric="legal_refund")
    assert limit.started_at == back.received_at
    voids.decide(request, actor=finance(), approve=True)
    check = request.checks.get(kind=CheckKind.GOODS_BACK)
    assert (check.result, check.source, check.detail) == (CheckResult.PASSED, "warehouse", "TH-1")

    returns.report(ReturnReport("TH-1", case.order, ReturnState.COMPLETED), actor=staff_actor(Role.ADMINISTRATOR))
    deliver()
    assert (VoidRequest.objects.count(), Refund.objects.count()) == (1, 1)


@pytest.mark.req("LNK-02")
def test_a_return_without_a_ticket_starts_too_and_what_was_filed_before_is_only_checked():
    order = OrderFactory(total=ALL)
    payment("1130.00", order=order, customer=order.customer)
    filed = voids.file(
        voids.VoidDraft(invoice(order=order, customer=order.customer), "02"), actor=staff_actor(Role.SERVICE_STAFF)
    )
    voids.decide(filed, actor=finance(), approve=True)
    order.state = OrderState.RETURNED
    order.save()
    returns.came_back(order, actor=staff_actor(Role.ADMINISTRATOR))
    deliver()

    request = VoidRequest.objects.get()
    assert request.pk == filed.pk
    assert request.checks.get(kind=CheckKind.GOODS_BACK).result == CheckResult.PASSED
    assert Refund.objects.get().void_request == request
    assert returns.came_back(order, actor=staff_actor(Role.ADMINISTRATOR)) is None


@pytest.mark.req("LNK-02")
def test_above_the_rule_or_without_a_payment_a_person_is_told_why():
    factories.staff(Role.FINANCE_OFFICER, "finance")
    order = OrderFactory(total=Decimal("20000.01"))
    completed(order)
    small = OrderFactory(total=ALL)
    invoice(order=small, customer=small.customer)
    completed(small, number="TH-2")

    codes = [e.data["code"] for e in Event.objects.filter(kind=events.MONEY_NOT_OPENED).order_by("id")]
    assert codes == ["link.no_invoice", "link.no_payment"]
    assert VoidRequest.objects.get().invoice.order == small
    assert Notice.objects.filter(kind="money_not_opened").count() == 2
    invoice(order=order, customer=order.customer)
    completed(order, Decimal("20000.01"), number="TH-3")
    assert Event.objects.filter(kind=events.MONEY_NOT_OPENED).latest("id").data["code"] == "link.no_rule"


@pytest.mark.req("LNK-02")
def test_a_dated_row_lets_small_returns_pass_without_a_person_and_split_ones_not():
    ReturnRule.objects.update(approve_up_to=Decimal("500.00"))
    order = OrderFactory(total=Decimal("226.00"))
    invoice(line("200.00"), order=order, customer=order.customer)
    payment("226.00", order=order, customer=order.customer)
    completed(order)

    request, refund = VoidRequest.objects.get(), Refund.objects.get()
    assert (request.state, refund.state) == (VoidState.VERIFICATION, RefundState.APPROVED)
    assert Event.objects.get(kind=events.REFUND_APPROVED).data["rule"] == str(ReturnRule.objects.get().pk)

    big = OrderFactory(total=ALL)
    invoice(order=big, customer=big.customer)
    payment("1130.00", order=big, customer=big.customer)
    completed(big, number="TH-2")
    assert VoidRequest.objects.get(invoice__order=big).state == VoidState.FINANCE_REVIEW
    assert Refund.objects.get(payment__order=big).state == RefundState.CREATED


@pytest.mark.req("LNK-02")
def test_a_rule_that_ended_starts_nothing():
    ReturnRule.objects.update(effective_to=date(2025, 12, 31))
    case = sold(demand="return")
    completed(case.order)

    assert not VoidRequest.objects.exists()
    assert Event.objects.get(kind=events.MONEY_NOT_OPENED).data["code"] == "link.no_rule"


def test_a_return_is_reported_once_and_stays_over():
    order, actor = OrderFactory(total=ALL), staff_actor(Role.ADMINISTRATOR)
    report = returns.report
    report(ReturnReport("TH-9", order, ReturnState.SHIPPED), actor=actor)
    assert report(ReturnReport("TH-9", order, ReturnState.SHIPPED), actor=actor).state == ReturnState.SHIPPED
    report(ReturnReport("TH-9", order, ReturnState.COMPLETED, Decimal("10.00")), actor=actor)
    for wrong, code in [
        (ReturnReport("TH-9", order, ReturnState.SHIPPED), "crm.return_over"),
        (ReturnReport("TH-9", OrderFactory(), ReturnState.SHIPPED), "crm.return_of_another_order"),
        (ReturnReport("TH-8", order, ReturnState.COMPLETED, Decimal("1130.01")), "crm.return_amount"),
        (ReturnReport(" ", order, ReturnState.COMPLETED), "crm.return_number_missing"),
        (ReturnReport("TH-8", order, "lost"), "core.invalid_choice"),
    ]:
        with pytest.raises(DomainError) as caught:
            report(wrong, actor=actor)
        assert caught.value.code == code
    with pytest.raises(DomainError):
        report(ReturnReport("TH-8", order, ReturnState.SHIPPED), actor=staff_actor(Role.SERVICE_STAFF))
    assert Event.objects.filter(kind="return_order.completed").count() == 1


@pytest.mark.req("LNK-03")
def test_decisions_come_back_to_the_handler_once_and_to_the_customer_in_their_language():
    case = sold(demand="return", language="en")
    request = refunds.file(
        refunds.RefundDraft(Decimal("100.00"), "退差价", payment=case.paid, ticket=case), actor=case.handler
    )
    boss = finance()
    refunds.decide(request, actor=boss, approve=False, reason="活动期内不补差价")
    deliver()

    told = Notice.objects.get(kind="money_decided", user=case.handler.user)
    assert request.number in told.text and "活动期内不补差价" in told.text
    assert not Notice.objects.filter(kind="money_decided", user=boss.user).exists()
    telling.tell_refused(request, "The price held for the campaign only.", actor=case.handler)
    with pytest.raises(DomainError) as caught:
        telling.tell_refused(request, "Again.", actor=case.handler)
    assert caught.value.code == "money.refusal_told"
    sent = OutgoingMessage.objects.get(template="refund_refused")
    assert (sent.language, "100.00" in sent.body) == ("en", True)
    assert "The price held for the campaign only." in sent.body


@pytest.mark.req("LNK-03")
def test_open_money_holds_the_ticket_until_it_is_over_or_taken_back():
    case = sold(demand="return")
    factories.plan(case, case.handler)
    opening.confirm_return(case, actor=case.handler)
    deliver()
    request = VoidRequest.objects.get()
    with pytest.raises(DomainError) as caught:
        closure.resolve(case, "已退货", actor=case.handler)
    assert caught.value.code == "money.open"
    assert request.number in caught.value.words
    with pytest.raises(DomainError):
        closure.resolve(case, "已退货", actor=staff_actor(Role.ADMINISTRATOR))
    voids.withdraw(request, actor=case.handler, reason="客户不退了")  # filed by the system: whoever may file may

    assert closure.resolve(case, "已退货", actor=case.handler).state == "resolved"


def test_money_moves_with_a_merged_ticket_and_back_out_of_it():
    case = sold(demand="return")
    opening.confirm_return(case, actor=case.handler)
    deliver()
    other = factories.beside(case)
    factories.accept(other, case.handler)
    factories.plan(other, case.handler)
    merging.merge(case, other, actor=case.handler)
    with pytest.raises(DomainError) as caught:
        closure.resolve(other, "已处理", actor=case.handler)
    assert caught.value.code == "money.open"
    assert [line.case.ticket for line in selectors.lines(Ticket.objects.get(pk=other.pk))] == [case]
    merging.unmerge(Ticket.objects.get(pk=case.pk), actor=case.handler, reason="合并错了")

    assert closure.resolve(other, "已处理", actor=case.handler).state == "resolved"


def test_a_satisfied_customer_is_heard_while_money_is_open_and_the_ticket_closes_after_it():
    case = sold()
    factories.plan(case, case.handler)
    closure.resolve(case, "已退货", actor=case.handler)
    closure.start_callback(Ticket.objects.get(pk=case.pk), actor=case.handler)
    request = refunds.file(
        refunds.RefundDraft(Decimal("100.00"), "", payment=case.paid, ticket=case), actor=case.handler
    )
    factories.answer(5)(Ticket.objects.get(pk=case.pk), case.handler)
    assert Ticket.objects.get(pk=case.pk).state == "callback"
    refunds.cancel(request, actor=case.handler, reason="客户不要了")
    deliver()

    fresh = Ticket.objects.get(pk=case.pk)
    assert (fresh.state, fresh.closed_as, fresh.satisfaction) == ("closed", "satisfied", 5)


def test_silence_closes_after_the_money_too():
    case = sold()
    factories.plan(case, case.handler)
    closure.resolve(case, "已退货", actor=case.handler)
    closure.start_callback(Ticket.objects.get(pk=case.pk), actor=case.handler)
    request = refunds.file(
        refunds.RefundDraft(Decimal("100.00"), "", payment=case.paid, ticket=case), actor=case.handler
    )
    from apps.sla.services.sweep import sweep

    with clock.at(clock.now() + timedelta(days=8)):
        sweep(now=clock.now())
        deliver()
        assert Ticket.objects.get(pk=case.pk).state == "callback"
        refunds.cancel(request, actor=case.handler, reason="客户不要了")
        deliver()
        fresh = Ticket.objects.get(pk=case.pk)
        assert (fresh.state, fresh.closed_as) == ("closed", "no_reply")


def test_pending_with_open_money_is_not_rejected_as_spam():
    case = ticket()
    customer = Customer.objects.get(pk=case.customer_id)
    refunds.file(
        refunds.RefundDraft(Decimal("20.00"), kind="coupon", customer=customer, ticket=case),
        actor=staff_actor(Role.SERVICE_STAFF),
    )
    with pytest.raises(DomainError) as caught:
        closure.reject(case, actor=staff_actor(Role.SERVICE_LEAD), why="spam")
    assert caught.value.code == "money.open"


@pytest.mark.req("LAW-01")
def test_the_legal_clock_runs_again_after_a_bounce():
    case = sold(demand="return")
    back = completed(case.order, received_at=clock.now() - timedelta(days=3))
    refund = Refund.objects.get()
    voids.withdraw(VoidRequest.objects.get(), actor=case.handler)
    paid_and_bounced(refund)

    running = Deadline.objects.filter(subject_id=case.pk, metric="legal_refund").order_by("id")
    assert [d.state for d in running] == ["met", "open"]
    assert running[1].started_at == back.received_at
    assert running[1].due_at == running[0].due_at
    assert Event.objects.get(kind="ticket.refund_came_back").data["at"] == back.received_at.isoformat()


def paid_and_bounced(refund):
    """As the engine writes it, without a provider."""
    from apps.billing.adapters.base import Outcome, Proof
    from apps.billing.services import paying

    refunds.decide(refund, actor=finance(), approve=True)
    from apps.billing.services import refund_gates

    refund_gates.except_from(Refund.objects.get(pk=refund.pk), actor=finance(Role.FINANCE_MANAGER), reason="客户急用")
    attempt = paying.begin(Refund.objects.get(pk=refund.pk), actor=paying.PAYER)
    paying.settle(attempt, Outcome(Proof.SUCCEEDED))
    deliver()
    paying.settle(attempt.__class__.objects.get(pk=attempt.pk), Outcome(Proof.FAILED, failure="ACCOUNT_CLOSED"))
    deliver()


def test_a_flagged_row_refuses_a_part_before_the_buyer_used_it():
    VoidRule.objects.filter(code="digital-unused").update(whole_only=True)
    bill = invoice(line("3000.00", "3"))
    first = bill.lines.get()
    with pytest.raises(DomainError) as caught:
        voids.file(voids.VoidDraft(bill, "02", asks=[Ask(first, Decimal(1))]), actor=finance())
    assert (caught.value.code, "2024年第11号" in caught.value.words) == ("void.whole_only", True)
    assert voids.file(voids.VoidDraft(bill, "02"), actor=finance()).whole

    used = invoice(line("3000.00", "3"), facts={"use_confirmed": True, "export_refund": False})
    part = voids.file(voids.VoidDraft(used, "02", asks=[Ask(used.lines.get(), Decimal(1))]), actor=finance())
    decided = voids.decide(part, actor=finance(), approve=True)
    assert VoidRequest.objects.get(pk=decided.pk).rule.code == "digital-use-confirmed"


def test_a_flag_that_takes_effect_later_is_met_at_the_verification():
    bill = invoice(line("3000.00", "3"))
    part = voids.file(voids.VoidDraft(bill, "02", asks=[Ask(bill.lines.get(), Decimal(1))]), actor=finance())
    voids.decide(part, actor=finance(), approve=True)
    VoidRule.objects.filter(code="digital-unused").update(whole_only=True)
    with pytest.raises(DomainError) as caught:
        verification.confirm(part, actor=finance())
    assert caught.value.code == "void.whole_only"


@pytest.mark.req("REF-09")
def test_beyond_the_cap_management_signs_as_well():
    case = sold()
    customer = Customer.objects.get(pk=case.customer_id)
    staff = staff_actor(Role.SERVICE_STAFF)

    def coupon(amount):
        return refunds.file(
            refunds.RefundDraft(Decimal(amount), "致歉", kind="coupon", customer=customer, ticket=case), actor=staff
        )

    one = refunds.file(refunds.RefundDraft(ALL, "", payment=case.paid, ticket=case), actor=staff)
    small, beyond = coupon("200.00"), coupon("0.01")
    assert (one.above_cap, small.above_cap, beyond.above_cap) == (False, False, True)
    signed = refunds.decide(beyond, actor=finance(Role.FINANCE_MANAGER), approve=True)
    assert signed.state == RefundState.CREATED
    assert refunds.decide(beyond, actor=staff_actor(Role.MANAGEMENT, "management"), approve=True).state == "approved"
