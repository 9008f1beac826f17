"""The workspace with what hangs on a ticket: quiet, without scripts too, and in a real browser."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.core import actors
from apps.feedback.models import Message, Ticket
from apps.feedback.services import closure
from apps.journal import deliveries
from tests.desk.pages import at, do, now_of
from tests.factories import plan, staff, ticket, ticket_in
from tests.stories.test_ticket_walk import sign_in


@pytest.mark.django_db
def test_an_ordinary_ticket_has_one_menu_and_no_empty_card(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user), text="请问保修期多久？", kind="inquiry")
    deliveries.drain()

    page = client.get(at(one)).content.decode()

    assert page.count('class="fold menu"') == 1
    for empty in ("card checklist", "card investigation", "card care", "card time-spent", "card needed", "tone-"):
        assert empty not in page
    assert 'id="adding"></div>' in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["checklist_add", "investigation", "interview", "evidence", "time", "care_plan", "macro"]
)
def test_every_addition_opens_with_and_without_scripts(name, signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    address = reverse("admin:desk_form", args=[one.number, name])

    part = client.get(address, HTTP_HX_REQUEST="true").content.decode()
    plain = client.get(address)
    page = client.get(at(one), {"act": name}).content.decode()

    assert f'id="do-{name}"' in part and "<html" not in part
    assert plain.status_code == 302 and f"act={name}" in plain.url
    assert f'id="do-{name}"' in page.split('id="adding"')[1]


@pytest.mark.django_db
def test_what_one_may_not_add_is_not_offered(signed_in):
    one = ticket()
    client = signed_in("auditor")

    assert "fold menu" not in client.get(at(one)).content.decode()
    assert client.get(reverse("admin:desk_form", args=[one.number, "time"])).status_code == 404
    assert client.get(reverse("admin:desk_form", args=[one.number, "resolve"])).status_code == 404


@pytest.mark.django_db
def test_a_closed_ticket_takes_time_and_papers_but_no_check_list(signed_in):
    client = signed_in("administrator")
    one = ticket_in("closed", actor=actors.staff(client.user))

    page = client.get(at(one)).content.decode()

    assert "form/time/" in page and "form/investigation/" in page
    assert "form/checklist_add/" not in page and "form/macro/" not in page


@pytest.mark.django_db
@pytest.mark.req("HND-11")
def test_ticking_on_the_page_frees_the_ticket(signed_in, template):
    client = signed_in("service_staff")
    actor = actors.staff(client.user)
    one = ticket_in("in_progress", actor=actor)
    plan(one, actor)
    do(client, one, "checklist_add", template=template("*核对", "拍照").pk)
    required, optional = one.checklists.get().items.all()

    held = client.get(at(one)).content.decode()
    do(client, one, "checklist_skip", row=optional.pk, reason="客户已发照片")
    do(client, one, "checklist_tick", row=required.pk)
    free = client.get(at(one)).content.decode()

    assert "必做项尚未完成：“核对”" in held and "客户已发照片" in free
    assert "必做项尚未完成" not in free
    assert closure.resolve(one, "已修好。", actor=actor).state == "resolved"


@pytest.mark.django_db
@pytest.mark.req("HND-03")
def test_a_test_report_stands_in_the_story_and_not_on_the_customers_page(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))

    do(client, one, "message", kind="test_report", body="绝缘电阻 0.2 MΩ，不合格")

    assert "绝缘电阻 0.2 MΩ" in client.get(at(one)).content.decode()
    assert Message.objects.get(ticket=one, kind="test_report").author_id == client.user.pk


@pytest.mark.django_db
def test_story_lines_are_in_words(signed_in, template):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    do(client, one, "checklist_add", template=template("*核对").pk)
    do(client, one, "follow")

    page = client.get(at(one)).content.decode()

    assert "加上检查清单" in page and "到货检查" in page and "checklist.added</b>" not in page


@pytest.mark.req("HND-06", "HND-09")
def test_in_a_browser_by_keyboard_and_menu(page, live_site):
    user = staff(display_name="王芳")
    colleague = staff(display_name="钱多多")
    one = ticket_in("in_progress", actor=actors.staff(user))
    Ticket.objects.filter(pk=one.pk).update(sentiment=-0.9)
    sign_in(page, user)
    page.goto(at(one))
    box = page.locator("#composer textarea")

    page.locator("body").press("t")
    expect(page.locator("#picker [role=option]").first).to_contain_text("安抚")
    page.locator("#picker-find").fill("久等")
    expect(page.locator("#picker [role=option]")).to_have_count(1)
    page.locator("#picker-find").press("Enter")
    expect(page.locator("#picker")).to_be_hidden()
    expect(box).to_have_value(re.compile("张三您好，这件事拖到现在"))
    box.press("End")
    box.press_sequentially("补一句")
    assert box.input_value().count("补一句") == 1

    page.locator("#composer [name=kind][value=note]").check(force=True)
    box.fill("")
    box.press_sequentially("@钱")
    expect(page.locator("#mentions [role=option]")).to_have_count(1)
    box.press("Enter")
    expect(box).to_have_value("@钱多多 ")

    page.locator(".adds summary").click()
    page.get_by_role("menuitem", name="耗时").click()
    page.locator("[data-timer-start]").click()
    expect(page.locator("[data-timer-shown]")).to_contain_text("00:0")
    page.locator("[data-timer-stop]").click()
    expect(page.locator("#time-minutes")).to_have_value("1")
    page.locator("#adding button.primary").click()
    expect(page.locator("#time-spent")).to_contain_text("1 分")

    page.locator(".adds summary").click()
    page.get_by_role("menuitem", name="宏").click()
    page.locator("#macro-macro").select_option(label="升为紧急并安抚")
    expect(page.locator("#macro-preview")).to_contain_text("各步均可执行")
    page.locator("#adding button.primary").click()
    expect(page.locator(".said")).to_contain_text("已执行")
    assert now_of(one).urgency == "urgent" and colleague.is_active
