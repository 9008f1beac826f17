"""The store counter: logging on a tablet, and the receipt that the customer takes along (INT-01, INT-10)."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from apps.core.actors import SYSTEM
from apps.feedback.models import Ticket
from apps.feedback.services import links
from apps.journal.models import Event
from tests.factories import OrderFactory, OrderLineFactory, ProductFactory, make_customer, staff, ticket_in

pytestmark = pytest.mark.django_db
NEW = "/admin/tickets/new/"
TYPED = {
    "channel": "store", "text": "吸尘器开机就停，门店当场试过。", "kind": "fault", "urgency": "normal", "demand": "exchange",
    "category": "", "impact": "single", "contact_name": "王芳", "phone": "13912345678", "email": "", "preferred_channel": "",
    "language": "zh-hans", "tier": "normal", "product": "QC-10", "serial_number": "SN8842", "order_number": "", "token": "t" * 32,
}  # fmt: skip


@pytest.fixture
def clerk():
    client = Client()
    client.user = staff(display_name="陈晨")
    client.force_login(client.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def picture(name: str) -> SimpleUploadedFile:
    data = BytesIO()
    Image.new("RGB", (60, 60), "blue").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


@pytest.mark.req("INT-01", "INT-10")
def test_a_counter_logs_with_pictures_and_gives_number_and_private_link(clerk):
    answer = clerk.post(NEW, {**TYPED, "files": [picture("a.jpg"), picture("b.jpg")]})

    made = Ticket.objects.get()
    assert answer.url == f"/admin/tickets/{made.number}/receipt/"
    assert (made.channel, made.serial_number, made.attachments.count()) == ("store", "SN8842", 2)
    page = clerk.get(answer.url)
    words = page.content.decode()
    for part in (made.number, "SN8842", "王*", "<svg", "陈晨", "受理单"):
        assert part in words
    assert page.context["receipt"].link == links.tracking_url(made)
    assert "13912345678" not in words
    assert "no-store" in page.headers["Cache-Control"]


def test_the_form_at_a_counter_asks_for_little_first(clerk):
    page = clerk.get(NEW, {"channel": "store"}).content.decode()

    assert 'capture="environment"' in page
    assert "先查客户" in page and "来电客户" not in page  # nobody telephones at a counter
    short, _sep, folded = page.partition("<details")
    for name in ("text", "product", "serial_number", "order_number", "contact_name", "phone", "files"):
        assert f'name="{name}"' in short, name
    for name in ("invoice_number", "ship_date", "region", "impact", "urgency"):
        assert f'name="{name}"' in folded, name


def test_a_refused_form_stays_a_counters_form_and_opens_what_is_wrong(clerk):
    page = clerk.post(NEW, {**TYPED, "ship_date": "2099-01-01", "files": [picture("a.jpg")]})

    assert page.status_code == 422
    words = page.content.decode()
    assert '<details class="card" open>' in words
    assert "a.jpg" in words
    assert "SN8842" in words


def test_an_order_of_the_customer_is_one_touch_away(clerk):
    known = make_customer(phone="13912345678", actor=SYSTEM)
    order = OrderFactory(customer=known)
    OrderLineFactory(order=order, product=ProductFactory(sku="QC-V9"))

    card = clerk.post("/admin/tickets/new/caller/", {"lookup": "13912345678"}, HTTP_HX_REQUEST="true").content.decode()

    assert f'data-order="{order.number}" data-product="QC-V9"' in card


def test_whoever_sees_the_private_link_is_recorded(clerk):
    clerk.post(NEW, TYPED)
    made = Ticket.objects.get()

    clerk.get(f"/admin/tickets/{made.number}/receipt/")

    shown = Event.objects.filter(subject_id=made.pk, kind="ticket.receipt_shown")
    assert [event.actor_id for event in shown] == [clerk.user.pk]


@pytest.mark.parametrize("state", ["resolved", "callback", "second_follow_up", "closed"])
def test_when_the_customers_verdict_is_asked_the_link_is_theirs_alone(clerk, state):
    made = ticket_in(state, channel="store")

    page = clerk.get(f"/admin/tickets/{made.number}/receipt/")

    assert page.context["receipt"].link == ""
    assert links.tracking_token(made) not in page.content.decode()
    assert not Event.objects.filter(kind="ticket.receipt_shown").exists()


def test_only_counters_have_receipts_and_only_for_who_may_register(clerk):
    online, store = ticket_in("pending"), ticket_in("pending", channel="store")
    auditor = Client()
    auditor.force_login(staff("auditor"), backend="django.contrib.auth.backends.ModelBackend")

    assert clerk.get(f"/admin/tickets/{online.number}/receipt/").status_code == 404
    assert auditor.get(f"/admin/tickets/{store.number}/receipt/").status_code == 403
    assert "receipt/" in clerk.get(f"/admin/tickets/{store.number}/").content.decode()
