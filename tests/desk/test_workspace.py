from datetime import timedelta

import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.core import actors, clock
from apps.desk import presence
from apps.desk.actions import ACTIONS, LIKELY
from apps.desk.workspace import rail
from apps.feedback.models import Ticket
from apps.feedback.services import conversation, planning
from apps.feedback.states import MessageKind, TicketState
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from tests.desk.pages import at, do, now_of
from tests.factories import OrderFactory, call_back, resolve, staff, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db

# Who may see what ----------------------------------------------------------------------------------------------------


@pytest.mark.req("ADM-02")
def test_a_ticket_of_another_department_does_not_exist(signed_in):
    foreign = ticket()
    Ticket.objects.filter(pk=foreign.pk).update(department=Department.objects.get(code="finance"), collaborator_ids=[])
    client = signed_in("department_handler", "logistics")

    assert client.get(at(foreign)).status_code == 404
    assert do(client, foreign, "accept").status_code == 404
    assert client.get(reverse("admin:desk_here", args=[foreign.number])).status_code == 404
    assert client.post(reverse("admin:desk_reveal", args=[foreign.number]), {"field": "phone"}).status_code == 404
    assert now_of(foreign).state == "pending"


@pytest.mark.req("ADM-02")
@pytest.mark.parametrize("state", TicketState.values)
def test_an_auditor_sees_everything_and_is_offered_nothing(state, signed_in):
    made = ticket_in(state)
    client = signed_in("auditor")

    page = client.get(at(made))

    assert page.status_code == 200
    assert page.context["steps"] == []
    assert page.context["forms"] == {}
    assert page.context["due_form"] is None
    assert "hx-post" not in page.content.decode().split('id="workspace"')[1]


@pytest.mark.req("ADM-02")
@pytest.mark.parametrize("name", ACTIONS)
def test_what_an_auditor_sends_all_the_same_changes_nothing(name, signed_in):
    made = ticket_in("in_progress")
    client = signed_in("auditor")

    do(client, made, name, htmx=True, reason="x", body="x", result="x", kind="note")

    assert now_of(made).version == made.version
    assert Event.objects.filter(actor=client.user).count() == 0


def test_the_address_of_a_ticket_that_never_was(signed_in):
    client = signed_in("administrator")

    assert client.get("/admin/tickets/209912-999/").status_code == 404
    assert client.get("/admin/tickets/'; drop table/").status_code == 404
    made = ticket()
    assert client.post(reverse("admin:desk_act", args=[made.number, "explode"])).status_code == 404


# What stands there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", TicketState.values)
def test_every_state_has_its_place_on_the_rail_and_its_steps(state):
    stations = rail(ticket_in(state))

    assert [s.state for s in stations].count("here") == 1
    assert set(LIKELY[state]) <= set(ACTIONS)


@pytest.mark.req("HND-01")
def test_the_likeliest_step_stands_first_and_a_refused_one_says_why(signed_in):
    made = ticket_in("in_progress")

    page = signed_in().get(at(made))

    steps = [(step.action.name, step.why_not) for step in page.context["steps"]]
    assert steps[0] == ("resolve", "请先写处理方案：结果要与它对照。")
    assert "请先写处理方案" in page.content.decode()
    assert page.context["likeliest"] == ""


@pytest.mark.req("SLA-09")
def test_all_open_deadlines_stand_there_with_the_reckoning_behind_each(signed_in):
    made = ticket_in("in_progress", kind="complaint")
    client = signed_in()

    page = client.get(at(made))
    running = page.context["running"]
    why = client.get(reverse("admin:desk_why", args=[made.number, running[0].pk]), HTTP_HX_REQUEST="true")

    assert {d.metric for d in running} == {"first_response", "answer", "resolution", "progress"}
    assert [d.due_at for d in running] == sorted(d.due_at for d in running)
    assert all(d.get_metric_display() in page.content.decode() for d in running)
    assert "因此到期时间为" in why.content.decode()


@pytest.mark.req("SLA-09")
def test_the_first_resolution_is_told_from_the_one_after_reopening(signed_in):
    made = ticket_in("reopened")
    resolver = staff_actor("service_staff")
    do(signed_in(resolver.user), made, "accept")
    resolve(now_of(made), resolver)

    over = signed_in().get(at(made)).context["over"]

    assert [(k.round, k.deadline.state) for k in over if k.deadline.metric == "resolution"] == [(1, "met"), (2, "met")]


def test_a_case_without_a_policy_is_said_openly(signed_in):
    made = ticket(kind="fault")  # nobody promises an "answer" for a fault report

    assert any("答复" in sentence for sentence in signed_in().get(at(made)).context["no_policy"])


@pytest.mark.req("CLS-05")
def test_the_priority_shows_how_it_adds_up(signed_in):
    made = ticket("漏电，手被麻了一下！", urgency="critical", tier="vip")

    parts = signed_in().get(at(made)).context["parts"]

    assert sum(part.points for part in parts) >= made.priority_score
    assert "紧急程度" in {part.factor for part in parts}


@pytest.mark.req("INT-12")
def test_the_customer_stands_beside_with_tickets_orders_and_satisfaction(signed_in):
    earlier = ticket_in("closed", phone="13812340000")
    made = ticket(phone="13812340000")
    order = OrderFactory(customer=made.customer)

    page = signed_in().get(at(made))

    assert [t.number for t in page.context["earlier"]] == [earlier.number]
    assert page.context["ratings"] == [5]
    assert order.number in page.content.decode()


def test_messages_stand_in_full_and_events_are_folded_between_them(signed_in):
    made = ticket_in("in_progress")
    actor = staff_actor("service_staff")
    conversation.add(made, MessageKind.NOTE, "客户情绪激动", actor=actor)
    planning.write_plan(now_of(made), planning.PlanDraft(measures="明天上门", steps="检查电池",
                        promised_at=clock.now() + timedelta(days=1)), actor=actor)  # fmt: skip
    conversation.add(made, MessageKind.REPLY, "请拍一张标签的照片", actor=actor)

    entries = signed_in().get(at(made)).context["story"]

    kinds = [entry.message.kind if entry.message else [line.event.kind for line in entry.lines] for entry in entries]
    assert kinds[0] == ["ticket.received", "ticket.accepted"]
    assert kinds[1:4] == ["note", ["plan.written"], "reply"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_event_of_a_long_story_has_words(language, signed_in):
    made = ticket_in("reopened")
    client = signed_in()
    client.cookies["django_language"] = language

    lines = [line for entry in client.get(at(made)).context["story"] for line in entry.lines]

    assert not [line.words for line in lines if "." in line.words and line.words == line.event.kind]


def test_the_page_costs_the_same_however_long_the_story_is(signed_in, count_queries, steady):
    made = ticket_in("in_progress", urgency="urgent")
    actor = staff_actor("service_staff")
    client = signed_in()
    for n in range(8):
        conversation.add(made, MessageKind.REPLY, f"回复 {n}", actor=actor)
    deliveries.drain()
    client.get(at(made))

    with count_queries("desk.ticket"):
        client.get(at(made))
    with count_queries("desk.ticket_part"):
        client.get(at(made), HTTP_HX_REQUEST="true")


# Personal data and messages ------------------------------------------------------------------------------------------


@pytest.mark.req("INT-06")
def test_a_clear_value_is_shown_after_a_reason_and_the_look_is_recorded(signed_in):
    made, client = ticket(name="欧阳娜娜", phone="13812345678"), signed_in()
    address = reverse("admin:desk_reveal", args=[made.number])

    before = client.get(at(made)).content.decode()
    without = client.post(address, {"field": "phone", "reason": " "}, HTTP_HX_REQUEST="true")
    shown = client.post(address, {"field": "phone", "reason": "回电确认上门时间"}, HTTP_HX_REQUEST="true")

    assert "13812345678" not in before
    assert "138****5678" in before
    assert without.status_code == 422
    assert "13812345678" not in without.content.decode()
    assert "13812345678" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    look = Event.objects.get(kind="personal_data.revealed")
    assert (look.actor, look.reason, look.data["about"]["id"]) == (client.user, "回电确认上门时间", str(made.pk))


@pytest.mark.req("INT-06")
@pytest.mark.parametrize("role", ["quality", "auditor", "management"])
def test_without_the_right_to_clear_values_nothing_is_revealed(role, signed_in):
    made, client = ticket(phone="13812345678"), signed_in(role)

    answer = client.post(reverse("admin:desk_reveal", args=[made.number]), {"field": "phone", "reason": "好奇"})

    assert "13812345678" not in answer.content.decode()
    assert "reveal" not in client.get(at(made)).content.decode()


def test_what_was_sent_stands_there_and_its_text_is_read_with_a_record(signed_in):
    made = ticket()
    deliveries.drain()
    sent = OutgoingMessage.objects.get(subject_id=made.pk)
    client = signed_in("service_lead")
    address = reverse("admin:desk_message", args=[made.number, sent.pk])

    read = client.get(address, HTTP_HX_REQUEST="true")

    assert sent.get_template_display() in client.get(at(made)).content.decode()
    assert made.number in read.content.decode()
    assert Event.objects.filter(kind="personal_data.revealed", actor=client.user).count() == 1
    assert signed_in("service_staff").get(address).status_code == 200  # told that it may not be read
    assert client.get(reverse("admin:desk_message", args=[ticket().number, sent.pk])).status_code == 404


@pytest.mark.req("HND-07")
def test_the_call_a_customer_asked_for_is_made_from_the_ticket(signed_in):
    made = ticket_in("in_progress", phone="13812345678")
    Ticket.objects.filter(pk=made.pk).update(contact_channel="phone")
    conversation.add(made, MessageKind.REPLY, "请留意快递", actor=staff_actor())
    deliveries.drain()
    call = OutgoingMessage.objects.get(template="staff_reply", state="to_call")
    client = signed_in()
    address = reverse("admin:desk_called", args=[made.number, call.pk])

    client.post(address, {"reached": "no"})
    client.post(address, {"reached": "yes"})
    again = client.post(address, {"reached": "yes"})

    assert OutgoingMessage.objects.get(pk=call.pk).state == "sent"
    assert again.status_code == 404


# Together ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-08")
def test_two_on_one_ticket_see_each_other_and_what_changed(signed_in):
    made = ticket_in("in_progress")
    first, second = signed_in(staff(display_name="李娜")), signed_in(staff(display_name="王强"))
    stamp = first.get(at(made)).context["stamp"]

    seen = second.get(at(made)).content.decode()
    do(second, made, "message", kind="note", body="我来联系客户")
    told = first.get(reverse("admin:desk_here", args=[made.number]), {"stamp": stamp}).content.decode()
    own = second.get(reverse("admin:desk_here", args=[made.number]), {"stamp": stamp}).content.decode()

    assert "也在查看：李娜" in seen
    assert "也在查看：王强" in told
    assert "此工单有更新" in told
    assert "此工单有更新" not in own
    assert "王强" in first.get("/admin/queue/", {"tab": "all"}).content.decode()


def test_without_a_cache_nobody_is_seen_and_nothing_breaks(signed_in, monkeypatch):
    def broken(*_args, **_options):
        raise ConnectionError("the cache is away")

    for name in ("get", "set", "get_many", "get_or_set"):
        monkeypatch.setattr(presence.cache, name, broken)
    made, client = ticket(), signed_in()

    assert client.get(at(made)).status_code == 200
    assert client.get("/admin/queue/", {"tab": "all"}).status_code == 200
    assert client.get("/admin/").status_code == 200


def test_a_survey_that_waits_says_what_happens_by_itself(signed_in):
    actor = staff_actor("administrator")
    made = ticket_in("in_progress", actor=actor)
    resolve(made, actor)
    call_back(now_of(made), actor)

    page = signed_in().get(at(made)).content.decode()

    assert "客户评价“满意”后自动闭环" in page
    assert actors.SYSTEM.can("feedback.handle_ticket")


@pytest.mark.req("INT-06", "ADM-04")
def test_another_contact_given_this_time_is_masked_and_revealed_on_the_record(signed_in):
    ticket(name="欧阳娜娜", phone="13812345678", email="ouyang@example.com")
    made = ticket(name="李雷", phone="13812345678", email="lilei@example.com")
    client = signed_in()

    page = client.get(at(made))
    revealed = client.post(
        reverse("admin:desk_reveal", args=[made.number]),
        {"field": "given_email", "reason": "发送说明书"},
        HTTP_HX_REQUEST="true",
    )

    assert page.context["given"] == {"name": "李*", "email": "l***@example.com"}
    assert "lilei@example.com" not in page.content.decode()
    assert "lilei@example.com" in revealed.content.decode()
    look = Event.objects.get(kind="personal_data.revealed")
    assert (look.subject_id, look.data["field"], look.reason) == (made.customer_id, "email", "发送说明书")
