import re

import pytest
from django.contrib.admin.models import LogEntry

from apps.crm.models import Customer, Order, Product
from apps.journal.models import Event
from tests.factories import OrderFactory, OrderLineFactory, ProductFactory, UserFactory, make_customer

pytestmark = pytest.mark.django_db
NAME, PHONE, EMAIL, ADDRESS = "欧阳娜娜", "13812345678", "ouyang@example.com", "上海市浦东新区世纪大道 100 号"
CLEAR = (NAME, PHONE, EMAIL, ADDRESS, "世纪大道", "ouyang")


@pytest.fixture
def customer():
    return make_customer(name=NAME, phone=PHONE, email=EMAIL, address=ADDRESS, external_id="C-1")


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["administrator"])
    client.force_login(user)
    return user


def form_of(customer: Customer, **changes):
    values = {
        "tier": customer.tier, "region": customer.region, "language": customer.language,
        "preferred_channel": customer.preferred_channel, "external_id": customer.external_id or "",
        "note": customer.note, "orders-TOTAL_FORMS": 0, "orders-INITIAL_FORMS": 0,
    }  # fmt: skip
    return {**values, **changes}


@pytest.mark.req("INT-06", "ADM-04")
@pytest.mark.parametrize("role", ["administrator", "service_staff", "auditor"])
def test_no_page_of_the_admin_shows_a_clear_value(client, customer, role):
    client.force_login(UserFactory(roles=[role]))
    order = OrderFactory(customer=customer)
    line = OrderLineFactory(order=order, serial_number="SN-1")

    for path in (
        "customer/", f"customer/?q={PHONE[:3]}", f"customer/{customer.pk}/change/", f"customer/{customer.pk}/history/",
        "order/", "order/?q=SN-1", f"order/{order.pk}/change/", f"product/{line.product.pk}/change/",
    ):  # fmt: skip
        response = client.get(f"/admin/crm/{path}")
        assert response.status_code == 200, path
        page = response.content.decode()
        assert not [clear for clear in CLEAR if clear in page], path
    assert "欧***" in client.get("/admin/crm/customer/").content.decode()


@pytest.mark.req("INT-06")
def test_a_refused_form_and_the_autocomplete_show_no_clear_value(client, customer, staff):
    make_customer(phone="13900000000")
    refused = client.post(
        f"/admin/crm/customer/{customer.pk}/change/", form_of(customer, new_phone="13900000000", tier="god")
    )
    complete = client.get(
        "/admin/autocomplete/",
        {"app_label": "crm", "model_name": "order", "field_name": "customer", "term": "C-1"},
    )

    assert refused.status_code == 200
    assert complete.json()["results"][0]["text"] == "欧***"
    for page in (refused.content.decode(), complete.content.decode()):
        assert not [clear for clear in CLEAR if clear in page]


@pytest.mark.req("INT-12")
@pytest.mark.parametrize("term", ["138-1234-5678", "OUYANG@example.com", "C-1", "DD0001"])
def test_the_list_finds_exactly_by_the_blind_index(client, customer, staff, term):
    make_customer()
    OrderFactory(customer=customer, number="DD0001")

    page = client.get("/admin/crm/customer/", {"q": term})

    assert [row.pk for row in page.context["cl"].result_list] == [customer.pk]


def test_a_part_of_a_phone_finds_nobody(client, customer, staff):
    page = client.get("/admin/crm/customer/", {"q": "1381234"})

    assert list(page.context["cl"].result_list) == []


@pytest.mark.req("INT-06", "ADM-04")
def test_the_clear_value_is_shown_by_post_with_a_reason_and_recorded(client, customer, staff):
    url = f"/admin/crm/customer/{customer.pk}/reveal/"

    asked = client.get(url).content.decode()
    without = client.post(url, {"field": "phone", "reason": " "}).content.decode()
    assert not [clear for clear in CLEAR if clear in asked + without]
    assert not Event.objects.filter(kind="personal_data.revealed").exists()

    shown = client.post(url, {"field": "phone", "reason": "回拨客户"})

    page = shown.content.decode()
    assert PHONE in re.search(r'id="result">(.*?)<', page)[1]
    assert not [clear for clear in CLEAR if clear in page and clear != PHONE]
    assert "no-store" in shown["Cache-Control"]
    event = Event.objects.get(kind="personal_data.revealed")
    assert (event.actor, event.data["field"], event.reason) == (staff, "phone", "回拨客户")
    assert "回拨客户" in client.get(url).content.decode()  # who has looked


@pytest.mark.req("ADM-04")
def test_without_the_right_nothing_is_revealed(client, customer):
    client.force_login(UserFactory(roles=["auditor"]))
    url = f"/admin/crm/customer/{customer.pk}/reveal/"

    assert client.get(url).status_code == 403
    assert client.post(url, {"field": "phone", "reason": "审计"}).status_code == 403
    assert "reveal" not in client.get(f"/admin/crm/customer/{customer.pk}/change/").content.decode()


def test_an_unknown_customer_is_not_found(client, staff):
    assert client.get("/admin/crm/customer/0197e9a0-0000-7000-8000-000000000000/reveal/").status_code == 404
    assert client.get("/admin/crm/customer/nonsense/reveal/").status_code == 404


def test_personal_data_is_changed_without_being_shown(client, customer, staff):
    url = f"/admin/crm/customer/{customer.pk}/change/"
    changes = {"new_phone": "139 0000 0000", "remove": ["email"], "tier": "gold", "note": "老客户"}

    response = client.post(url, form_of(customer, **changes))

    assert response.status_code == 302, response.context["errors"]
    fresh = Customer.objects.get(pk=customer.pk)
    assert (fresh.name, fresh.phone, fresh.email, fresh.address) == (NAME, "+8613900000000", "", ADDRESS)
    assert (fresh.tier, fresh.note, fresh.email_masked, fresh.email_index) == ("gold", "老客户", "", "")
    event = Event.objects.get(kind="customer.updated")
    assert event.data == {"fields": ["email", "note", "phone", "tier"]}
    log = LogEntry.objects.get()
    written = log.change_message + log.object_repr
    assert "139 0000" not in written and "1390000" not in written


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_phone": "123"}, "new_phone"),
        ({"new_phone": "13900000000"}, "new_phone"),
        ({"new_email": "x"}, "new_email"),
        ({"remove": ["phone"]}, "new_phone"),
        ({"external_id": "C-2"}, "external_id"),
        ({"note": "x" * 2001}, "note"),
        ({"new_name": "x" * 81}, "new_name"),
    ],
)
def test_errors_stand_beside_their_field_and_input_is_kept(client, customer, staff, changes, field):
    make_customer(phone="13900000000", external_id="C-2")

    page = client.post(f"/admin/crm/customer/{customer.pk}/change/", form_of(customer, region="上海滩", **changes))

    assert page.status_code == 200
    assert set(page.context["adminform"].form.errors) == {field}
    assert "上海滩" in page.content.decode()


def test_a_race_between_check_and_save_is_told_and_no_error_page(client, customer, staff, monkeypatch):
    from apps.core.errors import DomainError
    from apps.crm.services import customers

    def taken(*args, **kwargs):
        raise DomainError("crm.phone_taken", field="phone")

    monkeypatch.setattr(customers, "update", taken)

    response = client.post(f"/admin/crm/customer/{customer.pk}/change/", form_of(customer, new_name="新"), follow=True)

    assert "已有其他客户使用这个电话" in response.content.decode()


def test_a_customer_is_added(client, staff):
    response = client.post(
        "/admin/crm/customer/add/",
        {"new_name": NAME, "new_phone": PHONE, "tier": "vip", "language": "en", "preferred_channel": "sms",
         "orders-TOTAL_FORMS": 0, "orders-INITIAL_FORMS": 0},
    )  # fmt: skip

    assert response.status_code == 302, response.context["errors"]
    made = Customer.objects.get()
    assert (made.name, made.phone_masked, made.tier, made.language) == (NAME, "138****5678", "vip", "en")
    assert LogEntry.objects.get().object_id == str(made.pk)
    assert Event.objects.get(subject_id=made.pk).kind == "customer.created"


def test_a_customer_needs_a_contact(client, staff):
    page = client.post(
        "/admin/crm/customer/add/",
        {"new_name": NAME, "tier": "vip", "language": "en", "preferred_channel": "sms",
         "orders-TOTAL_FORMS": 0, "orders-INITIAL_FORMS": 0},
    )  # fmt: skip

    assert set(page.context["adminform"].form.errors) == {"new_phone"}


def test_customers_are_never_deleted(client, customer, staff):
    assert client.post(f"/admin/crm/customer/{customer.pk}/delete/", {"post": "yes"}).status_code == 403
    page = client.post(
        "/admin/crm/customer/", {"action": "delete_selected", "_selected_action": [customer.pk], "post": "yes"}
    )
    assert Customer.objects.filter(pk=customer.pk).exists(), page.status_code


def test_an_order_with_lines_is_entered(client, customer, staff):
    product = ProductFactory()
    form = {
        "number": "DD0001", "external_id": "", "customer": customer.pk, "state": "paid", "total": "1999.00",
        "ordered_at_0": "2026-05-06", "ordered_at_1": "10:00", "shipped_at_0": "", "shipped_at_1": "",
        "delivered_at_0": "", "delivered_at_1": "", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0,
        "lines-0-product": product.pk, "lines-0-quantity": 1, "lines-0-unit_price": "1999.00",
        "lines-0-amount": "1999.00", "lines-0-serial_number": "SN-1",
    }  # fmt: skip

    response = client.post("/admin/crm/order/add/", form)

    assert response.status_code == 302, response.context["errors"]
    order = Order.objects.get()
    assert order.external_id is None
    assert order.lines.get().serial_number == "SN-1"
    assert client.get("/admin/crm/order/", {"q": PHONE}).context["cl"].result_list[0] == order


def test_bad_orders_are_refused_beside_the_field(client, customer, staff):
    form = {
        "number": "DD0001", "customer": customer.pk, "state": "paid", "total": "-1", "ordered_at_0": "2026-05-06",
        "ordered_at_1": "10:00", "shipped_at_0": "2026-05-05", "shipped_at_1": "10:00", "delivered_at_0": "2026-05-04",
        "delivered_at_1": "10:00", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0,
        "lines-0-product": ProductFactory().pk, "lines-0-quantity": 0, "lines-0-unit_price": "-1",
        "lines-0-amount": "1",
    }  # fmt: skip

    page = client.post("/admin/crm/order/add/", form)

    assert set(page.context["adminform"].form.errors) == {"total", "shipped_at", "delivered_at"}
    assert set(page.context["inline_admin_formsets"][0].formset.errors[0]) == {"quantity", "unit_price"}


def test_a_product_is_entered_and_found(client, staff):
    form = {"sku": "QC-1", "name": "晴川冰箱", "group": "冰箱", "active": "on"}

    response = client.post("/admin/crm/product/add/", form)

    assert response.status_code == 302
    assert client.get("/admin/crm/product/", {"q": "冰箱"}).context["cl"].result_list[0] == Product.objects.get()


def test_lists_ask_the_same_however_many_there_are(client, customer, staff, count_queries):
    for _ in range(20):
        OrderFactory()

    with count_queries("crm.customer_list"):
        client.get("/admin/crm/customer/")
    with count_queries("crm.order_list"):
        client.get("/admin/crm/order/")


@pytest.mark.req("INT-06")
def test_who_is_known_by_an_account_alone_is_listed_by_platform_and_masked(client, staff):
    make_customer(external_id="wechat:o6_bm1e71f49c8161f1995968cad", name="", phone="")
    make_customer(external_id="ERP:4711", name="", phone="13900000001")

    page = client.get("/admin/crm/customer/").content.decode()

    assert page.count("微信 o6_bm1****") >= 2  # as the name, and as the number
    assert "71f49c8161f" not in page
    assert "ERP:4711" in page
    assert page.count("普通客户") >= 2
