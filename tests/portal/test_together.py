"""What a customer sees of a merged ticket, and the button to nudge us (INT-08, HND-11)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.core import clock
from apps.feedback.models import Message, Ticket
from apps.feedback.services import closure, links, merging, parts
from tests import factories

pytestmark = pytest.mark.django_db
TEXT = "吸尘器用了两天就无法开机了，要求换货。"


def page_of(ticket):
    fresh = Ticket.objects.get(pk=ticket.pk)
    return Client().get(reverse("portal:track", args=[fresh.number, links.tracking_token(fresh)])).content.decode()


def send(ticket, act, **typed):
    address = reverse(f"portal:{act}", args=[ticket.number, links.tracking_token(ticket)])
    return Client().post(address, typed, follow=True)


@pytest.fixture
def lead():
    return factories.staff_actor(Role.ADMINISTRATOR)


@pytest.mark.req("INT-08", "HND-07")
def test_a_merged_ticket_shows_the_progress_of_the_one_that_answers(lead):
    target = factories.ticket_in("in_progress", actor=lead, text=TEXT)
    ticket = factories.beside(target, "充电灯也不亮。")
    merging.merge(ticket, target, actor=lead)
    page = page_of(ticket)
    assert f"{target.number} 合并处理" in page and "正在处理" in page
    assert TEXT not in page, "its page tells what was written through its own link"
    said = send(ticket, "add_message", body="还要等多久？", token="t1")
    assert said.status_code == 200
    assert Message.objects.get(ticket=ticket, kind="customer").body == "还要等多久？"
    factories.plan(target, lead)
    closure.resolve(target, "已更换电池。", actor=lead)
    assert "已更换电池。" in page_of(ticket)


@pytest.mark.req("INT-08", "ADM-04")
def test_another_customer_sees_nothing_of_the_one_that_answers(lead):
    target = factories.ticket_in("in_progress", actor=lead, text=TEXT)
    ticket = factories.ticket("我家的吸尘器充不了电。")
    merging.merge(ticket, target, actor=lead)
    factories.plan(target, lead)
    closure.resolve(target, "已更换电池。", actor=lead)
    page = page_of(ticket)
    assert "与另一条反馈合并处理" in page
    assert target.number not in page and "已更换电池。" not in page and TEXT not in page
    assert send(ticket, "add_message", body="好的", token="t1").status_code == 200


@pytest.mark.req("HND-11")
def test_the_button_nudges_once_and_says_when_again():
    ticket = factories.ticket()
    assert "催一下" in page_of(ticket)
    done = send(ticket, "nudge", token="n1").content.decode()
    assert "已收到您的催办" in done and Ticket.objects.get(pk=ticket.pk).nudges == 1
    again = send(ticket, "nudge", token="n2")
    assert again.status_code == 429 and Ticket.objects.get(pk=ticket.pk).nudges == 1
    page = page_of(ticket)
    assert "催一下" not in page and "之后可再次催办" in page
    with clock.at(clock.now() + timedelta(hours=5)):
        assert "催一下" in page_of(ticket)


@pytest.mark.req("HND-11")
@pytest.mark.parametrize("state", ["waiting", "resolved", "callback", "closed", "rejected"])
def test_there_is_no_button_where_there_is_nothing_to_hurry(state):
    assert "催一下" not in page_of(factories.ticket_in(state))


@pytest.mark.req("HND-11")
def test_a_merged_tickets_button_hurries_the_one_that_answers(lead):
    target = factories.ticket_in("in_progress", actor=lead, text=TEXT)
    ticket = factories.beside(target)
    merging.merge(ticket, target, actor=lead)
    assert send(ticket, "nudge", token="n1").status_code == 200
    assert Ticket.objects.get(pk=target.pk).nudges == 1
    assert parts.open_parts(target).count() == 0
