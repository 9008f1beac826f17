"""The approval inbox in a real browser: by keys alone, and on a phone (VOI-07)."""

import pytest
from playwright.sync_api import expect

from apps.accounts.roles import Role
from apps.billing.models import Approval, Refund, VoidRequest
from apps.core import actors
from apps.notifications.models import Notice
from tests.factories import staff
from tests.money import invoice, line, refund, void_request
from tests.stories.test_ticket_walk import said, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def state(case):
    return type(case).objects.get(pk=case.pk).state


@pytest.mark.req("VOI-07")
def test_a_morning_of_approvals_by_keys(page):
    filer = staff(Role.SERVICE_STAFF, display_name="李娜")
    small = [refund(amount="50.00"), refund(amount="60.00")]
    wrong = void_request(invoice(line("700.00")), actor=actors.staff(filer))
    right = void_request(invoice(line("900.00")), actor=actors.staff(filer))
    sign_in(page, staff(Role.FINANCE_OFFICER, "finance", display_name="彭娟"))

    # to the inbox, and what is due first stands open
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="审批")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(page.locator('#nav-sidebar-apps a[href="/desk/"]')).to_contain_text("4")
    expect(page.locator("#case .big-money")).to_have_text("¥791.00")

    # asking back leaves it open
    page.keyboard.press("b")
    page.keyboard.type("原发票是否已交给客户？")
    page.keyboard.press("Control+Enter")
    said(page, "已询问李娜")
    assert Notice.objects.filter(user=filer, kind="question_asked").count() == 1
    expect(page.locator("#case .question")).to_contain_text("原发票是否已交给客户？")

    # no rejecting without a reason; with one the next case opens by itself
    page.keyboard.press("x")
    page.locator("#verb-reject button.primary").click()
    expect(page.locator("#case [role=alert]").first).to_be_visible()
    page.locator("#words-reject").fill("已交付且用途已确认，请走确认单")
    page.keyboard.press("Control+Enter")
    said(page, "已驳回")
    assert state(wrong) == "rejected"
    expect(page.locator("#case .big-money")).to_have_text("¥1,017.00")

    # approving: the amount stands on the button that has the focus
    page.keyboard.press("a")
    expect(page.locator("#verb-approve button.primary")).to_be_focused()
    expect(page.locator("#verb-approve button.primary")).to_contain_text("¥1,017.00")
    page.keyboard.press("Enter")
    said(page, "已批准")
    assert state(right) == "verification"

    # j, k and Enter walk the list
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#case .case-head")).to_contain_text(small[1].number)
    page.go_back()
    page.wait_for_load_state("networkidle")

    # small ones together
    page.goto("/desk/")
    page.locator("[data-all]").check()
    expect(page.locator("[data-chosen]")).to_have_text("已勾选 2 笔")
    page.get_by_role("button", name="批准所选").click()
    expect(page.get_by_text("没有待您处理的事项。")).to_be_visible()
    assert {state(one) for one in small} == {"approved"}
    assert Approval.objects.count() == 4


@pytest.mark.req("VOI-07")
def test_on_a_phone_one_case_at_a_time(page):
    case = void_request(invoice(line("900.00", name="晴川空气净化器 KJ-400 高端版（含两年上门服务与滤芯）")))
    other = refund(amount="350.00")
    sign_in(page, staff(Role.FINANCE_OFFICER, "finance"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/desk/")

    expect(page.locator(".inbox-list")).to_be_hidden()
    expect(page.locator("#case .big-money")).to_have_text("¥1,017.00")
    for name in ("同意", "驳回"):
        button = page.locator(".verdict-bar").get_by_role("button", name=name)
        assert button.bounding_box()["height"] >= 44
        assert button.bounding_box()["y"] < 844  # within reach of the thumbs
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".verdict-bar").get_by_role("button", name="同意").click()
    page.locator("#verb-approve button.primary").click()
    said(page, "已批准")
    assert VoidRequest.objects.get(pk=case.pk).state == "verification"
    expect(page.locator("#case .big-money")).to_have_text("¥350.00")
    page.get_by_role("link", name="列表").click()
    expect(page.locator(".inbox-list")).to_be_visible()
    assert Refund.objects.get(pk=other.pk).state == "created"
