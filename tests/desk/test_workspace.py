from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.models import Department
from apps.core import actors, clock
from apps.core.clock import SHANGHAI
from apps.core.models import Upload
from apps.desk import presence
from apps.desk.actions import ACTIONS, LIKELY
from apps.desk.workspace import rail
from apps.feedback.models import Message, Solution, Ticket
from apps.feedback.services import conversation, planning
from apps.feedback.states import MessageKind, TicketState
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from tests.factories import OrderFactory, UserFactory, call_back, resolve, staff, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


SOON = f"{clock.local(clock.now()) + timedelta(days=3):%Y-%m-%dT18:00}"  # as a browser sends it


def at(one: Ticket) -> str:
    return reverse("admin:desk_ticket", args=[one.number])


def do(client, one: Ticket, name: str, *, htmx: bool = False, **typed: object):
    version = typed.pop("version", Ticket.objects.get(pk=one.pk).version)
    headers = {"HTTP_HX_REQUEST": "true"} if htmx else {}
    return client.post(reverse("admin:desk_act", args=[one.number, name]), {"version": version, **typed}, **headers)


def now_of(one: Ticket) -> Ticket:
    return Ticket.objects.get(pk=one.pk)


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


# Doing things --------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-01")
def test_a_step_is_taken_by_post_and_told_of(signed_in):
    made, client = ticket(), signed_in()

    plain = do(client, made, "accept")
    part = do(client, ticket(), "accept", htmx=True)

    assert plain.status_code == 302
    assert plain.url == at(made)
    assert (now_of(made).state, now_of(made).assignee) == ("in_progress", client.user)
    assert 'id="workspace"' in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "已受理，由您处理。" in part.content.decode()


@pytest.mark.req("HND-02")
def test_a_vague_plan_is_refused_beside_its_field_and_nothing_typed_is_lost(signed_in):
    made, client = ticket_in("in_progress"), signed_in()

    page = do(client, made, "plan", steps="我们会尽快处理。", measures="更换电池，3 天内寄出", promised_at=SOON)

    assert page.status_code == 422
    form = page.context["forms"]["plan"]
    assert list(form.errors) == ["steps"]
    assert "尽快" in form.errors["steps"][0]
    assert "更换电池，3 天内寄出" in page.content.decode()
    assert SOON in page.content.decode()
    assert not made.plans.exists()


@pytest.mark.req("HND-02")
def test_vague_promises_are_pointed_out_while_typing(signed_in):
    made = ticket_in("in_progress")
    typed = {"steps": "检查电池，明天 18:00 前答复", "measures": "稍后联系客户"}

    page = signed_in().post(reverse("admin:desk_check_plan", args=[made.number]), typed).content.decode()

    assert "“稍后”等于没有承诺" in page
    assert page.count("等于没有承诺") == 1


def test_a_plan_is_written_with_a_time_on_the_wall_clock_of_shanghai(signed_in):
    made, client = ticket_in("in_progress"), signed_in()

    do(client, made, "plan", steps="检测电池", measures="更换电池", promised_at=SOON)

    assert made.plans.get().promised_at == datetime.fromisoformat(SOON).replace(tzinfo=SHANGHAI)
    assert made.plans.get().author == client.user


@pytest.mark.req("HND-08")
def test_a_stale_form_is_refused_and_keeps_its_text(signed_in):
    made, client = ticket_in("in_progress"), signed_in()
    seen = now_of(made).version
    do(signed_in(), made, "reclassify", category=made.category_id, kind="inquiry", urgency="normal", impact="single",
       demand="none", reason="其实是咨询")  # fmt: skip

    page = do(client, made, "propose_solution", version=seen, type="exchange", description="换新机一台", cost="0")

    assert page.status_code == 422
    assert "此记录刚被他人修改" in page.content.decode()
    assert "换新机一台" in page.content.decode()
    assert not Solution.objects.exists()
    assert f'name="version" value="{seen + 1}"' in page.content.decode()


def test_two_clicks_on_one_button_write_once(signed_in):
    made, client = ticket_in("in_progress"), signed_in()
    typed = {"kind": "note", "body": "请财务核对", "token": "a" * 32}

    first, second = do(client, made, "message", **typed), do(client, made, "message", **typed)
    do(client, made, "message", **{**typed, "body": "另一条"})

    assert (first.status_code, second.status_code) == (302, 302)
    assert list(Message.objects.order_by("at").values_list("body", flat=True)) == ["请财务核对", "另一条"]


def test_sending_and_waiting_pauses_the_clocks(signed_in):
    made, client = ticket_in("in_progress"), signed_in()

    do(client, made, "message", kind="reply", body="请问序列号是多少？", then="wait")

    assert now_of(made).state == "waiting"
    assert Message.objects.get().body == "请问序列号是多少？"
    paused = client.get(at(made)).content.decode()
    assert "计时暂停" in paused


def test_a_good_file_survives_a_refused_form(signed_in):
    made, client = ticket_in("in_progress"), signed_in()
    files = [SimpleUploadedFile("标签.png", PNG), SimpleUploadedFile("程序.exe", b"MZ\x00")]

    refused = do(client, made, "message", kind="note", body="见照片", files=files)
    kept = Upload.objects.get()
    do(client, made, "message", kind="note", body="见照片", kept=[str(kept.pk)])

    assert refused.status_code == 422
    assert "程序.exe" in refused.content.decode()
    assert f'name="kept" value="{kept.pk}"' in refused.content.decode()
    assert made.attachments.get().upload == kept


def test_somebody_elses_file_cannot_be_attached(signed_in):
    made = ticket_in("in_progress")
    foreign = Upload.objects.create(
        name="x.png", content_type="image/png", size=1, sha256="0" * 64, uploaded_by=UserFactory()
    )

    do(signed_in(), made, "message", kind="note", body="见照片", kept=[str(foreign.pk), "x"])

    assert Message.objects.count() == 1
    assert not made.attachments.exists()


def test_a_file_is_served_to_who_may_see_the_ticket_only(signed_in):
    made, client = ticket_in("in_progress"), signed_in()
    do(client, made, "message", kind="note", body="见照片", files=[SimpleUploadedFile("标签.png", PNG)])
    address = reverse("admin:desk_file", args=[made.number, made.attachments.get().pk])
    Ticket.objects.filter(pk=made.pk).update(department=Department.objects.get(code="finance"), collaborator_ids=[])

    served = client.get(address)
    other = client.get(reverse("admin:desk_file", args=[ticket().number, made.attachments.get().pk]))

    assert served["Content-Type"] == "image/png"
    assert "sandbox" in served["Content-Security-Policy"]
    assert signed_in("department_handler", "logistics").get(address).status_code == 404
    assert other.status_code == 404


@pytest.mark.req("HND-05")
def test_who_proposed_a_solution_is_told_that_somebody_else_approves_it(signed_in):
    lead = signed_in("service_lead")
    made = ticket_in("in_progress")
    do(lead, made, "propose_solution", type="refund", description="退款 120 元", cost="￥120.00")

    own = lead.get(at(made))
    posted = do(lead, made, "approve_solution", reason="")
    other = signed_in("service_lead")
    approved = do(other, made, "approve_solution", reason="同意")

    assert {s.action.name: s.why_not for s in own.context["steps"]}["approve_solution"] == "不能审批自己提出的方案。"
    assert posted.status_code == 422
    assert approved.status_code == 302
    solution = Solution.objects.get()
    assert (solution.cost, solution.approved, solution.decided_by) == (Decimal("120.00"), True, other.user)


@pytest.mark.req("HND-05")
def test_a_cost_above_ones_limit_is_said_at_the_button(signed_in):
    made = ticket_in("in_progress")
    do(signed_in("service_staff"), made, "propose_solution", type="refund", description="退款", cost="800")

    steps = {s.action.name: s.why_not for s in signed_in("service_lead").get(at(made)).context["steps"]}

    assert steps["approve_solution"] == "费用超过您的审批限额 ¥500.00。"
    assert steps["decline_solution"] == ""


@pytest.mark.parametrize("cost", ["很多", "1e3000", "NaN", "-1", "99999999999999"])
def test_a_cost_that_is_none_is_refused_beside_its_field(cost, signed_in):
    made = ticket_in("in_progress")

    page = do(signed_in(), made, "propose_solution", type="refund", description="退款", cost=cost)

    assert page.status_code == 422
    form = next(step.form for step in page.context["steps"] if step.action.name == "propose_solution")
    assert list(form.errors) == ["cost"]


def test_giving_a_ticket_away_to_where_one_cannot_see_it_leads_back_to_the_queue(signed_in):
    made = ticket()
    client = signed_in("department_head", "logistics")
    Ticket.objects.filter(pk=made.pk).update(department_id=client.user.department_id, collaborator_ids=[])
    finance = Department.objects.get(code="finance")

    part = do(client, made, "assign", htmx=True, department=finance.pk, reason="属于财务")

    assert part["HX-Redirect"] == "/admin/queue/"
    assert now_of(made).department == finance


def test_a_ticket_is_rejected_as_the_duplicate_of_one_that_may_be_seen(signed_in):
    first, second, client = ticket(), ticket(), signed_in("service_lead")

    unknown = do(client, second, "reject", why="duplicate", duplicate_of="209901-001")
    missing = do(client, second, "reject", why="duplicate", duplicate_of="")
    do(client, second, "reject", why="duplicate", duplicate_of=first.number, reason="同一件事")

    assert (unknown.status_code, missing.status_code) == (422, 422)
    assert now_of(second).duplicate_of == first


def test_a_correction_asks_why_and_moves_priority_and_deadlines(signed_in):
    made, client = ticket(kind="complaint"), signed_in()
    typed = {"category": made.category_id, "kind": "complaint", "urgency": "critical", "impact": "many", "demand": "refund"}

    without = do(client, made, "reclassify", **typed, reason="")
    do(client, made, "reclassify", **typed, reason="涉及多名客户")

    assert without.status_code == 422
    fresh = now_of(made)
    assert (fresh.urgency, fresh.impact, fresh.demand) == ("critical", "many", "refund")
    assert fresh.priority_score > made.priority_score
    assert fresh.next_due_at < made.next_due_at


@pytest.mark.req("SLA-05")
def test_a_due_time_set_by_hand_needs_the_right_and_a_reason_and_moves_the_queue(signed_in):
    made = ticket()
    deadline = Deadline.objects.filter(subject_id=made.pk).order_by("due_at").first()
    later = "2099-05-06T18:00"

    forbidden = do(signed_in(), made, "set_due", deadline=deadline.pk, due_at=later, reason="等配件")
    without = do(signed_in("service_lead"), made, "set_due", deadline=deadline.pk, due_at=later, reason="")
    foreign = do(signed_in("service_lead"), ticket(), "set_due", deadline=deadline.pk, due_at=later, reason="等配件")
    do(signed_in("service_lead"), made, "set_due", deadline=deadline.pk, due_at=later, reason="等配件")

    assert (forbidden.status_code, without.status_code, foreign.status_code) == (422, 422, 422)
    assert Deadline.objects.get(pk=deadline.pk).due_at == datetime(2099, 5, 6, 18, tzinfo=SHANGHAI)
    assert now_of(made).next_due_metric != deadline.metric


def test_a_follow_up_is_recorded_and_then_closed(signed_in):
    made, client = ticket_in("second_follow_up"), signed_in()

    early = do(client, made, "close_followed_up", reason="")
    do(client, made, "record_follow_up", body="已致电客户，补发配件，客户认可。")
    do(client, made, "close_followed_up", reason="客户认可")

    assert early.status_code == 422
    assert (now_of(made).state, now_of(made).closed_as) == ("closed", "followed_up")


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
        reverse("admin:desk_reveal", args=[made.number]), {"field": "given_email", "reason": "发送说明书"}, HTTP_HX_REQUEST="true"
    )

    assert page.context["given"] == {"name": "李*", "email": "l***@example.com"}
    assert "lilei@example.com" not in page.content.decode()
    assert "lilei@example.com" in revealed.content.decode()
    look = Event.objects.get(kind="personal_data.revealed")
    assert (look.subject_id, look.data["field"], look.reason) == (made.customer_id, "email", "发送说明书")
