"""The public pages in a real browser, as a customer uses them."""

import re
from io import BytesIO

import pytest
from django.core.cache import cache
from PIL import Image
from playwright.sync_api import expect

from apps.feedback.models import Ticket
from apps.feedback.services import links
from apps.portal.views.site import _DRAIN_BYTES
from tests import factories

_picture = BytesIO()
Image.new("RGB", (800, 600), "red").save(_picture, "jpeg")
PHOTO = {"name": "充电座.jpg", "mimeType": "image/jpeg", "buffer": _picture.getvalue()}
WIDTHS = [1280, 390]


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def no_horizontal_scroll(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.req("INT-03", "INT-05", "INT-10", "INT-11")
def test_a_form_is_filled_refused_corrected_sent_and_followed(page, width):
    page.set_viewport_size({"width": width, "height": 860})
    page.goto("/")
    assert no_horizontal_scroll(page)

    page.fill("[name=order_number]", "QC202611180023")
    page.set_input_files("[name=files]", PHOTO)
    page.check("[name=demand][value=exchange]", force=True)
    page.fill("[name=phone]", "138001")
    page.click("main button.main-button")

    page.wait_for_selector("#summary")
    expect(page.locator("#summary")).to_be_focused()
    assert page.input_value("[name=order_number]") == "QC202611180023"
    assert page.is_checked("[name=demand][value=exchange]")
    expect(page.locator("text=充电座.jpg")).to_be_visible()
    assert no_horizontal_scroll(page)
    assert Ticket.objects.count() == 0

    page.click("#summary a >> nth=0")
    page.wait_for_function("document.activeElement.name == 'text'")
    page.keyboard.type("吸尘器用了两天就无法开机了，充电座一直闪红灯。")
    page.fill("[name=phone]", "13800138000")
    page.click("main button.main-button")

    page.wait_for_url(re.compile("/sent/$"))
    ticket = Ticket.objects.get()
    assert page.inner_text(".number") == ticket.number
    assert page.input_value("#link") == links.tracking_url(ticket)
    assert no_horizontal_scroll(page)
    page.reload()
    page.click("a:has-text('查看进度')")

    page.wait_for_selector(".rail")
    assert no_horizontal_scroll(page)
    expect(page.locator(".rail [aria-current=step]")).to_have_count(1)
    page.locator(".files img").scroll_into_view_if_needed()
    expect(page.locator(".files img")).to_have_js_property("naturalWidth", 800)
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.req("HND-07", "SLA-06")
def test_an_answer_is_sent_and_a_supervisor_asked_for(page, width):
    ticket = factories.ticket_in("waiting")
    page.set_viewport_size({"width": width, "height": 860})
    page.goto(path_of(links.tracking_url(ticket)))

    page.fill("[name=body]", "红色，一直闪。")
    page.set_input_files("[name=files]", PHOTO)
    page.click("text=发送")
    page.wait_for_selector(".notice")
    expect(page.locator(".notice")).to_be_focused()
    expect(page.locator(".story >> text=红色，一直闪。")).to_be_visible()

    page.click("summary:has-text('请主管介入')")
    page.fill("#supervisor_reason", "已经第三次了")
    page.click("button:has-text('请主管介入')")
    page.wait_for_selector("text=您在")

    fresh = Ticket.objects.get(pk=ticket.pk)
    assert (fresh.state, fresh.escalated) == ("in_progress", True)
    assert no_horizontal_scroll(page)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.req("SUR-02", "SUR-03")
def test_the_survey_is_answered_with_one_tap_and_a_button(page, width):
    ticket = factories.ticket_in("callback")
    page.set_viewport_size({"width": width, "height": 860})
    page.goto(path_of(links.survey_url(ticket.surveys.get())))

    page.click(".faces label >> nth=0")
    assert page.is_checked("[name=score][value='5']")
    assert no_horizontal_scroll(page)
    page.click("text=提交评价")

    page.wait_for_selector("text=谢谢您")
    assert Ticket.objects.get(pk=ticket.pk).state == "closed"


@pytest.mark.req("INT-11", "SUR-02")
def test_everything_works_without_javascript(browser, live_site):
    context = browser.new_context(base_url=live_site.url, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.fill("[name=text]", "遥控器没有反应")
    page.set_input_files("[name=files]", PHOTO)
    page.click("button:has-text('English')")
    page.wait_for_selector("text=Send")
    expect(page.locator("[name=text]")).to_have_value("遥控器没有反应")
    expect(page.locator("text=充电座.jpg")).to_be_visible()

    page.fill("[name=email]", "wang@example.com")
    page.press("[name=email]", "Enter")  # sends, and does not switch the language

    page.wait_for_url(re.compile("/sent/$"))
    ticket = Ticket.objects.get()
    assert ticket.language == "en"
    assert ticket.attachments.count() == 1
    page.click("a:has-text('See the progress')")
    page.fill("[name=body]", "and the lamp is red")
    page.click("text=Send message")
    page.wait_for_selector("text=and the lamp is red")
    context.close()


@pytest.mark.req("INT-05")
def test_unsent_text_survives_a_reload_and_is_gone_after_sending(page):
    page.goto("/")
    page.fill("[name=text]", "写了很久的一段话")
    page.check("[name=kind][value=fault]", force=True)
    page.evaluate("document.querySelector('details').open = true")
    page.fill("[name=place]", "杭州")

    page.goto("/robots.txt")
    page.goto("/")

    expect(page.locator("[name=text]")).to_have_value("写了很久的一段话")
    expect(page.locator("[name=kind][value=fault]")).to_be_checked()
    expect(page.locator("[name=place]")).to_be_visible()

    page.fill("[name=phone]", "13800138000")
    page.click("main button.main-button")
    page.wait_for_url(re.compile("/sent/$"))
    page.goto("/")
    assert page.input_value("[name=text]") == ""


def test_another_act_of_the_page_leaves_what_is_half_written(page):
    ticket = factories.ticket()
    page.goto(path_of(links.tracking_url(ticket)))
    page.fill("#add textarea", "机身编号在背面，我明天再补充照片")

    page.click("summary:has-text('请主管介入')")
    page.click("form[action$='/supervisor/'] button")

    page.wait_for_selector("[role=status]")
    expect(page.locator("#add textarea")).to_have_value("机身编号在背面，我明天再补充照片")


def test_a_double_click_on_send_makes_one_ticket(page):
    page.goto("/")
    page.fill("[name=text]", "遥控器没有反应")
    page.fill("[name=phone]", "13800138000")

    page.dblclick("main button.main-button")

    page.wait_for_url(re.compile("/sent/$"))
    assert Ticket.objects.count() == 1


def test_a_text_of_megabytes_is_answered_and_still_there_after_going_back(page):
    page.goto("/")
    page.evaluate("document.querySelector('[name=text]').value = '充'.repeat(1_500_000)")
    assert _DRAIN_BYTES > 4_500_000

    page.click("main button.main-button")
    page.wait_for_selector("text=一次提交的内容太多了")
    page.go_back()

    page.wait_for_function("document.querySelector('[name=text]').value.length === 1_500_000")
    assert Ticket.objects.count() == 0


def test_a_file_that_is_too_large_is_named_before_it_travels(page, settings, tmp_path):
    settings.UPLOAD_MAX_BYTES = 1024**2
    (tmp_path / "video.mp4").write_bytes(b"\0" * 2 * 1024**2)
    page.goto("/")
    page.fill("[name=text]", "遥控器没有反应")

    page.set_input_files("[name=files]", tmp_path / "video.mp4")
    page.click("main button.main-button")

    expect(page.locator("#id_files_large")).to_contain_text("video.mp4")
    assert page.url.endswith("/")
    assert page.input_value("[name=text]") == "遥控器没有反应"
    assert Ticket.objects.count() == 0
