"""In a real browser: suggestions while typing (INT-11), and an article's link put into a reply (KB-02)."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.roles import Role
from apps.core import actors
from apps.feedback.models import Ticket
from tests import factories
from tests.knowledge.shelf import draft, published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def fill(page):
    page.goto("/")
    page.locator("#id_text").press_sequentially("吸尘器充不进电，插上去灯不亮")


@pytest.mark.req("INT-11")
def test_an_article_appears_beside_the_box_while_typing(page):
    article = published(draft("吸尘器充不进电怎么办", "擦净充电触点。"))

    fill(page)

    link = page.locator("#suggestions a").first
    link.wait_for()
    assert link.get_attribute("href") == f"/help/{article.key}/"
    assert link.get_attribute("target") == "_blank"  # what was typed stays where it is


@pytest.mark.req("INT-11")
def test_suggestions_that_never_answer_hold_nothing_back(page):
    page.route("**/help/suggest/", lambda route: None)  # hangs for ever

    with page.expect_request("**/help/suggest/"):
        fill(page)
    page.locator("#id_phone").fill("13812345678")
    page.get_by_role("button", name="提交反馈").last.click()
    page.wait_for_url("**/sent/")

    assert Ticket.objects.count() == 1


@pytest.mark.req("KB-02")
def test_the_link_of_an_article_goes_into_the_reply_where_the_cursor_stands(page, live_site):
    article = published(draft("吸尘器无法开机怎么办", "先充电。"))
    user = factories.staff(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("in_progress", actor=actors.staff(user))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_site.url}])
    page.goto(f"/admin/tickets/{ticket.number}/")
    box = page.locator("#composer textarea")
    box.fill("您好：")

    page.locator("[data-article]").first.click()

    expect(box).to_have_value(re.compile(f"/help/{article.key}/"))
    assert box.input_value().startswith("您好：\n吸尘器无法开机怎么办\n")
