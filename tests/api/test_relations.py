"""`/api/v1/tickets/…`: how tickets hang together."""

import pytest

from apps.accounts.roles import Role
from apps.core import actors
from apps.feedback.models import Ticket
from apps.feedback.services import nudges
from tests import factories
from tests.api.conftest import is_problem, pointers

pytestmark = pytest.mark.django_db
TEXT = "吸尘器用了两天就无法开机了，要求换货。"


@pytest.fixture
def pair():
    first = factories.ticket(TEXT)
    return first, factories.beside(first)


@pytest.mark.req("INT-08", "LNK-04")
def test_merging_and_taking_out_again(api, pair):
    first, second = pair
    merged = api.post(f"tickets/{second.number}/merge/", {"into": first.number, "reason": "同一件事"}, key="m1")
    assert (merged.status_code, merged.json()["state"], merged.json()["merged_into"]) == (200, "merged", first.number)
    assert api.post(f"tickets/{second.number}/merge/", {"into": first.number}, key="m1").status_code == 422
    again = api.post(f"tickets/{second.number}/merge/", {"into": first.number, "reason": "同一件事"}, key="m1")
    assert again["Idempotency-Replayed"] == "true"
    relations = api.get(f"tickets/{first.number}/relations/").json()
    assert [t["number"] for t in relations["merged"]] == [second.number]
    back = api.post(f"tickets/{second.number}/unmerge/", {"reason": "两件事"}).json()
    assert (back["state"], back["merged_into"], back["repeat_of"]) == ("pending", None, None)


@pytest.mark.req("INT-08")
def test_a_repeat_is_told_by_the_answer_and_counted_by_a_filter(api, feedback):
    made = api.post("tickets/", feedback()).json()
    again = api.post("tickets/", feedback(external_ref="2")).json()
    assert (made["repeat_of"], again["repeat_of"]) == (None, made["number"])

    def numbers(**query):
        return {row["number"] for row in api.get("tickets/", **query).json()["results"]}

    assert numbers(counted="true") == {made["number"]}
    assert numbers(counted="false") == {again["number"]}
    assert numbers(repeat_of=made["number"]) == {again["number"]}
    apart = api.post(f"tickets/{again['number']}/repeat/", {"first": None, "reason": "第二台"})
    assert apart.json()["repeat_of"] is None
    assert numbers(counted="true") == {made["number"], again["number"]}
    together = api.post(f"tickets/{again['number']}/repeat/", {"first": made["number"]})
    assert together.json()["repeat_of"] == made["number"]


@pytest.mark.req("HND-09")
def test_links_one_or_many_and_away(api, pair):
    first, second = pair
    third = factories.ticket()
    body = {"relation": "causes", "tickets": [second.number, third.number], "reason": "批次"}
    found = api.post(f"tickets/{first.number}/links/", body).json()["results"]
    assert {(row["relation"], row["ticket"]["number"]) for row in found} == {
        ("causes", second.number),
        ("causes", third.number),
    }
    mirrored = api.get(f"tickets/{third.number}/relations/").json()["links"]
    assert [(row["relation"], row["ticket"]["number"], row["reason"]) for row in mirrored] == [
        ("caused_by", first.number, "批次")
    ]
    gone = api.client.delete(f"/api/v1/tickets/{first.number}/links/{found[0]['id']}/", headers=api.headers)
    assert gone.status_code == 204
    unknown = api.post(f"tickets/{first.number}/links/", {"relation": "related", "tickets": ["202401-999"]})
    assert is_problem(unknown, 422) and pointers(unknown) == {"/tickets"}


@pytest.mark.req("HND-11")
def test_a_child_holds_its_parent(api):
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    whole = factories.ticket_in("in_progress", actor=actor)
    factories.plan(whole, actor)
    made = api.post(f"tickets/{whole.number}/children/", {"title": "检测电池", "department": "quality"})
    assert (made.status_code, made.json()["parent"], made.json()["department"]) == (201, whole.number, "quality")
    held = api.post(f"tickets/{whole.number}/transitions/", {"name": "resolve", "result": "好了"})
    assert is_problem(held, 409, "part.open")
    wrong = api.post(f"tickets/{whole.number}/children/", {"title": "x", "department": "nowhere"})
    assert pointers(wrong) == {"/department"}


@pytest.fixture
def whole():
    return factories.ticket_in("in_progress", actor=factories.staff_actor(Role.ADMINISTRATOR))


@pytest.mark.req("HND-11")
def test_existing_tickets_become_children_and_stand_for_themselves_again(api, whole):
    part, more = factories.beside(whole), factories.beside(whole, "冰箱冷藏室漏水，地板泡坏了。")
    body = {"tickets": [part.number, more.number, part.number], "reason": "同一次上门解决"}

    attached = api.post(f"tickets/{whole.number}/attach/", body, key="a1")
    again = api.post(f"tickets/{whole.number}/attach/", body, key="a1")

    rows = attached.json()["results"]
    assert (attached.status_code, [(row["number"], row["parent"]) for row in rows]) == (
        200,
        [(part.number, whole.number), (more.number, whole.number)],
    )
    assert again["Idempotency-Replayed"] == "true"
    children = api.get(f"tickets/{whole.number}/relations/").json()["children"]
    assert {child["number"] for child in children} == {part.number, more.number}
    taken = api.post(f"tickets/{part.number}/attach/", {"tickets": [more.number]})
    assert is_problem(taken, 409, "part.has_whole") and pointers(taken) == {"/tickets"}
    alone = api.post(f"tickets/{part.number}/detach/", {"reason": "另一台机器"})
    assert (alone.status_code, alone.json()["parent"]) == (200, None)
    assert is_problem(api.post(f"tickets/{part.number}/detach/", {"reason": "又一次"}), 409, "ticket.not_a_part")
    assert api.post(f"tickets/{more.number}/detach/", {}).status_code == 422


@pytest.mark.req("HND-11", "ADM-01")
def test_what_may_not_become_a_child_attaches_nothing(api, api_with, whole):
    part, stranger = factories.beside(whole), factories.ticket()
    to = f"tickets/{whole.number}/attach/"

    other = api.post(to, {"tickets": [part.number, stranger.number]})
    unknown = api.post(to, {"tickets": [part.number, "202401-999"]})
    reader = api_with("tickets:read").post(to, {"tickets": [part.number]})

    assert is_problem(other, 409, "part.other_customer")
    assert is_problem(unknown, 422) and pointers(unknown) == {"/tickets"}
    assert is_problem(reader, 403, "core.not_allowed")
    assert is_problem(api.post(to, {"tickets": [whole.number]}), 422, "part.itself")
    assert pointers(api.post(to, {"tickets": []})) == {"/tickets"}
    assert Ticket.objects.get(pk=part.pk).parent_id is None


@pytest.mark.req("CLS-08")
def test_tags_are_set_completed_and_filtered_by(api, pair):
    first, _second = pair
    tagged = api.post(f"tickets/{first.number}/tags/", {"tags": ["ＶＩＰ", "批次B2605"]}).json()
    assert tagged["tags"] == ["vip", "批次b2605"]
    assert api.get("tags/", q="批次").json()["results"][0] in ("批次b2605", "批次问题")
    assert [row["number"] for row in api.get("tickets/", tag="Vip").json()["results"]] == [first.number]
    refused = api.post(f"tickets/{first.number}/tags/", {"tags": ["13812345678"]})
    assert refused.status_code == 422


@pytest.mark.req("HND-11")
def test_a_nudge_counts_and_comes_too_soon(api_with, pair):
    first, _second = pair
    door = api_with("tickets:read", "tickets:write")
    assert door.post(f"tickets/{first.number}/nudges/", {}).json()["nudges"] == 1
    soon = door.post(f"tickets/{first.number}/nudges/", {"reason": "?"})
    assert is_problem(soon, 429, "nudge.too_soon")
    reader = api_with("tickets:read")
    assert reader.post(f"tickets/{first.number}/nudges/", {}).status_code == 403
    assert reader.post(f"tickets/{first.number}/merge/", {"into": first.number}).status_code in (403, 422)
    assert Ticket.objects.get(pk=first.pk).nudges == 1
    assert nudges.next_at(Ticket.objects.get(pk=first.pk)) is not None


@pytest.mark.req("INT-08", "ADM-01")
def test_another_customers_ticket_is_not_merged_by_a_key(api, pair):
    first, _second = pair
    stranger = factories.ticket()
    assert is_problem(
        api.post(f"tickets/{stranger.number}/merge/", {"into": first.number}), 403, "merge.other_customer"
    )
    assert actors.CUSTOMER.can("feedback.handle_ticket") is False
