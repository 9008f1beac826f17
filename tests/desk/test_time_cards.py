"""More time, the authority's case and the law's clocks on the ticket's page (SLA-05, INT-13, LAW-01, LAW-03)."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.roles import Role
from apps.core import clock
from apps.feedback.models import RegulatorCase, Ticket
from apps.feedback.services import intake
from apps.sla import selectors as sla
from apps.sla.models import Deadline, ExtensionRequest
from tests.desk.pages import at, do, now_of
from tests.factories import plan, report, staff, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db


def local(moment, **more):
    return f"{clock.local(moment) + timedelta(**more):%Y-%m-%dT%H:%M}"


def resolution(one):
    return next(d for d in sla.open_for(one) if d.metric == "resolution")


@pytest.mark.req("SLA-05")
def test_more_time_is_asked_for_and_granted_on_the_ticket(signed_in):
    made = ticket()
    one = resolution(made)
    head = staff(Role.DEPARTMENT_HEAD, made.department.code)
    clerk = signed_in()

    shown = clerk.get(at(made)).content.decode()
    bare = do(clerk, made, "ask_extension", deadline=str(one.pk), due_at="", reason="")
    do(clerk, made, "ask_extension", deadline=str(one.pk), due_at=local(one.due_at, hours=3), reason="等配件")
    asked = ExtensionRequest.objects.get()
    own = clerk.get(at(made)).content.decode()
    page = signed_in(head).get(at(made)).content.decode()
    done = do(signed_in(head), made, "grant_extension", extension=str(asked.pk), due_at="", reason="同意", htmx=True)

    assert "申请延期" in shown
    assert bare.status_code == 422
    assert "撤回" in own and "同意延期" not in own.split('class="card extensions"')[1].split("</div>\n<div")[0][:400]
    assert "等配件" in page and "同意延期" in page
    assert done.status_code == 200
    assert Deadline.objects.get(pk=one.pk).due_at == asked.asked_until


@pytest.mark.req("SLA-05")
def test_a_refusal_needs_a_reason_and_leaves_the_date(signed_in):
    made = ticket()
    one, clerk = resolution(made), signed_in()
    head = staff(Role.DEPARTMENT_HEAD, made.department.code)
    do(clerk, made, "ask_extension", deadline=str(one.pk), due_at=local(one.due_at, hours=3), reason="等配件")
    asked = ExtensionRequest.objects.get()

    without = do(signed_in(head), made, "refuse_extension", extension=str(asked.pk), reason="")
    do(signed_in(head), made, "refuse_extension", extension=str(asked.pk), reason="先给备用机")

    assert without.status_code == 422
    assert ExtensionRequest.objects.get().state == "refused"
    assert Deadline.objects.get(pk=one.pk).due_at == one.due_at
    assert "先给备用机" in clerk.get(at(made)).content.decode()


def test_a_request_of_another_ticket_is_not_decided_here(signed_in):
    made, other = ticket(), ticket()
    one = resolution(other)
    do(signed_in(), other, "ask_extension", deadline=str(one.pk), due_at=local(one.due_at, hours=3), reason="等配件")
    asked = ExtensionRequest.objects.get()

    done = do(signed_in("management"), made, "grant_extension", extension=str(asked.pk), due_at="", reason="")
    foreign = do(
        signed_in(), made, "ask_extension", deadline=str(one.pk), due_at=local(one.due_at, hours=3), reason="x"
    )

    assert (done.status_code, foreign.status_code) == (422, 422)
    assert ExtensionRequest.objects.get().state == "requested"


@pytest.mark.req("INT-13", "LAW-02")
def test_the_case_is_recorded_with_its_documents_and_settled(signed_in):
    made, clerk = ticket(channel="regulator"), signed_in()
    today = clock.local(clock.now()).date()
    letter = SimpleUploadedFile("来函.pdf", b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", "application/pdf")
    case = {"procedure": "letter", "authority": "杭州市市场监督管理局", "case_number": "杭市监函〔2026〕118号",
            "received_on": str(today), "mediation": "on"}  # fmt: skip

    empty = clerk.get(at(made)).content.decode()
    missing = do(clerk, made, "regulator_case", **{**case, "authority": ""})
    do(clerk, made, "regulator_case", **case, files=letter)
    shown = clerk.get(at(made)).content.decode()
    course = "已与消费者电话协商，同意退款。"
    do(clerk, made, "regulator_outcome", outcome="settled", outcome_on=str(today), method="phone", process=course)
    settled = clerk.get(at(made)).content.decode()

    assert "请登记监管部门及其编号" in empty
    assert missing.status_code == 422 and "杭市监函〔2026〕118号" in missing.content.decode()
    assert "来函.pdf" in shown and "待登记结果" in shown
    assert "达成和解" in settled and course in settled
    kept = RegulatorCase.objects.get()
    assert (kept.outcome, kept.mediation, kept.outcome_on) == ("settled", True, today)
    assert kept.documents.count() == 1


@pytest.mark.req("INT-13", "LAW-02")
def test_the_card_shows_the_day_that_the_authority_names_though_the_case_came_before_the_ticket(signed_in):
    with time_machine.travel(datetime(2026, 11, 18, 2, 0, tzinfo=UTC)):  # a Wednesday; the named day is no day off
        made, clerk = ticket(channel="regulator"), signed_in()
        do(clerk, made, "regulator_case", procedure="letter", authority="杭州市市场监督管理局",
           case_number="杭市监函〔2026〕119号", received_on="2026-11-17", due_on="2026-11-23")  # fmt: skip
        card = clerk.get(at(made)).content.decode().split('id="regulator"')[1].split("</dl>")[0]

    running = next(d for d in sla.open_for(made) if d.metric == "regulator")
    assert clock.local(running.due_at).date() == date(2026, 11, 23)
    assert f"{clock.local(running.due_at):%m-%d %H:%M}" in card.split("答复截止日")[1]


@pytest.mark.req("INT-13")
def test_why_it_cannot_be_resolved_is_said_beside_the_step(signed_in):
    made = ticket_in("in_progress", channel="regulator")
    plan(made, staff_actor())

    page = signed_in().get(at(made)).content.decode()

    assert "请先登记监管转办的处理结果" in page


def test_the_first_ticket_of_the_same_case_is_one_click_away(signed_in):
    one, two = ticket(channel="regulator"), ticket(channel="regulator")
    clerk, today = signed_in(), clock.local(clock.now()).date()
    for each in (one, two):
        do(clerk, each, "regulator_case", procedure="odr", authority="杭州市市场监督管理局",
           case_number="1330100002026111600058", received_on=str(today))  # fmt: skip

    assert now_of(two).repeat_of_id == one.pk
    assert at(one) in clerk.get(at(two)).content.decode().split('id="regulator"')[1]


@pytest.mark.req("LAW-01")
def test_goods_back_and_money_returned_on_the_page(signed_in):
    made, clerk = ticket(demand="return"), signed_in()

    before = clerk.get(at(made)).content.decode()
    do(clerk, made, "goods_back", at=local(clock.now(), minutes=-5))
    running = clerk.get(at(made)).content.decode()
    do(clerk, made, "refunded", at=local(clock.now()))

    assert "第二十五条" in before
    assert "退货退款" in running and "已退款" in running
    assert {d.state for d in Deadline.objects.filter(subject_id=made.pk, metric__startswith="legal")} == {"met"}


@pytest.mark.req("LAW-03")
def test_who_was_asked_first_is_named_until_somebody_accepts(signed_in):
    first = staff_actor()
    made = Ticket.objects.get(pk=intake.receive(report(channel="hotline"), actor=first).pk)
    clerk = signed_in()

    waiting = clerk.get(at(made)).content.decode()
    do(clerk, made, "accept")
    taken = clerk.get(at(made)).content.decode()

    assert f"首问责任人: {first.user}" in waiting and "在他人接手之前由其负责" in waiting
    assert "已由以下人员接手" in taken
    assert "《市场监督管理投诉举报处理办法》" in taken


def test_nothing_of_all_this_stands_on_an_ordinary_ticket_for_who_may_not_act(signed_in):
    made = ticket()

    page = signed_in("auditor").get(at(made)).content.decode()

    assert 'class="card regulator"' not in page
    assert 'class="card extensions"' not in page
    assert 'class="card legal"' not in page


def test_a_date_in_the_future_is_refused_beside_its_field(signed_in):
    made, clerk = ticket(channel="regulator"), signed_in()

    refused = do(clerk, made, "regulator_case", procedure="odr", authority="杭州", case_number="1330100002026",
                 received_on=str(date.today() + timedelta(days=9)))  # fmt: skip

    assert refused.status_code == 422
    assert not RegulatorCase.objects.exists()
