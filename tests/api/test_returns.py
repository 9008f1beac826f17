"""Goods on their way back, told by the sales system (LNK-02)."""

from decimal import Decimal

import pytest

from apps.billing.models import Refund, VoidRequest
from apps.crm.models import ReturnOrder
from apps.journal import deliveries
from tests.factories import OrderFactory
from tests.money import invoice, payment

pytestmark = pytest.mark.django_db


@pytest.mark.req("LNK-02")
def test_a_completed_return_starts_voiding_and_refund_however_often_it_is_told(api_with):
    api = api_with("orders:write")
    order = OrderFactory(total=Decimal("1130.00"))
    invoice(order=order, customer=order.customer)
    payment("1130.00", order=order, customer=order.customer)
    row = {"number": "TH-1", "order": order.number, "state": "shipped"}

    def told(**more):
        answer = api.post("returns/bulk/", {"rows": [{**row, **more}]})
        deliveries.drain()
        return answer.json()["results"][0]

    assert [told()["outcome"], told()["outcome"]] == ["new", "same"]
    assert not VoidRequest.objects.exists()
    assert [told(state="completed")["outcome"], told(state="completed")["outcome"]] == ["changed", "same"]
    assert (VoidRequest.objects.count(), Refund.objects.count()) == (1, 1)
    back = told(state="shipped")
    assert (back["outcome"], back["errors"][0]["code"]) == ("refused", "crm.return_over")
    assert told(number="TH-2", order="DD0")["errors"][0]["code"] == "crm.no_order"
    assert ReturnOrder.objects.get().state == "completed"


def test_a_key_without_the_scope_is_refused(api_with):
    order = OrderFactory()
    row = {"number": "TH-1", "order": order.number, "state": "shipped"}
    answer = api_with("tickets:read").post("returns/bulk/", {"rows": [row]})
    assert answer.status_code == 403 or answer.json()["results"][0]["errors"][0]["code"] == "core.not_allowed"
    assert not ReturnOrder.objects.exists()
