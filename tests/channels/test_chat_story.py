"""The widget in a real browser, on a page as a shop would have it, with staff answering in the workspace (INT-01)."""

import re
from io import BytesIO

import pytest
from django.core.cache import cache
from PIL import Image
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.feedback.models import Ticket
from apps.feedback.services import assignment
from tests import factories
from tests.channels.chats import chat_door

_picture = BytesIO()
Image.new("RGB", (300, 200), "red").save(_picture, "jpeg")
PHOTO = {"name": "红灯.jpg", "mimeType": "image/jpeg", "buffer": _picture.getvalue()}


@pytest.fixture(autouse=True)
def shop(live_site, settings):
    cache.clear()
    settings.CHAT_DEMO = True
    return chat_door(origins=live_site.url)


@pytest.fixture
def desk(browser, live_site):
    """A signed-in colleague's own browser."""
    context = browser.new_context(base_url=live_site.url, viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.set_default_timeout(15_000)

    def sign_in(user: User):
        page = context.new_page()
        page.goto("/admin/login/")
        page.fill("[name=username]", user.username)
        page.fill("[name=password]", factories.PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/")
        return page

    yield sign_in
    context.close()


def widget(page):
    page.goto("/chat/demo/")
    page.get_by_role("button", name="在线客服").click()
    return page.frame_locator("iframe[title=在线客服]")


def fill_in(chat, text="扫地机器人充不进电，红灯一直闪。"):
    chat.locator("#name").fill("王芳")
    chat.locator("#phone").fill("13912345678")
    chat.locator("#text").fill(text)
    chat.locator("#consent").check()


@pytest.mark.req("INT-01")
def test_a_customer_writes_staff_answer_and_the_customer_sees_it(page, desk):
    chat = widget(page)
    chat.locator("#text").fill("扫地机器人充不进电，红灯一直闪。")
    chat.locator("#send").click()
    expect(chat.locator("#consent-wrong")).to_be_visible()  # refused, and nothing is lost
    expect(chat.locator("#text")).to_have_value("扫地机器人充不进电，红灯一直闪。")
    fill_in(chat)
    chat.locator("#choose").set_input_files(PHOTO)
    chat.locator("#send").click()
    expect(chat.locator("#log li.mine img")).to_be_visible()
    ticket = Ticket.objects.get()
    expect(chat.locator("#log .note")).to_contain_text(ticket.number)

    agent = factories.staff("administrator", ticket.department.code, display_name="李娜")
    colleague = desk(agent)
    colleague.goto(f"/admin/tickets/{ticket.number}/")
    expect(colleague.locator("#chat-now")).to_contain_text("客户正在聊天窗口中")
    colleague.fill("#composer textarea", "请按住电源键十秒，再放回充电座。")
    colleague.click("#composer button.primary")

    expect(chat.locator("#log li.ours .words")).to_have_text("请按住电源键十秒，再放回充电座。", timeout=15_000)
    expect(chat.locator("#log li.ours .who")).to_contain_text("李*")

    chat.locator("#text").fill("好了，谢谢！")
    chat.locator("#text").press("Enter")
    expect(chat.locator("#log li.mine .words").last).to_have_text("好了，谢谢！")
    expect(colleague.locator(".card.story .entry.customer .body").last).to_contain_text("好了，谢谢！", timeout=15_000)
    expect(chat.locator("#text")).to_have_value("")


def test_the_conversation_and_what_is_not_sent_survive_a_reload(page):
    chat = widget(page)
    fill_in(chat)
    chat.locator("#send").click()
    expect(chat.locator("#log li.mine")).to_have_count(1)
    chat.locator("#text").fill("还有一个问题没写完")

    page.reload()
    page.get_by_role("button", name="在线客服").click()
    chat = page.frame_locator("iframe[title=在线客服]")

    expect(chat.locator("#log li.mine .words")).to_have_text("扫地机器人充不进电，红灯一直闪。")
    expect(chat.locator("#text")).to_have_value("还有一个问题没写完")


def test_who_is_already_writing_keeps_the_cursor_when_the_window_says_it_is_open(page):
    chat = widget(page)
    expect(chat.locator("#name")).to_be_focused()
    chat.locator("#text").focus()

    page.evaluate("feedbackChat.open()")  # as on a slow line: the word comes after the customer has begun
    page.evaluate("new Promise(requestAnimationFrame)")
    page.keyboard.type("灯一直红着")

    expect(chat.locator("#text")).to_have_value("灯一直红着")


def test_without_a_connection_the_text_stays_and_is_sent_later(page):
    chat = widget(page)
    fill_in(chat)
    page.context.set_offline(True)
    chat.locator("#send").click()
    expect(chat.locator("#refusal")).to_contain_text("网络连接中断")
    expect(chat.locator("#text")).to_have_value("扫地机器人充不进电，红灯一直闪。")

    page.context.set_offline(False)
    chat.locator("#send").click()

    expect(chat.locator("#log li.mine")).to_have_count(1)
    assert Ticket.objects.count() == 1


def test_a_closed_conversation_is_taken_up_again_or_a_new_one_begins(page):
    chat = widget(page)
    fill_in(chat)
    chat.locator("#send").click()
    expect(chat.locator("#log li.mine")).to_have_count(1)
    admin, ticket = factories.staff_actor("administrator"), Ticket.objects.get()
    assignment.accept(ticket, actor=admin)
    for step in (factories.resolve, factories.call_back):
        step(Ticket.objects.get(), admin)
    expect(chat.locator("#rate a")).to_have_attribute("href", re.compile("/s/"), timeout=15_000)
    factories.answer(5)(Ticket.objects.get(), admin)

    expect(chat.locator("#anew")).to_be_visible(timeout=15_000)
    chat.locator("#text").fill("又坏了")
    chat.locator("#take-up").click()
    expect(chat.locator("#send")).to_be_visible()
    assert Ticket.objects.get().state == "reopened"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_widget_by_keyboard_and_on_a_phone(page, width):
    page.set_viewport_size({"width": width, "height": 780})
    page.goto("/chat/demo/")
    launcher = page.get_by_role("button", name="在线客服")
    launcher.focus()
    page.keyboard.press("Enter")
    chat = page.frame_locator("iframe[title=在线客服]")
    expect(chat.locator("#name")).to_be_focused()
    assert chat.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
    assert chat.locator("#send").evaluate("e => e.getBoundingClientRect().bottom <= innerHeight")
    for name in ("phone", "email", "text", "consent"):
        page.keyboard.press("Tab")
        expect(chat.locator(f"#{name}")).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.locator("iframe")).to_be_hidden()
    expect(launcher).to_be_focused()


def test_another_site_cannot_frame_it(page, shop, settings, live_site):
    settings.CHAT_DEMO = False
    shop.settings = {"origins": "https://shop.example.com"}
    shop.save()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto("/")

    page.evaluate(
        "path => { const f = document.createElement('iframe'); f.src = path; document.body.append(f);"
        " return new Promise((done) => { f.onload = done; setTimeout(done, 3000); }) }",
        f"{live_site.url}/chat/{shop.pk}/",
    )

    assert not page.frame_locator("iframe").locator("#form").count()
    assert any("frame-ancestors" in text for text in refused)
