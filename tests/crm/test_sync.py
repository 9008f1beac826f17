"""Customers, products and orders as the leading systems tell them, by the API (LNK-04)."""

from decimal import Decimal

import pytest

from apps.crm.models import Customer, Order, Product, ReturnOrder
from apps.journal.models import Event
from tests.api.conftest import api, api_with, fresh_limits, is_problem  # noqa: F401
from tests.factories import make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.req("LNK-04")]


def rows(api, noun, *given):  # noqa: F811
    return api.post(f"{noun}s/bulk/", {"rows": list(given)}).json()["results"]


def outcomes(results):
    return [row["outcome"] for row in results]


def test_customers_are_found_again_by_their_number_and_keep_what_is_not_told(api):  # noqa: F811
    zhang = {"external_id": "K1", "name": "张三", "phone": "13812345678", "tier": "gold"}

    first = rows(api, "customer", zhang, {"external_id": "K2", "phone": "x"}, {"name": "无号"})
    again = rows(api, "customer", zhang)
    more = rows(api, "customer", {"external_id": "K1", "region": "浙江"})

    assert outcomes(first) == ["new", "refused", "refused"]
    assert first[1]["errors"][0]["code"] == "crm.phone_invalid"
    assert first[2]["errors"][0]["pointer"] == "/external_id"
    assert (outcomes(again), outcomes(more)) == (["same"], ["changed"])
    known = Customer.objects.get(external_id="K1")
    assert (known.name, known.tier, known.region) == ("张三", "gold", "浙江")
    shown = api.get("customers/", external_id="K1,K404").json()["results"]
    assert [(row["external_id"], row["name"], row["phone"]) for row in shown] == [("K1", "张*", "138****5678")]


def test_who_is_known_by_phone_gets_the_number_unless_it_is_another_s(api):  # noqa: F811
    known = make_customer(phone="13812345678")

    assert outcomes(rows(api, "customer", {"external_id": "K1", "phone": "13812345678"})) == ["changed"]
    assert Customer.objects.get(external_id="K1").pk == known.pk
    other = rows(api, "customer", {"external_id": "K9", "phone": "138 1234 5678"})
    assert other[0]["errors"][0]["code"] == "crm.external_id_differs"


def test_products_and_orders_with_their_lines(api):  # noqa: F811
    make_customer(external_id="K1")
    order = {
        "number": "DD-1", "customer": "K1", "state": "delivered", "ordered_at": "2026-05-01T02:00:00Z",
        "total": "2999.00", "lines": [{"sku": "WM80", "quantity": 1, "unit_price": "2999.00", "amount": "2999.00"}],
    }  # fmt: skip

    early = rows(api, "order", order)
    rows(api, "product", {"sku": "WM80", "name": "洗衣机"})
    assert outcomes(rows(api, "product", {"sku": "WM80", "name": "洗衣机"}, {"sku": "X"})) == ["same", "refused"]
    made = rows(api, "order", order, {**order, "number": "DD-2", "customer": "K9"})
    again = rows(api, "order", order)
    shipped = rows(api, "order", {**order, "shipped_at": "2026-05-02T02:00:00Z"})
    wrong = rows(api, "order", {**order, "delivered_at": "2026-04-02T02:00:00Z"})

    assert early[0]["errors"][0] == {
        "pointer": "/lines/0/sku", "code": "crm.no_product", "detail": "There is no product with the SKU WM80.",
    }  # fmt: skip
    assert outcomes(made) == ["new", "refused"]
    assert (outcomes(again), outcomes(shipped)) == (["same"], ["changed"])
    assert wrong[0]["errors"][0]["code"] == "crm.moments"
    row = Order.objects.get(number="DD-1")
    assert (row.total, row.lines.get().amount) == (Decimal("2999.00"), Decimal("2999.00"))
    assert Product.objects.count() == 1
    assert Event.objects.filter(kind="order.reported").count() == 2


@pytest.mark.req("LNK-02")
def test_an_order_that_came_back_is_a_completed_return_once(api):  # noqa: F811
    make_customer(external_id="K1")
    order = {"number": "DD-1", "customer": "K1", "ordered_at": "2026-05-01T02:00:00Z", "total": "10.00"}
    rows(api, "order", {**order, "state": "delivered"})

    for _ in range(2):
        rows(api, "order", {**order, "state": "returned"})

    assert ReturnOrder.objects.get().state == "completed"


@pytest.mark.parametrize("noun", ["customer", "product", "order"])
def test_each_kind_needs_its_scope(api_with, noun):  # noqa: F811
    row = {
        "customer": {"external_id": "K1", "phone": "13812345678"}, "product": {"sku": "A", "name": "B"},
        "order": {"number": "1", "customer": "K1", "state": "paid", "ordered_at": "2026-05-01T02:00:00Z", "total": "1"},
    }[noun]  # fmt: skip
    refused = rows(api_with("customers:read"), noun, row)
    assert refused[0]["errors"][0]["code"] == "core.not_allowed"
    assert is_problem(api_with("tickets:read").get("customers/", external_id="K1"), 403)
