from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.casework.models import CareRule, CareTask
from apps.casework.selectors import papers
from apps.casework.services import care, rules
from apps.core import clock
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import closure, reclassification
from apps.feedback.services.reclassification import Correction
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep
from tests.desk.pages import at, do
from tests.factories import plan, staff, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db


def tasks_of(one: Ticket) -> list[CareTask]:
    return list(CareTask.objects.filter(ticket=one).order_by("id"))


def clock_of(task: CareTask) -> Deadline:
    return Deadline.objects.filter(subject_id=task.pk).latest("id")


@pytest.mark.req("HND-10")
def test_a_vip_gets_an_extra_care_task_with_a_deadline_of_its_own():
    one = ticket(tier="vip")
    deliveries.drain()

    [task] = tasks_of(one)
    assert (task.rule.code, task.role, task.state) == ("vip", "service_lead", "open")
    assert (clock_of(task).metric, clock_of(task).state) == ("care_task", "open")
    assert Event.objects.get(kind="care.planned", subject_id=one.pk).data["name"] == task.title


@pytest.mark.req("HND-10")
@pytest.mark.parametrize(
    ("feedback", "codes"),
    [
        ({}, []),
        ({"text": "冰箱漏电，孩子被电到了"}, ["safety"]),
        ({"urgency": "critical"}, ["critical"]),
        ({"text": "再不解决就找律师起诉你们"}, ["legal"]),
        ({"text": "冰箱漏电，孩子被电到了", "urgency": "critical", "tier": "vip"}, ["critical", "safety", "vip"]),
    ],
)
def test_major_complaints_get_theirs(feedback, codes):
    one = ticket(**feedback)
    deliveries.drain()

    assert sorted(task.rule.code for task in tasks_of(one)) == codes


@pytest.mark.req("HND-10")
def test_becoming_critical_brings_the_task_once(clerk):
    one = ticket_in("in_progress", actor=clerk)
    deliveries.drain()
    for urgency in ("critical", "normal", "critical"):
        reclassification.reclassify(one, Correction(urgency=urgency), actor=clerk, reason="来电")
        deliveries.drain()

    assert [task.rule.code for task in tasks_of(one)] == ["critical"]


@pytest.mark.req("HND-10")
def test_some_care_begins_when_the_ticket_is_resolved(clerk):
    one = ticket_in("in_progress", actor=clerk, tier="vip")
    plan(one, clerk)
    closure.resolve(one, "已更换电池，机器恢复正常。", actor=clerk)
    deliveries.drain()

    assert sorted(task.rule.code for task in tasks_of(one)) == ["vip", "vip-after"]


@pytest.mark.req("HND-10")
def test_done_meets_the_clock_and_keeps_what_came_of_it(clerk):
    one = ticket(tier="vip")
    deliveries.drain()

    care.finish(tasks_of(one)[0], actor=clerk, outcome="客户已平复，同意换货")

    [task] = tasks_of(one)
    assert (task.state, task.outcome, task.ended_by_id) == ("done", "客户已平复，同意换货", clerk.user_id)
    assert clock_of(task).state == "met"


@pytest.mark.req("HND-10")
def test_skipping_needs_a_reason_and_stops_the_clock(clerk):
    one = ticket(tier="vip")
    deliveries.drain()

    with pytest.raises(DomainError) as refused:
        care.skip(tasks_of(one)[0], actor=clerk, reason=" ")
    assert refused.value.code == "reason.missing"
    care.skip(tasks_of(one)[0], actor=clerk, reason="客户要求不要再打电话")

    [task] = tasks_of(one)
    assert (task.state, clock_of(task).state) == ("skipped", "cancelled")


def test_a_task_that_is_over_is_opened_again_with_a_new_clock(clerk):
    one = ticket(tier="vip")
    deliveries.drain()
    care.finish(tasks_of(one)[0], actor=clerk)

    with pytest.raises(DomainError) as twice:
        care.finish(tasks_of(one)[0], actor=clerk)
    care.open_again(tasks_of(one)[0], actor=clerk, reason="没打通")

    [task] = tasks_of(one)
    assert twice.value.code == "transition.impossible"
    assert (task.state, task.ended_at, clock_of(task).state) == ("open", None, "open")
    assert Deadline.objects.filter(subject_id=task.pk).count() == 2


@pytest.mark.req("HND-10", "SLA-04", "SLA-07")
def test_what_is_overdue_goes_up_the_ladder():
    responsible, head = staff("duty_manager"), staff("department_head")
    one = ticket(urgency="critical")
    Ticket.objects.filter(pk=one.pk).update(department=head.department)
    deliveries.drain()
    [task] = tasks_of(one)

    late = clock_of(task).due_at + timedelta(hours=3)
    with clock.at(late):
        sweep(now=late)
        deliveries.drain()

    told = {(n.user_id, n.kind) for n in Notice.objects.filter(text__contains="客户关怀")}
    assert (responsible.pk, "deadline_breached") in told and (head.pk, "deadline_escalated") in told
    assert clock_of(task).breached_at is not None


def test_rejecting_the_ticket_drops_what_was_to_be_done():
    one = ticket(tier="vip")
    deliveries.drain()
    closure.reject(one, actor=staff_actor("service_lead"), why="spam")
    deliveries.drain()

    [task] = tasks_of(one)
    assert (task.state, task.outcome) == ("skipped", "工单已驳回。")


@pytest.mark.req("HND-10")
def test_one_planned_by_hand_names_no_person_in_the_journal(clerk):
    one = ticket_in("in_progress", actor=clerk)

    care.plan(one, actor=clerk, title="给张三 13812345678 送花", role="service_lead")

    assert Event.objects.get(kind="care.planned", subject_id=one.pk).data["name"] == ""
    with pytest.raises(DomainErrors) as refused:
        care.plan(one, actor=clerk, title=" ", role="boss")
    assert {e.code for e in refused.value.errors} == {"core.required", "care.unknown_role"}


@pytest.mark.req("HND-10")
def test_my_tasks_are_those_of_my_role_and_the_ones_i_took(signed_in):
    lead, clerk = signed_in("service_lead"), signed_in("service_staff")
    one = ticket(tier="vip")
    deliveries.drain()

    mine, others = (client.get(reverse("admin:desk_tasks")).content.decode() for client in (lead, clerk))

    assert one.number in mine and "VIP 客户" in mine
    assert one.number not in others and "没有等您处理的任务" in others


@pytest.mark.req("ADM-02")
def test_tasks_of_tickets_one_may_not_see_are_not_mine():
    one = ticket(tier="vip")
    deliveries.drain()
    CareTask.objects.filter(ticket=one).update(role="department_handler")
    stranger = staff_actor("department_handler", "logistics")
    Ticket.objects.filter(pk=one.pk).update(department=staff().department, collaborator_ids=[])

    assert papers.my_care_tasks(stranger) == []


@pytest.mark.req("HND-10")
def test_on_the_page_of_the_ticket(signed_in):
    client = signed_in("service_lead")
    one = ticket(tier="vip")
    deliveries.drain()
    [task] = tasks_of(one)

    page = client.get(at(one)).content.decode()
    refused = do(client, one, "care_skip", htmx=True, row=task.pk, reason="")
    do(client, one, "care_done", row=task.pk, outcome="已问候")

    assert task.title in page and refused.status_code == 422 and "请填写原因" in refused.content.decode()
    assert tasks_of(one)[0].outcome == "已问候"


def test_a_rule_plans_for_a_ticket_once_even_when_two_ask_at_once():
    one = ticket(tier="vip")
    deliveries.drain()

    with pytest.raises(IntegrityError), transaction.atomic():
        CareTask.objects.create(ticket=one, rule=CareRule.objects.get(code="vip"), title="x", role="service_lead")


def test_only_who_may_makes_rules(lead, clerk):
    rules.save_care_rule(CareRule(task="金卡客户致电", tier="gold"), actor=lead)

    with pytest.raises(DomainError):
        rules.save_care_rule(CareRule(task="x"), actor=clerk)
    with pytest.raises(DomainErrors):
        rules.save_care_rule(CareRule(task=" "), actor=lead)


def test_who_only_looks_settles_nothing(auditor):
    one = ticket(tier="vip")
    deliveries.drain()

    for act in (lambda t: care.finish(t, actor=auditor), lambda t: care.skip(t, actor=auditor, reason="x")):
        with pytest.raises(DomainError) as refused:
            act(tasks_of(one)[0])
        assert refused.value.code == "core.not_allowed"
