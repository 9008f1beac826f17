import base64
from datetime import timedelta

import pytest

from apps.core import actors, clock
from apps.crm.events import PERSONAL_DATA_REVEALED
from apps.feedback.api import answers, rows
from apps.feedback.services import assignment, conversation
from apps.feedback.states import MessageKind
from apps.journal.models import Event
from tests import factories
from tests.api.conftest import is_problem, pointers

pytestmark = pytest.mark.django_db


def numbers(response):
    assert response.status_code == 200, response.content
    return [row["number"] for row in response.json()["results"]]


def follow(api, response):
    """All pages from this one on."""
    pages = [response.json()]
    while pages[-1]["next"]:
        pages.append(api.client.get(pages[-1]["next"], headers=api.headers).json())
    return [[row["number"] for row in page["results"]] for page in pages]


@pytest.mark.req("INT-01")
def test_the_list_pages_from_new_to_old_without_repeating_or_hiding(api):
    made = [factories.ticket().number for _ in range(5)]
    first = api.get("tickets/", page_size=2)
    factories.ticket()  # comes in while the client pages

    pages = follow(api, first)

    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]


def test_a_list_is_one_query(api, count_queries):
    for _ in range(3):
        factories.ticket()
    api.get("tickets/")  # what a process reads once

    with count_queries("api.list"):
        response = api.get("tickets/", state="pending", kind="complaint", channel="online")

    assert len(response.json()["results"]) == 3


def test_every_filter_finds_its_own(api):
    handler = factories.staff(department="quality")
    plain = factories.ticket("物流太慢了，催了三次", kind="complaint")
    other = factories.ticket("洗衣机漏水", kind="fault", urgency="critical", channel="hotline", order_number="DD-9")
    taken = factories.ticket("建议增加夜间模式", kind="suggestion", external_ref="reviews:1")
    assignment.assign(taken, actor=actors.SYSTEM, department=handler.department, assignee=handler)
    queries = {
        plain.number: [{"category": "logistics"}, {"kind": "complaint"}, {"number": plain.number}],
        other.number: [
            {"urgency": "critical"}, {"channel": "hotline"}, {"order_number": "DD-9"}, {"customer": str(other.customer_id)},
            {"priority_level": other.priority_level, "kind": "fault"},
        ],
        taken.number: [
            {"state": "assigned"}, {"department": "quality", "kind": "suggestion"}, {"assignee": handler.staff_number},
            {"external_ref": "reviews:1"},
        ],
    }  # fmt: skip

    for number, filters in queries.items():
        for query in filters:
            assert numbers(api.get("tickets/", **query)) == [number], query
    assert len(numbers(api.get("tickets/", state=["assigned", "pending"]))) == 3
    assert numbers(api.get("tickets/", open="false")) == []


def test_received_from_includes_and_received_to_excludes(api):
    noon = clock.now().replace(microsecond=0) - timedelta(days=3)
    early, late = (factories.ticket(received_at=noon + timedelta(hours=hours)) for hours in (0, 1))

    assert numbers(api.get("tickets/", received_from=noon.isoformat())) == [late.number, early.number]
    assert numbers(api.get("tickets/", received_to=(noon + timedelta(hours=1)).isoformat())) == [early.number]


BAD_QUERIES = [
    ("page_size", "0"), ("page_size", "201"), ("page_size", "x"), ("page_size", "٣"), ("cursor", "x"), ("cursor", "AAAA"),
    ("cursor", "é"), ("state", "sleeping"), ("category", "no-such"), ("department", "no-such"), ("department", "a\x00b"),
    ("customer", "5"), ("received_from", "yesterday"), ("open", "perhaps"), ("stat", "pending"), ("number", "x" * 99),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_QUERIES)
def test_a_wrong_query_is_named_and_no_fault(api, name, value):
    response = api.get("tickets/", **{name: value})

    assert is_problem(response, 422)
    assert pointers(response) == {f"/{name}"}


@pytest.mark.req("INT-06", "ADM-04")
def test_the_detail_shows_everything_with_personal_data_masked(api):
    ticket = factories.ticket(phone="13812345678", email="zhang@example.com")

    response = api.get(f"tickets/{ticket.number}/")

    row = response.json()
    assert row["customer"]["phone"] == "138****5678"
    assert (row["customer"]["name"], row["customer"]["email"]) == ("张*", "z***@example.com")
    assert {d["metric"] for d in row["deadlines"]} >= {"first_response", "resolution"}
    assert sum(part["points"] for part in row["priority_parts"]) == row["priority_score"]
    assert ticket.number in row["tracking_url"]
    assert "12345678" not in response.content.decode()


@pytest.mark.req("INT-06", "ADM-04")
def test_clear_values_need_their_scope_and_are_recorded(api, api_with):
    ticket = factories.ticket(phone="13812345678", email="")
    reader = api_with("tickets:read")

    refused = reader.get(f"tickets/{ticket.number}/", personal_data="clear")
    shown = api.get(f"tickets/{ticket.number}/", personal_data="clear")

    assert is_problem(refused, 403, "core.not_allowed")
    assert shown.json()["customer"] | {"phone": "13812345678", "name": "张三", "email": ""} == shown.json()["customer"]
    looks = Event.objects.filter(kind=PERSONAL_DATA_REVEALED)
    assert sorted(event.data["field"] for event in looks) == ["name", "phone"]
    assert {event.actor_label for event in looks} == {"api:ERP"}
    assert is_problem(api.get(f"tickets/{ticket.number}/", personal_data="all"), 422)


@pytest.mark.req("ADM-02", "ADM-03")
def test_what_one_may_not_know_of_does_not_exist(api_with):
    number = factories.ticket().number
    writer, reader = api_with("tickets:write"), api_with("tickets:read")

    assert is_problem(writer.get("tickets/"), 403)
    for path in ("", "messages/", "transitions/"):
        assert is_problem(writer.get(f"tickets/{number}/{path}"), 404, "core.not_found")
        assert is_problem(reader.get(f"tickets/202401-999/{path}"), 404, "core.not_found")
        assert reader.get(f"tickets/{number}/{path}").status_code == 200
    assert is_problem(reader.get(f"tickets/{number}/events/"), 403)


@pytest.mark.req("ADM-02")
def test_a_signed_in_member_of_staff_sees_what_they_see_on_screen(api, client):
    mine, others = factories.ticket("物流太慢了，催了三次"), factories.ticket("发票抬头开错了")
    client.force_login(factories.staff("department_handler", department=mine.department.code))

    listed = client.get("/api/v1/tickets/")

    assert numbers(listed) == [mine.number]
    assert is_problem(client.get(f"/api/v1/tickets/{others.number}/"), 404)


def test_messages_come_oldest_first_and_say_what_the_customer_sees(api):
    ticket = factories.ticket()
    actor = factories.staff_actor("service_lead")
    conversation.add(ticket, MessageKind.NOTE, "先查库存", actor=actor)
    conversation.add(ticket, MessageKind.REPLY, "我们明天回复您", actor=actor)

    first = api.get(f"tickets/{ticket.number}/messages/", page_size=1).json()
    second = api.client.get(first["next"], headers=api.headers).json()

    assert [(m["kind"], m["customer_sees"]) for m in first["results"] + second["results"]] == [
        ("note", False),
        ("reply", True),
    ]
    assert second["next"] is None


@pytest.mark.req("LNK-04")
def test_events_tell_who_did_what_when(api):
    ticket = factories.ticket()
    conversation.customer_says(ticket, "还有，遥控器也坏了", actor=actors.CUSTOMER, channel="online")

    first = api.get(f"tickets/{ticket.number}/events/", page_size=1).json()
    second = api.client.get(first["next"], headers=api.headers).json()

    assert [e["kind"] for e in first["results"] + second["results"]] == ["ticket.received", "message.added"]
    assert second["results"][0]["actor_kind"] == "customer"


def test_a_cursor_beyond_all_numbers_finds_nothing(api):
    ticket = factories.ticket()

    response = api.get(f"tickets/{ticket.number}/events/", cursor=base64.b64encode(b"9" * 30).decode())

    assert response.json() == {"results": [], "next": None}


def test_the_description_names_exactly_what_is_answered():
    ticket = factories.ticket()

    assert set(rows.of(ticket)) == set(answers.TicketRow().fields) == set(rows.COLUMNS)
    assert set(rows.detail(ticket, actors.SYSTEM)) == set(answers.TicketDetail().fields)


@pytest.mark.req("HND-09")
def test_the_list_can_be_searched_by_words_and_pages_go_on(api):
    made = [factories.ticket("洗衣机漏水，要求退款").number for _ in range(3)]
    factories.ticket("洗衣机漏水")

    first = api.get("tickets/", search='退款 "漏水" -物流', page_size=2)
    nothing, empty = api.get("tickets/", search="退款 物流"), api.get("tickets/", search='-退款 "')

    assert follow(api, first) == [[made[2], made[1]], [made[0]]]
    assert numbers(nothing) == []
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "ticket.search_empty")
    assert api.get("tickets/", search="退" * 201).status_code in (400, 422)
