"""The number beside “approvals” in the sidebar falls when somebody decides, without waiting for its minute."""

import pytest
from playwright.sync_api import expect

from apps.accounts.roles import Role
from tests.factories import staff
from tests.money import void_request
from tests.stories.test_ticket_walk import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_number_beside_approvals_falls_with_each_decision(page):
    void_request(), void_request()
    sign_in(page, staff(Role.FINANCE_OFFICER, "finance"))
    page.goto("/desk/")
    entry = page.locator('#nav-sidebar-apps a[href="/desk/"]')
    expect(entry).to_contain_text("2")

    expect(page.locator("#case .big-money")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("#verb-approve button.primary")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("已批准")).to_be_visible()
    expect(entry).to_contain_text("1")
