from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.models import Department
from apps.core import clock
from apps.core.clock import SHANGHAI
from apps.core.models import Upload
from apps.feedback.models import Message, Solution, Ticket
from apps.sla.models import Deadline
from tests.desk.pages import SOON, at, do, now_of
from tests.factories import UserFactory, ticket, ticket_in

pytestmark = pytest.mark.django_db

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


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
    typed = {
        "category": made.category_id,
        "kind": "complaint",
        "urgency": "critical",
        "impact": "many",
        "demand": "refund",
    }

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
    day = clock.local(clock.now()).date() + timedelta(days=30)
    later = f"{day}T18:00"

    forbidden = do(signed_in(), made, "set_due", deadline=deadline.pk, due_at=later, reason="等配件")
    without = do(signed_in("service_lead"), made, "set_due", deadline=deadline.pk, due_at=later, reason="")
    foreign = do(signed_in("service_lead"), ticket(), "set_due", deadline=deadline.pk, due_at=later, reason="等配件")
    long = do(signed_in("service_lead"), made, "set_due", deadline=deadline.pk, due_at=later, reason="等配件")
    do(signed_in("management"), made, "set_due", deadline=deadline.pk, due_at=later, reason="等配件")

    assert "最多可延 3 个工作日" in long.content.decode()
    assert (forbidden.status_code, without.status_code, foreign.status_code) == (422, 422, 422)
    assert Deadline.objects.get(pk=deadline.pk).due_at == datetime(day.year, day.month, day.day, 18, tzinfo=SHANGHAI)
    assert now_of(made).next_due_metric != deadline.metric


def test_a_follow_up_is_recorded_and_then_closed(signed_in):
    made, client = ticket_in("second_follow_up"), signed_in()

    early = do(client, made, "close_followed_up", reason="")
    do(client, made, "record_follow_up", body="已致电客户，补发配件，客户认可。")
    unsupervised = do(client, made, "close_followed_up", reason="客户认可")
    do(signed_in("service_lead"), made, "record_follow_up", body="主管已致电致歉，客户认可。")
    do(client, made, "close_followed_up", reason="客户认可")

    assert (early.status_code, unsupervised.status_code) == (422, 422)
    assert "主管" in unsupervised.content.decode()
    assert (now_of(made).state, now_of(made).closed_as) == ("closed", "followed_up")
