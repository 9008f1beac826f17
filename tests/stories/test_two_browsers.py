"""Two members of staff on one ticket, in two real browsers (HND-08): they see each other, and nothing is overwritten unseen."""

import pytest
from playwright.sync_api import expect

from tests.factories import staff, ticket_in
from tests.stories.test_ticket_walk import now_of, other_page, said, sign_in  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.req("HND-08")
def test_they_see_each_other_and_a_stale_save_shows_the_difference(page, other_page):  # noqa: F811
    one = ticket_in("in_progress")
    address = f"/admin/tickets/{one.number}/"
    sign_in(page, staff("service_staff", display_name="李娜")).goto(address)
    sign_in(other_page, staff("service_staff", display_name="王强")).goto(address)

    expect(other_page.locator("#presence")).to_contain_text("也在查看：李娜")
    expect(page.locator("#presence")).to_contain_text("也在查看：王强", timeout=20_000)

    # both open the same form; 李娜 types, 王强 is quicker
    for browser, place in ((page, "杭州西湖区"), (other_page, "上海浦东新区")):
        browser.locator("[data-open=do-facts]").first.click()
        browser.locator("#do-facts").get_by_label("地点").fill(place)
    other_page.locator("#do-facts").get_by_label("机身序列号").fill("SN-0042")
    other_page.locator("#do-facts").get_by_role("button", name="保存").click()
    said(other_page, "已保存")
    expect(page.locator("#presence")).to_contain_text("此工单有更新", timeout=20_000)
    page.locator("#do-facts").get_by_role("button", name="保存").click()

    told = page.locator("#do-facts .meanwhile")
    expect(told).to_contain_text("您填写期间，同事修改了以下内容")
    expect(told.locator("dl > div", has_text="机身序列号")).to_contain_text("SN-0042")
    difference = told.locator("dl > div", has_text="地点")
    expect(difference.locator("ins")).to_have_text("上海浦东新区")
    expect(difference).to_contain_text("王强")
    expect(page.locator("#do-facts").get_by_label("地点")).to_have_value("杭州西湖区")
    expect(page.locator("#do-facts").get_by_label("机身序列号")).to_have_value("SN-0042")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert now_of(one).place == "上海浦东新区"

    page.locator("#do-facts").get_by_role("button", name="保存").click()  # seen, and decided
    said(page, "已保存")
    done = now_of(one)
    assert (done.place, done.serial_number) == ("杭州西湖区", "SN-0042")
