import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.core.actors import SYSTEM
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from tests.factories import OrderFactory, make_customer, ticket

pytestmark = pytest.mark.django_db

NEW, CALLER = "/admin/tickets/new/", "/admin/tickets/new/caller/"
TYPED = {
    "channel": "hotline", "text": "扫地机器人无法开机，要求换货", "kind": "complaint", "urgency": "urgent", "demand": "",
    "category": "", "impact": "single", "contact_name": "王芳", "phone": "13912345678", "email": "", "preferred_channel": "",
    "language": "zh-hans", "tier": "normal", "token": "t" * 32,
}  # fmt: skip


@pytest.mark.req("INT-01", "INT-03")
def test_a_call_is_logged_through_the_one_intake(signed_in):
    client = signed_in()
    facts = {
        "product": "QC-10",
        "serial_number": "SN1",
        "order_number": "DD1",
        "ship_date": "2026-03-01",
        "place": "家中",
    }

    answer = client.post(NEW, {**TYPED, **facts, "defect_quantity": "2"})

    made = Ticket.objects.get()
    assert answer.url == f"/admin/tickets/{made.number}/"
    assert (made.channel, made.urgency, made.kind, made.defect_quantity) == ("hotline", "urgent", "complaint", 2)
    assert (made.serial_number, made.place, f"{made.ship_date}") == ("SN1", "家中", "2026-03-01")
    assert made.customer.phone == "+8613912345678"
    assert made.category_id
    assert made.next_due_at


def test_two_clicks_make_one_ticket(signed_in):
    client = signed_in()

    first, second = client.post(NEW, TYPED), client.post(NEW, TYPED)

    assert first.url == second.url
    assert Ticket.objects.count() == 1


@pytest.mark.req("INT-12")
def test_who_calls_is_known_before_anything_is_typed(signed_in):
    known = make_customer(name="欧阳娜娜", phone="13812345678", tier="vip", actor=SYSTEM)
    earlier = ticket(phone="13812345678")
    order = OrderFactory(customer=known)
    client = signed_in()

    by_phone = client.post(CALLER, {"lookup": "138 1234 5678"}, HTTP_HX_REQUEST="true").content.decode()
    by_order = client.post(CALLER, {"lookup": order.number}, HTTP_HX_REQUEST="true").content.decode()
    nobody = client.post(CALLER, {"lookup": "13900000000"}, HTTP_HX_REQUEST="true").content.decode()

    for card in (by_phone, by_order):
        assert "欧***" in card
        assert "VIP" in card
        assert earlier.number in card
        assert order.number in card
        assert "欧阳娜娜" not in card
    assert "没有找到此客户" in nobody


def test_without_scripts_the_look_up_keeps_what_was_typed(signed_in):
    make_customer(phone="13812345678", actor=SYSTEM)

    page = signed_in().post(CALLER, {**TYPED, "lookup": "13812345678"}).content.decode()

    assert "扫地机器人无法开机" in page
    assert "老客户" in page


@pytest.mark.req("INT-12")
def test_a_known_customer_need_not_be_typed_again(signed_in):
    known = make_customer(name="张三", phone="13812345678", actor=SYSTEM)

    signed_in().post(NEW, {**TYPED, "contact_name": "", "phone": "", "customer": str(known.pk)})

    assert Ticket.objects.get().customer == known
    assert Customer.objects.count() == 1


@pytest.mark.req("INT-05")
def test_what_is_missing_is_said_beside_its_field_and_nothing_is_lost(signed_in):
    client = signed_in()
    files = [SimpleUploadedFile("说明.txt", "第一次使用就冒烟".encode())]

    page = client.post(
        NEW, {**TYPED, "text": " ", "phone": "123", "ship_date": "2099-01-01", "place": "客厅", "files": files}
    )

    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"text", "phone", "ship_date"}
    body = page.content.decode()
    assert "请告诉我们发生了什么" in body
    assert 'value="客厅"' in body
    assert "说明.txt" in body
    assert page.context["form"].kept[0].name == "说明.txt"
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("defect_quantity", "-3"), ("defect_quantity", "很多"), ("kind", "x"), ("occurred_on", "13月"), ("customer", "no-uuid"),
     ("text", "含\x00空字符"), ("contact_name", "名" * 200)],
)  # fmt: skip
def test_nonsense_is_refused_or_passed_over_and_never_a_crash(field, value, signed_in):
    answer = signed_in().post(NEW, {**TYPED, field: value})

    assert answer.status_code == (302 if field == "customer" else 422)


def test_only_who_may_register_feedback_gets_the_form(signed_in):
    client = signed_in("auditor")

    assert client.get(NEW).status_code == 403
    assert client.post(NEW, TYPED).status_code == 403
    assert client.post(CALLER, {"lookup": "1"}).status_code == 403
    assert "新建工单" not in client.get("/admin/queue/").content.decode()
