"""What an attacker tried and must not get again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.accounts.services import api_keys
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.sla.services import deadlines
from tests import factories

pytestmark = pytest.mark.django_db


def key(*scopes):
    return {"Authorization": f"Bearer {api_keys.create(f'k{scopes}', list(scopes), actor=actors.SYSTEM).clear}"}


def signed_in(client, role=Role.SERVICE_LEAD):
    user = factories.staff(role)
    client.force_login(user)
    return user


@pytest.mark.req("SLA-08")
@pytest.mark.parametrize("due", [datetime(9999, 12, 31, 23, 59, tzinfo=UTC), None])
def test_a_due_time_set_by_hand_lies_within_a_year(due):
    ticket = factories.ticket()
    due = due or clock.now() + timedelta(days=367)
    with pytest.raises(DomainError) as refused:
        deadlines.set_due(
            deadlines.next_due(ticket).pk, due, actor=factories.staff_actor(Role.MANAGEMENT), reason="等配件"
        )
    assert refused.value.code == "sla.due_too_far"


@pytest.mark.parametrize(
    "query",
    ["number=%00", "received=9999-12-31", "received=0001-01-01", "after=2026-01-01T00:00:00%2B23:59~x", "tab=%00"],
)
def test_a_mangled_queue_address_is_no_fault_of_ours(client, query):
    signed_in(client)
    assert client.get(f"{reverse('admin:desk_queue')}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("stamp", ["²", "9" * 5000, "-1", "x"])
def test_a_mangled_stamp_is_no_fault_of_ours(client, stamp):
    signed_in(client)
    ticket = factories.ticket()
    assert client.get(reverse("admin:desk_here", args=[ticket.number]), {"stamp": stamp}).status_code == 200


def test_nul_in_posts_of_the_queue_finds_nothing(client):
    signed_in(client)
    assert client.post(reverse("admin:desk_find"), {"find": "a\x00b"}).status_code in (200, 302)
    assert client.post(reverse("admin:desk_bulk"), {"ticket": "a\x00", "step": "accept"}).status_code in (200, 302)


def test_a_reading_key_gets_no_link_to_write_with(client):
    ticket = factories.ticket()
    address = f"/api/v1/tickets/{ticket.number}/"
    assert client.get(address, headers=key("tickets:read")).json()["tracking_url"] is None
    answer = client.get(address, headers=key("tickets:read", "tickets:write"))
    assert "/t/" in answer.json()["tracking_url"]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.req("INT-06")
def test_a_person_says_why_before_the_api_shows_clear_data(client):
    signed_in(client)
    ticket = factories.ticket()
    address = f"/api/v1/tickets/{ticket.number}/?personal_data=clear"
    assert client.get(address).status_code == 422
    assert client.get(f"{address}&reason=回电核实").json()["customer"]["name"] == "张三"
    assert set(Event.objects.filter(kind="personal_data.revealed").values_list("reason", flat=True)) == {"回电核实"}


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00%2B23:59", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"]
)
def test_moments_of_any_offset_are_answered(client, moment):
    assert client.get(f"/api/v1/tickets/?received_from={moment}", headers=key("tickets:read")).status_code in (200, 422)
