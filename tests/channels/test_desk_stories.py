"""The hotline and the counter in a real browser, as an agent and a clerk use them (INT-01, INT-12)."""

import pytest
from playwright.sync_api import expect

from apps.channels.models import Call, Extension
from apps.core.actors import SYSTEM
from apps.feedback.models import Ticket
from tests import factories
from tests.channels.test_calls import tell
from tests.channels.test_chat_story import PHOTO


@pytest.fixture
def agent(page):
    user = factories.staff("administrator", staff_number="S801")
    Extension.objects.create(number="8012", user=user)
    page.goto("/admin/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")
    return user


def no_horizontal_scroll(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.req("INT-12")
def test_the_telephone_rings_and_the_open_page_knows_who_it_is(page, agent):
    factories.make_customer(name="欧阳娜娜", phone="13812345678", tier="vip", actor=SYSTEM)
    earlier = factories.ticket(phone="13812345678")

    tell("ringing")
    card = page.locator(".call-card")
    expect(card).to_contain_text("欧***", timeout=15_000)
    expect(card).to_contain_text(earlier.number)
    tell("answered")
    expect(page.locator(".call-card.answered")).to_be_visible(timeout=15_000)
    page.click(".call-card .btn.primary")

    expect(page.locator(".call-about")).to_contain_text("138****5678")
    expect(page.locator("#caller")).to_contain_text("欧***")
    page.fill("[name=text]", "洗衣机漏水，要求上门检查。")
    page.click(".buttons.sticky .btn.primary")
    page.wait_for_url("**/tickets/2*/")
    assert Call.objects.get().outcome == "logged"
    expect(page.locator(".call-card")).to_have_count(0, timeout=15_000)


@pytest.mark.parametrize("width", [820, 390])
@pytest.mark.req("INT-01")
def test_a_clerk_logs_on_a_tablet_and_shows_the_receipt(page, agent, width):
    known = factories.make_customer(name="王芳", phone="13912345678", actor=SYSTEM)
    order = factories.OrderFactory(customer=known)
    factories.OrderLineFactory(order=order)
    page.set_viewport_size({"width": width, "height": 1100})
    page.goto("/admin/tickets/new/?channel=store")
    page.fill("#lookup", "13912345678")
    page.press("#lookup", "Enter")
    page.click("[data-order]")
    expect(page.locator("[name=order_number]")).to_have_value(order.number)
    page.fill("[name=text]", "吸尘器开机就停，门店当场试过，要求换货。")
    page.fill("[name=serial_number]", "SN8842")
    for _ in range(2):  # one picture after another
        page.set_input_files("[data-camera]", PHOTO)
    expect(page.locator("[data-taken] img")).to_have_count(2)
    assert no_horizontal_scroll(page)

    page.click(".buttons.sticky .btn.primary")

    expect(page.locator("figure svg")).to_be_visible()
    made = Ticket.objects.get()
    expect(page.locator(".number")).to_have_text(made.number)
    assert (made.attachments.count(), made.order) == (2, order)
    assert no_horizontal_scroll(page)
    page.click("text=下一位客户")
    expect(page.locator("[name=text]")).to_have_value("")
