"""Intake, conversation, clocks, solutions and corrections."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Message, SmsReply, Solution, Ticket
from apps.feedback.services import assignment, conversation, intake, planning, reclassification
from apps.feedback.services.reclassification import Correction
from apps.feedback.states import MessageKind, TicketState
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from apps.triage.models import Category
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.req("INT-02", "INT-03", "CLS-02", "CLS-05", "CLS-07", "SLA-01")
def test_intake_does_everything_at_once():
    ticket = factories.ticket(
        "物流延迟了十天，快递一直没到，我要退款！", urgency="urgent", order_number="SO1", place="杭州"
    )
    stored = Ticket.objects.get(pk=ticket.pk)
    assert stored.number == clock.local(clock.now()).strftime("%Y%m") + "-001"
    assert stored.category.slug == "logistics"
    assert stored.department.code == "logistics"
    assert (stored.state, stored.demand, stored.place) == (TicketState.PENDING, "refund", "杭州")
    assert stored.priority_score == sum(part["points"] for part in stored.priority_parts)
    metrics = set(Deadline.objects.filter(subject_id=ticket.pk).values_list("metric", flat=True))
    assert {"first_response", "acceptance", "resolution"} <= metrics
    assert stored.next_due_at == min(Deadline.objects.filter(subject_id=ticket.pk).values_list("due_at", flat=True))
    event = Event.objects.get(subject_id=ticket.pk)
    assert event.kind == "ticket.received"
    assert stored.customer.phone.removeprefix("+86") not in str(event.data) and "张三" not in str(event.data)


@pytest.mark.req("INT-05")
def test_everything_that_is_wrong_is_named_beside_its_field_and_nothing_is_left():
    bad = factories.report(
        "  ", phone="123", email="not-an-address", kind="nonsense", ship_date=date.today() + timedelta(days=9),
        order_number="x" * 200, demand="everything", serial_number="a\x00b",
    )  # fmt: skip
    before = Event.objects.count()
    with pytest.raises(DomainErrors) as refused:
        intake.receive(bad, actor=actors.CUSTOMER)
    fields = {e.field for e in refused.value.errors}
    assert {"text", "phone", "email", "kind", "ship_date", "order_number", "demand", "serial_number"} <= fields
    assert not Ticket.objects.exists() and Event.objects.count() == before


@pytest.mark.req("INT-05")
def test_without_any_contact_the_contact_is_asked_for():
    with pytest.raises(DomainErrors) as refused:
        intake.receive(factories.report(name="张三", phone="", email=""), actor=actors.CUSTOMER)
    assert [e.field for e in refused.value.errors] == ["phone"]


@pytest.mark.req("INT-07")
def test_critical_feedback_alerts_the_duty_manager_at_once():
    manager = factories.staff(Role.DUTY_MANAGER, email="duty@example.com", phone="13800001111")
    ticket = factories.ticket("冰箱漏电，孩子被电到了", urgency="critical")
    deliveries.drain()
    assert Notice.objects.filter(user=manager, kind="critical_alert").count() == 1
    assert ticket.number in Notice.objects.get(user=manager).text
    alerts = OutgoingMessage.objects.filter(template="critical_alert").values_list("channel", "recipient_masked")
    assert sorted(alerts) == [("email", "d***@example.com"), ("sms", "138****1111")]


@pytest.mark.req("INT-10")
def test_the_customer_gets_an_acknowledgement_with_number_and_private_link():
    ticket = factories.ticket()
    deliveries.drain()
    message = OutgoingMessage.objects.get(subject_id=ticket.pk)
    assert message.template == "acknowledgement"
    assert ticket.number in message.body and "/t/" in message.body


@pytest.mark.req("SLA-08")
def test_an_automatic_acknowledgement_is_no_first_response_but_a_reply_is():
    actor = factories.staff_actor()
    ticket = factories.ticket()
    deliveries.drain()
    assert Deadline.objects.get(subject_id=ticket.pk, metric="first_response").state == "open"
    conversation.add(ticket, MessageKind.NOTE, "内部备注", actor=actor)
    assert Deadline.objects.get(subject_id=ticket.pk, metric="first_response").state == "open"
    conversation.add(ticket, MessageKind.REPLY, "您好，已收到，工程师今天17点前回电。", actor=actor)
    assert Deadline.objects.get(subject_id=ticket.pk, metric="first_response").state == "met"
    assert Ticket.objects.get(pk=ticket.pk).first_responded_at is not None
    deliveries.drain()
    assert OutgoingMessage.objects.filter(subject_id=ticket.pk, template="staff_reply").exists()


@pytest.mark.req("SLA-03")
def test_clocks_stand_still_while_the_customer_is_asked():
    monday = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)  # no day off among the next
    with clock.at(monday):
        ticket = factories.ticket_in("waiting")
    resolution = Deadline.objects.get(subject_id=ticket.pk, metric="resolution")
    assert resolution.paused_at is not None
    assert ticket.next_due_at is None
    with clock.at(monday + timedelta(days=3)):
        conversation.customer_says(ticket, "绿灯闪烁", actor=actors.CUSTOMER, channel="online")
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.state == TicketState.IN_PROGRESS
    assert Deadline.objects.get(pk=resolution.pk).due_at > resolution.due_at
    assert ticket.next_due_at is not None


@pytest.mark.req("HND-03")
def test_each_word_to_the_customer_is_a_progress_update():
    actor = factories.staff_actor()
    ticket = factories.ticket_in("in_progress")
    conversation.add(ticket, MessageKind.PROGRESS, "配件已发出，明天到店", actor=actor)
    states = list(Deadline.objects.filter(subject_id=ticket.pk, metric="progress").values_list("state", flat=True))
    assert sorted(states) == ["met", "open"]


@pytest.mark.parametrize("body", ["", "  ", "a\x00b", "x" * 20_001])
def test_bad_words_are_refused_and_nothing_is_written(body):
    ticket = factories.ticket_in("in_progress")
    with pytest.raises(DomainError):
        conversation.add(ticket, MessageKind.REPLY, body, actor=factories.staff_actor())
    assert not Message.objects.exists()


@pytest.mark.req("HND-05")
def test_nobody_approves_their_own_solution_not_even_an_administrator():
    admin = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("solution_approval", actor=admin)
    with pytest.raises(DomainError) as refused:
        planning.decide_solution(ticket, actor=admin, approve=True)
    assert refused.value.code == "solution.own"
    assert Solution.objects.get().decided_at is None


@pytest.mark.req("HND-05")
def test_a_cost_above_the_limit_goes_to_somebody_with_a_higher_one():
    ticket = factories.ticket_in("in_progress")
    staff = factories.staff_actor()
    planning.propose_solution(ticket, actor=staff, type="refund", description="全额退款", cost=Decimal("5000"))
    lead, top = factories.staff_actor(Role.SERVICE_LEAD), factories.staff_actor(Role.MANAGEMENT)
    with pytest.raises(DomainError) as refused:
        planning.decide_solution(ticket, actor=lead, approve=True)
    assert refused.value.code == "solution.above_limit"
    approved = planning.decide_solution(ticket, actor=top, approve=True)
    assert approved.state == TicketState.IN_PROGRESS
    assert Solution.objects.get().approved is True


@pytest.mark.req("HND-05")
def test_a_solution_without_cost_waits_for_nobody_and_declining_needs_a_reason():
    staff, lead = factories.staff_actor(), factories.staff_actor(Role.SERVICE_LEAD)
    ticket = factories.ticket_in("in_progress")
    free = planning.propose_solution(ticket, actor=staff, type="apology", description="书面道歉", cost=Decimal(0))
    assert free.state == TicketState.IN_PROGRESS
    planning.propose_solution(ticket, actor=staff, type="refund", description="退款", cost=Decimal("10.005"))
    with pytest.raises(DomainError) as refused:
        planning.decide_solution(ticket, actor=lead, approve=False)
    assert refused.value.code == "reason.missing"
    planning.decide_solution(ticket, actor=lead, approve=False, reason="先维修")
    solution = Solution.objects.order_by("-proposed_at").first()
    assert (solution.approved, solution.cost, solution.decision_reason) == (False, Decimal("10.01"), "先维修")


@pytest.mark.req("CLS-04", "SLA-03")
def test_a_correction_keeps_its_reason_and_recomputes_what_is_open():
    actor = factories.staff_actor()
    ticket = factories.ticket()
    before = Deadline.objects.get(subject_id=ticket.pk, metric="resolution", state="open").due_at
    logistics = Category.objects.get(slug="logistics")
    changed = reclassification.reclassify(
        ticket, Correction(category=logistics, urgency="critical"), actor=actor, reason="客户电话补充：快递摔坏"
    )
    assert (changed.category_id, changed.category_by_person, changed.urgency) == (logistics.pk, True, "critical")
    assert changed.priority_score > ticket.priority_score
    assert Deadline.objects.get(subject_id=ticket.pk, metric="resolution", state="open").due_at < before
    event = Event.objects.get(kind="ticket.urgency_changed")
    assert event.data["changes"]["urgency"] == ["normal", "critical"]
    with pytest.raises(DomainError) as refused:
        reclassification.reclassify(ticket, Correction(kind="fault"), actor=actor, reason=" ")
    assert refused.value.code == "reason.missing"


@pytest.mark.req("SLA-06")
def test_a_customer_asks_for_a_supervisor_and_the_head_hears_of_it():
    head = factories.staff(Role.DEPARTMENT_HEAD, "quality")
    ticket = factories.ticket("质量太差，外壳开裂掉漆")
    asked = reclassification.request_supervisor(ticket, actor=actors.CUSTOMER, reason="要求主管回电")
    assert asked.escalated
    deliveries.drain()
    assert Notice.objects.filter(user=head, kind="supervisor_requested").exists()


@pytest.mark.req("ADM-02")
def test_staff_see_their_departments_tickets_as_lead_and_as_collaborator():
    ticket = factories.ticket("物流延迟，快递没到")
    own, other = (
        factories.staff_actor(Role.DEPARTMENT_HANDLER, "logistics"),
        factories.staff_actor(Role.DEPARTMENT_HANDLER, "product"),
    )
    assert Ticket.objects.visible_to(own).filter(pk=ticket.pk).exists()
    assert not Ticket.objects.visible_to(other).filter(pk=ticket.pk).exists()
    assert not Ticket.objects.visible_to(actors.CUSTOMER).exists()
    assert Ticket.objects.visible_to(factories.staff_actor(Role.AUDITOR)).filter(pk=ticket.pk).exists()
    lead = factories.staff_actor(Role.SERVICE_LEAD)
    assignment.assign(ticket, actor=lead, department=ticket.department, collaborators=[other.user.department_id])
    assert Ticket.objects.visible_to(other).filter(pk=ticket.pk).exists()


@pytest.mark.req("CLS-07", "SLA-04")
def test_a_ticket_given_to_another_department_gets_a_new_time_to_accept():
    lead = factories.staff_actor(Role.SERVICE_LEAD)
    ticket = factories.ticket("物流延迟，快递没到")
    quality = factories.staff(Role.QUALITY, "quality").department
    with clock.at(clock.now() + timedelta(hours=1)):
        moved = assignment.assign(ticket, actor=lead, department=quality, reason="外箱破损，先查质量")
    acceptance = Deadline.objects.get(subject_id=moved.pk, metric="acceptance", state="open")
    assert acceptance.started_at > ticket.received_at
    assert acceptance.department_id == quality.pk
    stranger = factories.staff(Role.DEPARTMENT_HANDLER, "finance")
    with pytest.raises(DomainError) as refused:
        assignment.assign(moved, actor=lead, department=quality, assignee=stranger)
    assert refused.value.code == "ticket.assignee_elsewhere"


@pytest.mark.req("INT-05", "ADM-04")
def test_a_known_customers_new_address_is_kept_with_the_ticket_and_overwrites_nothing():
    one = factories.contact(name="张三")
    first = factories.ticket(contact=one)
    other = factories.contact(name="李四", phone=one.phone, email="other@example.com")
    second = Ticket.objects.get(pk=factories.ticket(contact=other).pk)
    assert second.customer_id == first.customer_id
    assert json.loads(second.contact_given) == {"name": "李四", "email": "other@example.com"}
    assert second.customer.email == one.email
    assert Ticket.objects.get(pk=first.pk).contact_given == ""


@pytest.mark.req("SLA-08")
def test_a_deadline_moved_by_hand_moves_the_ticket_in_the_queue():
    lead = factories.staff_actor(Role.MANAGEMENT)
    ticket = factories.ticket()
    nearest = deadlines.next_due(ticket)
    later = nearest.due_at + timedelta(days=2)
    for deadline in deadlines.open_for(ticket):
        deadlines.set_due(deadline.pk, later, actor=lead, reason="配件下周到货，已与客户约定")
    deliveries.drain()
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == later


def test_words_to_and_from_the_customer_name_themselves_by_the_clock_of_shanghai():
    night = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    assert str(Message(kind=MessageKind.NOTE, at=night)).endswith("12-01 01:00")
    assert str(SmsReply(sender_masked="138****0001", at=night)) == "138****0001 12-01 01:00"
