from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.crm import selectors
from apps.crm.states import OrderState
from tests.factories import OrderFactory, OrderLineFactory, ProductFactory, actor_with, make_customer

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.req("INT-12")
def test_the_whole_history_in_one_look():
    customer = make_customer(tier="vip")
    other = make_customer()
    kept = OrderFactory(customer=customer, total=Decimal("100.10"), ordered_at=START)
    gone = OrderFactory(
        customer=customer, total=Decimal("50.00"), ordered_at=START + timedelta(days=1), state=OrderState.CANCELLED
    )
    line = OrderLineFactory(order=kept, product=ProductFactory(name="冰箱"), serial_number="SN-1")
    OrderLineFactory(order=gone)
    OrderFactory(customer=other)

    seen = selectors.customer_360(customer.pk, actor_with("service_staff"))

    assert seen.customer == customer
    assert seen.orders == [gone, kept]
    assert seen.orders_count == 2
    assert seen.spent == Decimal("100.10")
    assert seen.purchases == [line]


def test_a_customer_without_orders():
    seen = selectors.customer_360(make_customer().pk, actor_with("service_staff"))

    assert (seen.orders, seen.orders_count, seen.spent) == ([], 0, Decimal("0.00"))


@pytest.mark.req("ADM-04")
def test_who_may_not_know_of_customers_gets_not_found():
    customer = make_customer()

    with pytest.raises(DomainError) as refused:
        selectors.customer_360(customer.pk, CUSTOMER)

    assert (refused.value.code, refused.value.status) == ("core.not_found", 404)


def test_360_asks_the_same_however_much_was_bought(count_queries):
    customer, actor = make_customer(), actor_with("service_staff")
    for day in range(30):
        order = OrderFactory(customer=customer, ordered_at=START + timedelta(days=day))
        OrderLineFactory(order=order)
        OrderLineFactory(order=order)

    with count_queries("crm.customer_360"):
        seen = selectors.customer_360(customer.pk, actor)
        assert [line.product.name for order in seen.orders for line in order.lines.all()]
        assert [(line.product.name, line.order.number) for line in seen.purchases]

    assert (len(seen.orders), seen.orders_count, len(seen.purchases)) == (20, 30, 20)


@pytest.mark.req("INT-12")
@pytest.mark.parametrize("text", ["138 1234 5678", " ZS@example.com", "C-1", "DD0001"])
def test_a_caller_is_found_by_what_they_tell(text):
    customer = make_customer(phone="13812345678", email="zs@example.com", external_id="C-1")
    make_customer()
    OrderFactory(customer=customer, number="DD0001")

    assert selectors.find_customer(text, actor_with("service_staff")) == customer
    assert selectors.find_customer(text, CUSTOMER) is None


@pytest.mark.parametrize("text", ["", "  ", "138", "%", "张三", "DD0002", "\0", "x" * 10_000])
def test_nobody_is_found_by_a_part(text):
    make_customer(name="张三", phone="13812345678")

    assert selectors.find_customer(text, actor_with("service_staff")) is None


def test_a_masked_list_decrypts_nothing():
    make_customer(name="张三")

    row = selectors.masked(actor_with("service_staff")).get()

    assert {"name", "phone", "email", "address", "note"} <= row.get_deferred_fields()
    assert selectors.orders(actor_with("service_staff")).count() == 0
