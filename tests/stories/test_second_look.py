"""In the browser: a manager sets up the second factor, logs in with it, and is asked again before money is approved (ADM-03)."""

import pyotp
import pytest

from apps.accounts.models import SecondLook
from apps.accounts.roles import Role
from apps.billing.models import Approval, Refund
from apps.core import clock
from tests import money
from tests.factories import PASSWORD, staff

pytestmark = [pytest.mark.req("ADM-03")]


def log_in(page, name):
    page.goto("/admin/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def test_set_up_log_in_and_confirm_before_money_moves(page, live_site, settings):
    settings.SECOND_LOOK = True
    user = staff(Role.FINANCE_OFFICER, "finance", username="pengjuan", display_name="彭娟")
    refund = money.refund(money.payment("9000.00"), amount="6000.00")

    log_in(page, "pengjuan")
    page.get_by_text("彭娟").first.wait_for()
    page.goto("/admin/second-factor/")
    page.get_by_role("button", name="立即设置").click()
    page.fill("#second-proof", PASSWORD)
    page.get_by_role("button", name="确认并继续").click()
    page.locator(".sf-qr").wait_for()
    app = pyotp.TOTP(page.locator(".sf-secret").inner_text().replace(" ", ""))
    page.fill("[name=code]", app.at(clock.now()))
    page.get_by_role("button", name="确认", exact=True).click()
    page.locator(".sf-codes code").first.wait_for()
    codes = page.locator(".sf-codes code").all_inner_texts()
    assert len(codes) == 10

    page.context.clear_cookies()
    log_in(page, "pengjuan")
    page.fill("#id_code", codes[0])
    page.keyboard.press("Enter")
    page.get_by_text("彭娟").first.wait_for()
    SecondLook.objects.update(minutes=0)

    page.goto("/desk/")
    page.get_by_text("¥6,000.00").first.wait_for()
    page.keyboard.press("a")
    page.locator("textarea:visible").first.fill("同意退款，已核对退货单")
    page.get_by_role("button", name="同意 ¥6,000.00").click()
    page.locator("#second-proof").wait_for()
    assert Refund.objects.get().state == "created" and not Approval.objects.exists()
    page.fill("#second-proof", "000000")
    page.get_by_role("button", name="确认并继续").click()
    page.get_by_text("验证码不正确").wait_for()
    page.fill("#second-proof", codes[1])
    page.get_by_role("button", name="确认并继续").click()
    page.wait_for_url("**/desk/**")
    page.get_by_text(refund.number).first.wait_for()

    signed = Approval.objects.get()
    assert (signed.by_id, signed.reason) == (user.pk, "同意退款，已核对退货单")
