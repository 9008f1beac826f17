from datetime import timedelta

import pytest

from apps.casework.models import ChecklistItem, Investigation, Macro, MacroStep, ReplyTemplate
from apps.core import clock
from apps.journal import deliveries
from apps.journal.models import Event
from tests.api.conftest import is_problem, pointers
from tests.desk.pages import now_of
from tests.factories import ticket, ticket_in

pytestmark = [pytest.mark.django_db, pytest.mark.req("LNK-04")]


@pytest.fixture
def one(clerk):
    return ticket_in("in_progress", actor=clerk)


def test_a_check_list_is_put_on_and_ticked(one, api, template):
    made = template("*核对", "拍照")
    path = f"tickets/{one.number}/checklists/"

    added = api.post(path, {"template": str(made.pk)})
    item = added.json()["items"][0]
    ticked = api.post(f"{path}items/{item['id']}/", {"name": "tick"})
    other = api.post(f"{path}items/{added.json()['items'][1]['id']}/", {"name": "not_applicable", "reason": "无需"})

    assert (added.status_code, item["required"]) == (201, True)
    assert ticked.json()["settled_at"] and other.json()["not_applicable"]
    [shown] = api.get(path).json()["results"]
    assert [i["text"] for i in shown["items"]] == ["核对", "拍照"]


def test_what_is_wrong_with_a_check_list_is_said(one, api, template):
    path = f"tickets/{one.number}/checklists/"
    template("*核对")

    unknown = api.post(path, {"template": "00000000-0000-0000-0000-000000000001"})
    nameless = api.post(f"{path}items/00000000-0000-0000-0000-000000000001/", {"name": "tick"})

    assert is_problem(unknown, 422) and pointers(unknown) == {"/template"}
    assert is_problem(nameless, 404, "core.not_found")
    assert "到货检查" in str(api.get("checklist-templates/").json())


def test_an_item_of_another_ticket_is_not_reached_through_this_one(one, api, template, clerk):
    other = ticket_in("in_progress", actor=clerk)
    api.post(f"tickets/{other.number}/checklists/", {"template": str(template("*核对").pk)})
    item = ChecklistItem.objects.get()

    refused = api.post(f"tickets/{one.number}/checklists/items/{item.pk}/", {"name": "tick"})

    assert is_problem(refused, 404) and ChecklistItem.objects.get().settled_at is None


def test_an_investigation_is_written_read_and_never_signed_by_a_key(one, api):
    path = f"tickets/{one.number}/investigation/"
    body = {"findings": "电池鼓包", "root_cause": "电芯", "department": "quality", "conclusion": "换货", "number": 0}
    held = (clock.now() - timedelta(hours=1)).isoformat()

    nothing = api.get(path)
    written = api.post(path, body)
    stale = api.post(path, body)
    noted = api.post(f"{path}interviews/", {"party": "customer", "person": "李四", "held_at": held, "said": "冒烟"})
    shown = api.get(path).json()

    assert is_problem(nothing, 404)
    assert (written.status_code, written.json()["signed_by"]) == (201, None)
    assert is_problem(stale, 409, "core.stale")
    assert noted.status_code == 201 and shown["interviews"][0]["person"] == "李*"
    assert [v["number"] for v in shown["versions"]] == [1] and Investigation.objects.get().signed_at is None


def test_care_tasks_are_listed_and_settled(api):
    one = ticket(tier="vip")
    deliveries.drain()
    path = f"tickets/{one.number}/care-tasks/"

    [task] = api.get(path).json()["results"]
    without = api.post(f"{path}{task['id']}/", {"name": "skip"})
    done = api.post(f"{path}{task['id']}/", {"name": "done", "text": "已问候"})

    assert task["due_at"] and task["state"] == "open"
    assert is_problem(without, 422, "reason.missing")
    assert (done.json()["state"], done.json()["outcome"]) == ("done", "已问候")


def test_a_template_is_filled_by_right(one, api_with):
    made = ReplyTemplate.objects.create(title="问候", body="{customer}您好，{number}")
    path = f"tickets/{one.number}/reply-templates/{made.pk}/"
    masked, clear = (
        api_with("tickets:read", "tickets:handle"),
        api_with("tickets:read", "tickets:handle", "personal_data:read"),
    )

    assert masked.post(path, {}).json()["text"] == f"张*您好，{one.number}"
    assert clear.post(path, {}).json()["text"] == f"张三您好，{one.number}"
    assert Event.objects.filter(subject_id=one.customer_id, reason="问候").count() == 1
    titles = [t["title"] for t in masked.get("reply-templates/", language="zh-hans").json()["results"]]
    assert "问候" in titles and is_problem(masked.get("reply-templates/", language="xx"), 422)


def test_a_macro_is_tried_and_run(api, lead):
    one = ticket()
    made = Macro.objects.create(name="受理加标签")
    MacroStep.objects.create(macro=made, position=1, kind="accept")
    MacroStep.objects.create(macro=made, position=2, kind="tag", tag="批次")
    private = Macro.objects.create(name="私有", owner=lead.user)
    path = f"tickets/{one.number}/macros/{made.pk}/"

    tried = api.post(path, {"dry_run": True})
    assert tried.json()["ok"] and now_of(one).state == "pending"
    ran = api.post(path, {}, key="k1")
    again = api.post(path, {}, key="k1")

    assert ran.json()["ok"] and again["Idempotency-Replayed"] == "true"
    assert (now_of(one).state, now_of(one).tags) == ("in_progress", ["批次"])
    names = [m["name"] for m in api.get("macros/").json()["results"]]
    assert "受理加标签" in names and "私有" not in names
    assert is_problem(api.post(f"tickets/{one.number}/macros/{private.pk}/", {}), 404)


def test_a_key_that_only_reads_changes_nothing(one, api_with, template):
    reader, made = api_with("tickets:read"), template("*核对")
    macro = Macro.objects.create(name="x")
    posts = {
        "checklists/": {"template": str(made.pk)},
        "investigation/": {"findings": "x"},
        "time/": {"minutes": 5, "activity": "phone", "user": "S1"},
        f"macros/{macro.pk}/": {},
        f"reply-templates/{ReplyTemplate.objects.first().pk}/": {},
    }

    for path, body in posts.items():
        assert is_problem(reader.post(f"tickets/{one.number}/{path}", body), 403, "core.not_allowed"), path
    for path in ("macros/", "reply-templates/", "checklist-templates/"):
        assert is_problem(reader.get(path), 403), path


def test_a_test_report_is_a_message_that_stays_inside(one, api):
    sent = api.post(f"tickets/{one.number}/messages/", {"kind": "test_report", "body": "绝缘电阻 0.2 MΩ，不合格"})

    assert (sent.status_code, sent.json()["customer_sees"]) == (201, False)
