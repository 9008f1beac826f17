from datetime import timedelta

import pytest

from apps.core import clock
from apps.feedback.api.steps import STEPS
from apps.feedback.models import Solution, Ticket
from apps.feedback.services import closure
from apps.journal.models import Event
from tests import factories
from tests.api.conftest import is_problem, pointers

pytestmark = pytest.mark.django_db


def step(api, ticket, name, **data):
    return api.post(f"tickets/{ticket.number}/transitions/", {"name": name, **data})


def plan(api, ticket, **data):
    promised = (clock.now() + timedelta(days=2)).isoformat()
    body = {"steps": "检测电机与轴承，更换轴承", "measures": "3个工作日内上门更换配件", "promised_at": promised, **data}
    return api.post(f"tickets/{ticket.number}/plans/", body)


def say(api, ticket, kind, body, **data):
    return api.post(f"tickets/{ticket.number}/messages/", {"kind": kind, "body": body, **data})


@pytest.mark.req("HND-01", "LNK-04", "SUR-03")
def test_a_ticket_walks_from_received_to_closed_over_the_api(api):
    ticket = factories.ticket()
    handler = factories.staff(department="quality")

    states = [
        step(api, ticket, "assign", department="quality", assignee=handler.staff_number, collaborators=["service"]),
        step(api, ticket, "accept"),
        step(api, ticket, "ask_customer", body="请问机器的序列号是多少？"),
    ]
    answered = say(api, ticket, "customer", "序列号是 QC-8812", channel="wechat")
    assert (answered.status_code, Ticket.objects.get(pk=ticket.pk).state) == (201, "in_progress")
    assert plan(api, ticket).status_code == 201
    states += [
        step(api, ticket, "resolve", result="已于今日上门更换轴承，试机正常。"),
        step(api, ticket, "start_callback"),
    ]
    closure.answer_survey(ticket.surveys.get(), score=3, comment="", actor=factories.actors.CUSTOMER)
    assert say(api, ticket, "follow_up", "已致电客户，客户接受补偿。").status_code == 201
    states += [step(api, ticket, "close_followed_up"), step(api, ticket, "reopen", reason="客户再次来电")]

    assert [(s.status_code, s.json()["state"]) for s in states] == [
        (200, "assigned"), (200, "in_progress"), (200, "waiting"), (200, "resolved"), (200, "callback"), (200, "closed"),
        (200, "reopened"),
    ]  # fmt: skip
    assert states[0].json()["assignee"] == handler.staff_number
    assert Event.objects.filter(subject_id=ticket.pk, actor_label="api:ERP", kind="ticket.resolved").count() == 1


def test_spam_is_rejected_and_a_mistake_undone(api):
    first, second = factories.ticket(), factories.ticket()

    rejected = step(api, second, "reject", why="duplicate", duplicate_of=first.number)
    restored = step(api, second, "restore", reason="并非重复")

    assert (rejected.json()["state"], restored.json()["state"]) == ("rejected", "pending")
    assert is_problem(step(api, second, "reject", why="duplicate", duplicate_of="202401-999"), 422)


@pytest.mark.req("HND-05")
def test_a_client_may_propose_what_costs_money_but_a_person_decides(api, client):
    ticket = factories.ticket_in("in_progress")

    proposed = step(api, ticket, "propose_solution", type="refund", description="全额退款 199 元", cost="199.00")
    by_client = step(api, ticket, "approve_solution")
    client.force_login(factories.staff("service_lead"))
    by_person = client.post(
        f"/api/v1/tickets/{ticket.number}/transitions/", {"name": "approve_solution"}, content_type="application/json"
    )

    assert proposed.json()["state"] == "solution_approval"
    assert is_problem(by_client, 403, "core.not_allowed")
    assert (by_person.status_code, by_person.json()["state"]) == (200, "in_progress")
    assert Solution.objects.get(ticket=ticket).approved is True


def test_a_step_that_the_state_forbids_changes_nothing(api):
    ticket = factories.ticket()

    assert is_problem(step(api, ticket, "resolve", result="好了"), 409, "transition.impossible")
    assert is_problem(step(api, factories.ticket_in("in_progress"), "start_callback"), 409)
    assert Ticket.objects.get(pk=ticket.pk).state == "pending"


def test_resolving_without_a_plan_says_what_is_missing(api):
    ticket = factories.ticket()
    step(api, ticket, "accept")

    assert is_problem(step(api, ticket, "resolve", result="已更换"), 409, "ticket.plan_missing")


@pytest.mark.req("HND-02")
def test_a_vague_plan_is_refused_beside_its_field(api):
    response = plan(api, factories.ticket(), measures="我们会尽快处理")

    assert is_problem(response, 422)
    assert pointers(response) == {"/measures"}
    assert response.json()["errors"][0]["code"] == "plan.vague"


BAD_STEPS = [
    ({}, "/name"),
    ({"name": "fly"}, "/name"),
    ({"name": ["accept"]}, "/name"),
    ({"name": "close_satisfied"}, "/name"),  # only the customer's own answer does that
    ({"name": "accept", "note": "x"}, "/note"),
    ({"name": "assign"}, "/department"),
    ({"name": "assign", "department": "no-such"}, "/department"),
    ({"name": "assign", "department": "quality", "assignee": "S9999"}, "/assignee"),
    ({"name": "assign", "department": "quality", "collaborators": "service"}, "/collaborators"),
    ({"name": "assign", "department": "quality", "collaborators": ["no-such"]}, "/collaborators"),
    ({"name": "assign", "department": "quality", "reason": "x" * 2_001}, "/reason"),
    ({"name": "reject", "why": "rude"}, "/why"),
    ({"name": "resolve"}, "/result"),
    ({"name": "propose_solution", "type": "gold", "description": "x", "cost": "1"}, "/type"),
    ({"name": "propose_solution", "type": "refund", "description": "退款", "cost": "-1"}, "/cost"),
    ({"name": "propose_solution", "type": "refund", "description": "退款", "cost": "NaN"}, "/cost"),
    ({"name": "propose_solution", "type": "refund", "description": "退款", "cost": "1e40"}, "/cost"),
    ({"name": "propose_solution", "type": "refund", "description": "退款", "cost": {}}, "/cost"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_STEPS, ids=lambda value: str(value)[:60])
def test_a_wrong_step_is_named_and_no_fault(api, body, pointer):
    ticket = factories.ticket()

    response = api.post(f"tickets/{ticket.number}/transitions/", body)

    assert is_problem(response, 422)
    assert pointers(response) == {pointer}
    assert Ticket.objects.get(pk=ticket.pk).state == "pending"


@pytest.mark.parametrize("kind", ["reply", "progress", "note", "call"])
def test_entries_of_staff_are_added_and_shown(api, kind):
    ticket = factories.ticket_in("in_progress")

    made = say(api, ticket, kind, "已联系仓库核实。")

    assert made.status_code == 201
    assert made.json() in api.get(f"tickets/{ticket.number}/messages/").json()["results"]


def test_bad_messages_are_refused(api, api_with):
    ticket, closed = factories.ticket(), factories.ticket_in("closed")
    reader = api_with("tickets:read")

    assert pointers(say(api, ticket, "reply", "  ")) == {"/body"}
    assert pointers(say(api, ticket, "reply", "x" * 20_001)) == {"/body"}
    assert pointers(say(api, ticket, "shout", "x")) == {"/kind"}
    assert is_problem(say(api, closed, "customer", "还在吗"), 409, "ticket.not_waiting")
    for kind in ("customer", "note", "reply", "follow_up"):
        assert is_problem(say(reader, ticket, kind, "x"), 403, "core.not_allowed")


def test_the_steps_on_offer_can_be_taken_and_each_says_why_not(api, api_with):
    ticket = factories.ticket()
    offers = api.get(f"tickets/{ticket.number}/transitions/").json()["results"]
    to_reader = api_with("tickets:read").get(f"tickets/{ticket.number}/transitions/").json()["results"]

    assert {o["name"] for o in offers} == {"assign", "accept", "reject"}
    assert all(o["allowed"] and o["refusal"] is None for o in offers)
    assert all(not o["allowed"] and o["refusal"] for o in to_reader)
    assert {o["name"] for o in offers} <= STEPS.keys()
