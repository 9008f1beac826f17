"""Extension requests and authorities' cases over the API (SLA-05, INT-13)."""

from datetime import timedelta

import pytest

from apps.accounts.scopes import SCOPES
from apps.core import clock
from apps.sla import selectors as sla
from apps.sla.models import Deadline, ExtensionRequest
from tests import factories
from tests.api.conftest import is_problem, pointers

pytestmark = pytest.mark.django_db


def resolution(ticket):
    return next(d for d in sla.open_for(ticket) if d.metric == "resolution")


def body(ticket, **changes):
    until = resolution(ticket).due_at + timedelta(hours=3)
    return {"metric": "resolution", "due_at": until.isoformat(), "reason": "配件在途", **changes}


@pytest.mark.req("SLA-05", "LNK-04")
def test_more_time_is_asked_for_by_one_system_and_granted_by_another(api_with):
    crm = api_with("tickets:read", "tickets:handle", name="CRM")
    oa = api_with("extensions:decide", name="OA")
    ticket = factories.ticket()
    path = f"tickets/{ticket.number}/extensions/"

    asked = crm.post(path, body(ticket), key="one")
    again = crm.post(path, body(ticket), key="one")
    listed = oa.get("extensions/", state="requested")
    own = crm.post(f"extensions/{asked.json()['id']}/decision/", {"approve": True})
    done = oa.post(f"extensions/{asked.json()['id']}/decision/", {"approve": True, "reason": "同意"})
    twice = oa.post(f"extensions/{asked.json()['id']}/decision/", {"approve": False, "reason": "不"})

    assert (asked.status_code, again.json()["id"]) == (201, asked.json()["id"])
    assert [row["id"] for row in listed.json()["results"]] == [asked.json()["id"]]
    assert is_problem(own, 403, "core.not_allowed")
    assert (done.status_code, done.json()["state"], done.json()["decided_by"]) == (200, "approved", "api:OA1")
    assert is_problem(twice, 409, "transition.impossible")
    assert Deadline.objects.get(pk=resolution(ticket).pk).due_at == ExtensionRequest.objects.get().asked_until
    assert crm.get(path).json()["results"][0]["state"] == "approved"


@pytest.mark.req("SLA-05")
def test_a_key_with_both_scopes_does_not_decide_on_its_own_request(api):
    ticket = factories.ticket()
    asked = api.post(f"tickets/{ticket.number}/extensions/", body(ticket)).json()

    assert is_problem(api.post(f"extensions/{asked['id']}/decision/", {"approve": True}), 403, "sla.extension_own")
    assert api.post(f"extensions/{asked['id']}/withdrawal/", {}).json()["state"] == "withdrawn"


def test_what_is_wrong_is_named(api, api_with):
    ticket = factories.ticket()
    path = f"tickets/{ticket.number}/extensions/"
    early = (resolution(ticket).due_at - timedelta(hours=1)).isoformat()

    assert pointers(api.post(path, {"metric": "magic", "due_at": "soon"})) == {"/metric", "/due_at", "/reason"}
    assert is_problem(api.post(path, body(ticket, metric="callback")), 409, "sla.not_open")
    assert is_problem(api.post(path, body(ticket, due_at=early)), 422, "sla.extension_earlier")
    assert is_problem(api_with("tickets:read").post(path, body(ticket)), 403, "core.not_allowed")
    assert is_problem(api.get("extensions/", state="magic"), 422)
    assert is_problem(api_with("tickets:write").post(f"tickets/{ticket.number}/extensions/", body(ticket)), 404)


def test_a_foreign_request_is_not_found(api, api_with):
    ticket = factories.ticket()
    asked = api.post(f"tickets/{ticket.number}/extensions/", body(ticket)).json()
    stranger = api_with(*(scope for scope in SCOPES if scope != "extensions:decide"), name="other")

    assert is_problem(stranger.post(f"extensions/{asked['id']}/withdrawal/", {}), 404)
    assert stranger.get("extensions/").json()["results"] == []


@pytest.mark.req("INT-13", "LAW-02")
def test_an_authority_s_case_is_recorded_and_settled(api):
    today = str(clock.local(clock.now()).date())
    first = api.post("tickets/", {"text": "投诉不退款", "contact": {"phone": "13812345678"}, "channel": "regulator"})
    second = api.post("tickets/", {"text": "平台转办", "contact": {"phone": "13812345679"}, "kind": "regulator"})
    case = {"authority": "杭州市市场监督管理局", "case_number": "1330100002026111600058", "received_on": today}
    path = "tickets/{}/regulator-case/"

    assert first.json()["kind"] == "regulator"
    assert is_problem(api.get(path.format(first.json()["number"])), 404)
    one = api.post(path.format(first.json()["number"]), case)
    two = api.post(path.format(second.json()["number"]), case)
    bare = api.post(path.format(first.json()["number"]) + "outcome/", {"outcome": "settled", "outcome_on": today})
    done = api.post(
        path.format(first.json()["number"]) + "outcome/",
        {"outcome": "settled", "outcome_on": today, "method": "online", "process": "平台协商，当日退款。"},
    )

    assert (one.status_code, one.json()["repeat_of"]) == (200, None)
    assert two.json()["repeat_of"] == first.json()["number"]
    assert pointers(bare) == {"/method", "/process"}
    assert (done.json()["outcome"], done.json()["method"]) == ("settled", "online")
    assert api.get(path.format(first.json()["number"])).json()["outcome_on"] == today
