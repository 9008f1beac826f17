"""Items that came in through a door: tried again, kept when they fail, decided about by a person."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.channels.models import Inbound
from apps.channels.services import inbound
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from tests import factories
from tests.channels.doors import PEOPLE, account, broken, door, knock

pytestmark = pytest.mark.django_db
SYSTEM = actors.system("test")


def test_a_handler_that_breaks_is_tried_five_times_and_never_lost(platforms, monkeypatch, as_admin):
    to = door("facebook")

    def breaks(*_):
        raise KeyError("张三 13812345678")

    monkeypatch.setitem(inbound._handlers, "facebook", breaks)
    knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text="机器坏了。"))
    for minutes in (0, 1, 3, 10, 40, 90):
        with clock.at(timezone.now() + timedelta(minutes=minutes)):
            inbound.handle()

    row = Inbound.objects.get()
    assert (row.state, row.attempts) == ("failed", 5)
    assert re.fullmatch(r"KeyError in test_inbound_items.py:\d+ breaks", row.error)
    monkeypatch.undo()
    as_admin.post(reverse("admin:channels_inbound_act", args=[row.pk, "try-again"]))
    inbound.handle()
    assert Inbound.objects.get().state == "handled"
    assert Ticket.objects.get().description == "机器坏了。"


def test_a_broken_item_does_not_hold_up_the_next_one_of_its_person(platforms, monkeypatch):
    to = door("facebook")
    real, first = inbound._handlers["facebook"], []

    def breaks_once(row, payload):
        if not first:
            first.append(row)
            raise ValueError
        return real(row, payload)

    monkeypatch.setitem(inbound._handlers, "facebook", breaks_once)
    for text in ("第一句：机器坏了。", "第二句：请换货。"):
        knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text=text))

    inbound.handle()

    assert Ticket.objects.get().description == "第二句：请换货。"
    with clock.at(timezone.now() + timedelta(seconds=20)):
        inbound.handle()
    assert Ticket.objects.get().messages.get().body == "第一句：机器坏了。"


def test_an_item_is_handled_by_one_worker_and_its_lease_runs_out(platforms):
    to = door("facebook")
    knock(platforms.facebook.message(account(to), PEOPLE["facebook"], text="机器坏了。"))

    assert inbound._claim() is not None  # a worker that dies now
    assert inbound.handle() == 0
    with clock.at(timezone.now() + timedelta(seconds=121)):
        assert inbound.handle() == 1
    assert Inbound.objects.get().state == "handled"


def test_ids_that_are_too_long_or_unprintable_are_digested():
    to = door("facebook")

    rows = [inbound.keep(to, "x" * 121, {}), inbound.keep(to, "a\x00b", {}), inbound.keep(to, "x" * 121, {})]

    assert {len(row.external_id) for row in rows} == {64}
    assert rows[0].pk == rows[2].pk


def test_the_items_page_shows_what_was_said_while_no_ticket_holds_it(as_admin, client):
    row = broken(door("facebook"), text="我的冰箱漏水了")
    page = reverse("admin:channels_inbound_change", args=[row.pk])

    assert "我的冰箱漏水了" in as_admin.get(page).content.decode()
    auditor = factories.staff("auditor")
    client.force_login(auditor)
    seen = client.get(page)
    assert seen.status_code == 200
    assert "我的冰箱漏水了" not in seen.content.decode()
    assert client.post(reverse("admin:channels_inbound_act", args=[row.pk, "try-again"])).status_code == 403


def test_only_what_failed_is_decided_about(as_admin):
    row = inbound.keep(door("facebook"), "m1", {"peer": "1"})

    with pytest.raises(DomainError) as refusal:
        inbound.try_again(row, actor=SYSTEM)
    assert refusal.value.code == "channels.not_failed"
    with pytest.raises(DomainError) as refusal:
        inbound.set_aside(row, actor=SYSTEM, reason=" ")
    assert refusal.value.code == "core.required"
    act = reverse("admin:channels_inbound_act", args=[row.pk, "explode"])
    assert as_admin.post(act).status_code == 404
