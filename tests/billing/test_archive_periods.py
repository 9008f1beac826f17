"""A closed month takes no postings; what is late goes into the open one; two persons open it again (ARC-07)."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.roles import Role
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.models import Difference, Period, Posting, RefundAttempt
from apps.billing.services import by_hand, differences, paying, periods, refunds
from apps.billing.services.by_hand import Paid
from apps.billing.services.paying import PAYER
from apps.billing.states import DifferenceKind, PayChannel, PeriodState, PostingKind, RefundKind
from apps.core import clock
from apps.journal.models import Event
from tests import factories
from tests.archive import case_done, refund_paid, refused
from tests.money import finance, payment, refund

pytestmark = [pytest.mark.django_db, pytest.mark.req("ARC-07")]

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
LAST_OF_OCTOBER = datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
FIRST_OF_NOVEMBER = datetime(2026, 10, 31, 16, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 5, 2, 0, tzinfo=UTC)
WHY = "供应商十月账单补到，需更正"


def manager():
    return finance(Role.FINANCE_MANAGER)


def closed_october():
    """Paid in October, and October closed in November."""
    with clock.at(LAST_OF_OCTOBER):
        paid = refund_paid()
    with clock.at(LATER):
        closer = manager()
        periods.close(OCTOBER, actor=closer)
    return paid, closer


def booked(kind):
    return Posting.objects.get(kind=kind)


@pytest.mark.parametrize(("moment", "day"), [(LAST_OF_OCTOBER, date(2026, 10, 31)), (FIRST_OF_NOVEMBER, NOVEMBER)])
def test_a_posting_counts_on_its_day_in_shanghai(moment, day):
    with clock.at(moment):
        request = case_done()
    posting = booked(PostingKind.VOID)
    assert (posting.posting_date, posting.amount, posting.void_request_id) == (day, -request.amount, request.pk)
    assert not posting.is_late


def test_money_that_leaves_and_comes_back_is_booked_twice():
    with clock.at(LAST_OF_OCTOBER):
        paid = refund_paid(amount="88.00")
    with clock.at(LATER):
        paying.settle(paid.attempts.get(), Outcome(Proof.FAILED, failure="RETURNED"))

    assert booked(PostingKind.PAID).amount == Decimal("-88.00")
    back = booked(PostingKind.BACK)
    assert (back.amount, back.posting_date) == (Decimal("88.00"), date(2026, 11, 5))


def test_coupons_move_no_money():
    draft = refunds.RefundDraft(
        Decimal("20.00"), "补偿", kind=RefundKind.COUPON, customer=factories.make_customer(), channel=PayChannel.BENEFIT
    )
    filed = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
    attempt = paying.begin(refunds.decide(filed, actor=finance(), approve=True), actor=PAYER)
    paying.settle(attempt, Outcome(Proof.SUCCEEDED, "C1"))
    assert not Posting.objects.exists()


def test_what_happened_in_a_closed_month_is_booked_in_the_open_one():
    """Paid by hand on 30 October, confirmed on 5 November, when October is closed."""
    draft = refunds.RefundDraft(
        Decimal("66.00"), "退款", payment=payment("66.00", PayChannel.MANUAL), channel=PayChannel.MANUAL
    )
    closed_october()
    with clock.at(LATER):
        filed = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
        attempt = paying.begin(refunds.decide(filed, actor=finance(), approve=True), actor=PAYER)
        happened = LATER - timedelta(days=6)
        by_hand.record(attempt, Paid("HD-1", happened), actor=finance())
        by_hand.confirm(attempt, actor=finance())

    posting = Posting.objects.get(attempt=attempt)
    assert (posting.happened_at, posting.posting_date, posting.is_late) == (happened, date(2026, 11, 5), True)
    assert periods.figures()[NOVEMBER].late == 1
    assert periods.figures()[OCTOBER].late == 0


def test_the_same_in_an_open_month_is_booked_where_it_happened():
    draft = refunds.RefundDraft(
        Decimal("66.00"), "退款", payment=payment("66.00", PayChannel.MANUAL), channel=PayChannel.MANUAL
    )
    with clock.at(LATER):
        filed = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
        attempt = paying.begin(refunds.decide(filed, actor=finance(), approve=True), actor=PAYER)
        by_hand.record(attempt, Paid("HD-1", LATER - timedelta(days=6)), actor=finance())
        by_hand.confirm(attempt, actor=finance())
    assert Posting.objects.get().posting_date == date(2026, 10, 30)


def test_the_database_itself_refuses_a_posting_in_a_closed_month_and_any_change():
    paid, _closer = closed_october()
    row = Posting(kind="paid", amount=-1, happened_at=LAST_OF_OCTOBER, posting_date=date(2026, 10, 9), refund=paid)
    with pytest.raises(DatabaseError, match="takes no postings"), transaction.atomic():
        row.save(force_insert=True)
    for act in (lambda: Posting.objects.update(amount=1), lambda: Posting.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_a_month_that_is_not_over_is_not_closed():
    with clock.at(LAST_OF_OCTOBER), refused("period.not_over"):
        periods.close(OCTOBER, actor=manager())
    with clock.at(FIRST_OF_NOVEMBER):
        assert periods.close(OCTOBER, actor=manager()).state == PeriodState.CLOSED


def test_open_payments_unknown_ones_open_calls_unowned_differences_and_earlier_months_keep_it_open():
    with clock.at(LAST_OF_OCTOBER - timedelta(days=40)):
        refund_paid()
    with clock.at(LAST_OF_OCTOBER):
        filed = refund(payment("100.00", PayChannel.ALIPAY))
        attempt = paying.begin(refunds.decide(filed, actor=finance(), approve=True), actor=PAYER)
        RefundAttempt.objects.filter(pk=attempt.pk).update(lease_until=None)
        paying.settle(attempt, Outcome(Proof.UNKNOWN))
        row = Difference.objects.create(
            channel="alipay", day=date(2026, 10, 31), number="R1", kind=DifferenceKind.AMOUNT
        )
    with clock.at(LATER):
        assert [block.kind for block in periods.blocks(OCTOBER)] == ["unknown", "difference", "month"]
        with refused("period.blocked"):
            periods.close(OCTOBER, actor=manager())

        periods.close(date(2026, 9, 1), actor=manager())
        differences.assign(row, factories.staff(Role.FINANCE_OFFICER, "finance"), actor=finance())
        paying.settle(attempt, Outcome(Proof.SUCCEEDED, "2026"))
        assert periods.blocks(OCTOBER) == []
        assert periods.close(OCTOBER, actor=manager()).state == PeriodState.CLOSED


def test_who_may_not_close_or_open_months():
    _paid, closer = closed_october()
    with clock.at(LATER):
        with refused("core.not_allowed"):
            periods.close(NOVEMBER, actor=finance())
        with refused("core.not_allowed"):
            periods.reopen(OCTOBER, actor=finance(), reason=WHY)
        with refused("period.own"):
            periods.reopen(OCTOBER, actor=closer, reason=WHY)


def test_a_second_person_opens_it_again_with_a_reason_and_it_is_on_record():
    _paid, _closer = closed_october()
    with clock.at(LATER):
        other = manager()
        with refused("reason.missing"):
            periods.reopen(OCTOBER, actor=other, reason="  ")
        with refused("period.reason_short"):
            periods.reopen(OCTOBER, actor=other, reason="改一下")
        period = periods.reopen(OCTOBER, actor=other, reason=WHY)

    event = Event.objects.get(kind="period.reopened")
    assert (period.state, event.reason, event.data["month"]) == (PeriodState.OPEN, WHY, "2026-10")
    told = Event.objects.get(kind="period.closed").data
    assert (told["postings"], told["total"]) == (1, "-100.00")


def test_only_the_month_that_was_closed_last_is_opened_again():
    closed_october()
    with clock.at(LATER + timedelta(days=40)):
        periods.close(NOVEMBER, actor=manager())
        with refused("period.not_newest"):
            periods.reopen(OCTOBER, actor=manager(), reason=WHY)


def test_an_administrator_is_no_exception_to_two_persons():
    with clock.at(LAST_OF_OCTOBER):
        refund_paid()
    chief = finance(Role.ADMINISTRATOR)
    with clock.at(LATER):
        periods.close(OCTOBER, actor=chief)
        with refused("period.own"):
            periods.reopen(OCTOBER, actor=chief, reason=WHY)


@pytest.mark.django_db(transaction=True)
def test_a_posting_and_a_closing_at_once_never_leave_a_posting_in_a_closed_month():
    """A late posting holds the month while it books; the closing waits, then counts it."""
    with clock.at(LAST_OF_OCTOBER):
        paid = refund_paid()
    attempt, closer = paid.attempts.get(), manager()
    booking, closing = threading.Event(), threading.Event()

    def book():
        try:
            with clock.at(LATER), transaction.atomic():
                periods._takes(OCTOBER)
                booking.set()
                closing.wait(2)
                periods._book(Posting(kind="back", amount=1, happened_at=LAST_OF_OCTOBER, refund=paid, attempt=attempt))
        finally:
            connection.close()

    thread = threading.Thread(target=book)
    thread.start()
    booking.wait(60)
    threading.Timer(0.5, closing.set).start()
    with clock.at(LATER):
        period = periods.close(OCTOBER, actor=closer)
    thread.join(600)

    assert period.state == PeriodState.CLOSED
    assert Posting.objects.get(kind="back").posting_date == date(2026, 10, 31)
    assert Event.objects.get(kind="period.closed").data["postings"] == 2


def test_months_without_rows_are_listed():
    with clock.at(LAST_OF_OCTOBER - timedelta(days=70)):
        refund_paid()
    with clock.at(LATER):
        assert periods.months() == [NOVEMBER, OCTOBER, date(2026, 9, 1), date(2026, 8, 1)]
        assert Period.objects.count() == 1
