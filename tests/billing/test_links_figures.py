"""From the complaint to the money in figures (LNK-05)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from apps.accounts.roles import Role
from apps.billing import figures
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.figures import Span
from apps.billing.models import Refund
from apps.billing.services import paying, refunds
from apps.core import clock
from apps.core.clock import SHANGHAI
from apps.feedback.models import Survey, Ticket
from tests.factories import staff_actor, ticket, ticket_in
from tests.money import finance, payment

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 31, 12, tzinfo=SHANGHAI)
MAY = Span(date(2026, 5, 1))


def hours(count):
    return timedelta(hours=count)


def refunded(*steps, at=NOON, proof=Proof.SUCCEEDED, **fields):
    """A refund asked for, signed, sent and settled so many hours after its complaint came in at `at`."""
    asked, signed, sent, settled = steps
    with time_machine.travel(at, tick=False):
        one = ticket(received_at=clock.now(), **fields)
    with time_machine.travel(at + hours(asked), tick=False):
        case = refunds.file(
            refunds.RefundDraft(Decimal("100.00"), "", payment=payment(), ticket=one),
            actor=staff_actor(Role.SERVICE_STAFF),
        )
    with time_machine.travel(at + hours(signed), tick=False):
        refunds.decide(case, actor=finance(), approve=True)
    with time_machine.travel(at + hours(sent), tick=False):
        attempt = paying.begin(Refund.objects.get(pk=case.pk), actor=paying.PAYER)
    with time_machine.travel(at + hours(settled), tick=False):
        paying.settle(attempt, Outcome(proof, failure="" if proof == Proof.SUCCEEDED else "CLOSED"))
    return Refund.objects.get(pk=case.pk)


@pytest.mark.req("LNK-05")
def test_average_p90_and_stages_add_up_and_the_slowest_is_named():
    refunded(1, 5, 6, 10)
    refunded(2, 3, 4, 11)
    found = figures.cycle(MAY)

    assert (found.count, found.in_goal) == (2, 2)
    assert (found.mean, found.p90) == (hours(10.5), hours(10.9))
    assert found.stages == {
        "asked": hours(1.5), "signed": hours(2.5), "undone": hours(0), "sent": hours(1), "paid": hours(5.5),
    }  # fmt: skip
    assert sum(found.stages.values(), timedelta()) == found.mean
    assert found.slowest == "paid"


@pytest.mark.req("LNK-05")
def test_a_refund_belongs_to_the_month_of_shanghai_in_which_it_was_paid():
    refunded(1, 2, 3, 11.99)  # on 31 May, 23:59
    refunded(1, 2, 3, 12.0)  # on 1 June, 00:00
    assert [figures.cycle(Span(date(2026, month, 1))).count for month in (4, 5, 6)] == [0, 1, 1]
    assert [(r.name, r.count) for r in figures.by_month(Span(date(2026, 6, 1)))] == [("2026-05", 1), ("2026-06", 1)]
    assert figures.cycle(Span(date(2026, 4, 1))).mean is None


def test_drills_tickets_without_and_other_departments_do_not_count():
    one = refunded(1, 2, 3, 4)
    other = refunded(1, 2, 3, 8)
    drill = refunded(1, 2, 3, 5)
    Ticket.objects.filter(pk=drill.ticket_id).update(is_drill=True)
    from apps.accounts.models import Department

    finance_dep = Department.objects.get(code="finance")
    Ticket.objects.filter(pk=other.ticket_id).update(department=finance_dep)
    refunds.file(refunds.RefundDraft(Decimal("1.00"), payment=payment()), actor=staff_actor(Role.SERVICE_STAFF))

    assert figures.cycle(MAY).count == 2
    assert figures.cycle(Span(MAY.month, finance_dep.pk)).mean == hours(8)
    assert [(r.key, r.mean) for r in figures.by_department(MAY)] == [
        (finance_dep.pk, hours(8)), (one.ticket.department_id, hours(4)),
    ]  # fmt: skip


@pytest.mark.req("LNK-05")
def test_error_rate_counts_each_case_once():
    refunded(1, 2, 3, 4)
    refunded(1, 2, 3, 4, proof=Proof.FAILED)
    back = refunded(1, 2, 3, 4)
    with time_machine.travel(NOON + hours(6), tick=False):
        paying.settle(back.attempts.get(), Outcome(Proof.FAILED, failure="ACCOUNT_CLOSED"))
    found = figures.errors(MAY)

    assert (found.filed, found.wrong) == (3, 2)
    assert found.kinds == {"refund.failed": 2, "refund.bounced": 1}
    assert round(found.percent, 1) == 66.7
    assert len(figures.gone_wrong(MAY)) == 3
    assert figures.errors(Span(date(2026, 4, 1))).percent is None


@pytest.mark.req("LNK-05")
def test_satisfaction_is_that_of_complaints_with_a_refund():
    one = refunded(1, 2, 3, 4)
    at = NOON + hours(5)
    Survey.objects.create(ticket=one.ticket, round=0, sent_at=at, answered_at=at, score=4)
    other = ticket_in("callback")
    Survey.objects.filter(ticket=other).update(answered_at=at, score=1)
    assert figures.mood(MAY) == figures.Mood(4.0, 1)


@pytest.mark.usefixtures("rules_at_hand")
def test_every_figure_is_one_query(django_assert_num_queries):
    refunded(1, 2, 3, 4)
    for figure, queries in [
        (figures.cycle, 1), (figures.by_department, 1), (figures.by_month, 1), (figures.errors, 2), (figures.mood, 1),
    ]:  # fmt: skip
        with django_assert_num_queries(queries):
            figure(MAY)
