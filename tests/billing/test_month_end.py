"""The month's end: voids that end with it, and when finance is warned (VOI-11)."""

from datetime import UTC, date, datetime

import pytest

from apps.accounts.roles import Role
from apps.billing.models import MonthEndWarning
from apps.billing.services import month_end
from apps.billing.states import InvoiceKind
from apps.core import clock
from apps.journal import deliveries
from apps.notifications.models import Notice
from tests.billing import tax
from tests.billing.forms import MORNING, VOIDABLE, at
from tests.factories import staff_actor
from tests.money import invoice

pytestmark = pytest.mark.django_db


def voidable(day=20):
    with clock.at(datetime(2026, 11, day, 2, 0, tzinfo=UTC)):
        return tax.verified(of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE))


@pytest.mark.req("VOI-11")
def test_the_list_names_voids_of_this_month_and_nothing_else(by_hand):
    request = voidable()
    with at(0):
        tax.verified()  # digital: a red letter today and tomorrow
        (found,) = month_end.turning()
    assert found.request.pk == request.pk
    assert found.until == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert month_end.turning(found.until) == []


@pytest.mark.req("VOI-11")
def test_the_days_of_warning_are_the_last_one_and_the_working_day_before():
    assert month_end.warning_days(MORNING) == [date(2026, 11, 27), date(2026, 11, 30)]  # 28 and 29 are a weekend
    assert month_end.warning_days(datetime(2026, 12, 5, tzinfo=UTC)) == [date(2026, 12, 30), date(2026, 12, 31)]


@pytest.mark.req("VOI-11")
def test_finance_is_warned_once_on_each_of_the_two_days_from_nine_oclock(by_hand):
    voidable()
    officer = staff_actor(Role.FINANCE_OFFICER, "finance").user
    times = [(26, 2), (27, 0), (27, 2), (27, 3), (28, 2), (30, 1), (30, 15)]  # UTC hours
    for day, hour in times:
        with clock.at(datetime(2026, 11, day, hour, 30, tzinfo=UTC)):
            month_end.warn()
            deliveries.drain()
    assert list(MonthEndWarning.objects.order_by("day").values_list("day", "requests")) == [
        (date(2026, 11, 27), 1), (date(2026, 11, 30), 1),
    ]  # fmt: skip
    assert Notice.objects.filter(user=officer, kind="month_end_voids").count() == 2
