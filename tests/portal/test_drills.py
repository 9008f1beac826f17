"""TRN-01: drills run the real way and touch neither statistics, customers nor money."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.roles import Role
from apps.accounts.services import api_keys
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback.models import Drill, DrillScenario, Ticket
from apps.feedback.models.drill import DrillStep
from apps.feedback.selectors import drills as reads
from apps.feedback.selectors import figures
from apps.feedback.services import assignment, closure, conversation, drills
from apps.journal import deliveries
from apps.journal.events import ref
from apps.notifications.catalogue import MESSAGE_TYPES, placeholders
from apps.notifications.models import Notice, OutgoingMessage
from apps.notifications.services import outbox
from apps.notifications.services.dispatch import dispatch
from apps.sla.models import Pause
from apps.sla.services.sweep import sweep
from apps.triage import sources
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("TRN-01")]


@pytest.fixture
def lead():
    return factories.staff_actor(Role.SERVICE_LEAD)


def scenario(code="no-power"):
    return DrillScenario.objects.get(code=code)


def begin(lead, *codes, count=1):
    return drills.start("周三演练", [scenario(code) for code in codes or ("no-power",)], count, actor=lead)


def tickets(drill):
    return [case.ticket for case in drill.cases.select_related("ticket").order_by("id")]


def test_a_drills_tickets_go_through_the_real_intake_with_real_clocks_and_are_marked(lead):
    drill = begin(lead, "no-power", "lost-parcel", count=4)

    made = tickets(drill)
    assert [t.description[:4] for t in made] == ["吸尘器用", "物流显示", "吸尘器用", "物流显示"]
    assert all(t.is_drill and t.number.startswith("D20") and t.next_due_at for t in made)
    assert {t.category.slug for t in made} == {"technical", "logistics"}


@pytest.mark.req("INT-02")
def test_drills_take_no_number_of_the_customers_series(lead):
    before = factories.ticket().number

    begin(lead, count=3)

    after = factories.ticket().number
    assert int(after.split("-")[1]) == int(before.split("-")[1]) + 1


def test_a_drill_ticket_is_neither_a_repeat_nor_the_first_of_one(lead):
    drill = begin(lead, "no-power", count=3)

    assert [t.repeat_of_id for t in tickets(drill)] == [None, None, None]
    assert len({t.priority_score for t in tickets(drill)}) == 1


@pytest.mark.parametrize(
    ("template", "channel"),
    [(kind.code, c.value) for kind in MESSAGE_TYPES.values() for c in kind.channels if c != "in_app"],
)
def test_no_message_of_any_type_leaves_the_house_about_a_drill(lead, template, channel):
    [ticket] = tickets(begin(lead))
    context = dict.fromkeys(placeholders(template), "x")
    to = outbox.Recipient(email="someone@example.com", phone="13800000000", name="某人", door="d", door_label="d")

    message = outbox.send(template, to=to, context=context, channel=channel, subject=ref(ticket))

    assert (message.state, message.next_try_at, message.error) == ("skipped", None, drills.SILENT)


def test_a_whole_drill_sends_nothing_and_tells_colleagues_inside_the_desk(lead):
    drill = begin(lead, "no-power")
    [ticket] = tickets(drill)
    handler = factories.staff_actor(Role.ADMINISTRATOR, department=ticket.department.code)
    assignment.assign(ticket, actor=lead, department=ticket.department, assignee=handler.user)
    for step in (factories.accept, factories.resolve, factories.call_back):
        step(Ticket.objects.get(pk=ticket.pk), handler)
    deliveries.drain()
    with clock.at(clock.now() + timedelta(days=9)):
        while sweep(now=clock.now()).checked:
            pass
        deliveries.drain()
        dispatch()

    written = OutgoingMessage.objects.filter(subject_id=ticket.pk)
    assert {"acknowledgement", "result_notice", "survey"} <= set(written.values_list("template", flat=True))
    assert set(written.values_list("state", "sent_at")) == {("skipped", None)}
    assert Notice.objects.filter(text__contains=ticket.number).exists()


def test_a_skipped_drill_message_cannot_be_sent_by_hand(lead):
    from apps.notifications.services import desk

    [ticket] = tickets(begin(lead))
    deliveries.drain()
    message = OutgoingMessage.objects.filter(subject_id=ticket.pk).first()

    with pytest.raises(DomainError) as refused:
        desk.send_again(message.pk, actor=factories.staff_actor(Role.ADMINISTRATOR))

    assert refused.value.code == "notifications.not_resendable"


def test_no_figure_counts_drills(lead):
    factories.ticket_in("second_follow_up")
    watcher, now = actors.SYSTEM, clock.now()

    def all_figures():
        later = now + timedelta(minutes=1)
        return (
            figures.open_count(watcher), figures.due_today_count(watcher, now), figures.late_count(watcher, now),
            figures.owed_at(watcher, later), figures.satisfaction(watcher, now - timedelta(days=1), later),
            figures.first_response_share(watcher, now - timedelta(days=1), later, now + timedelta(days=9)),
            figures.trend(watcher, now), figures.top_categories(watcher, now), figures.late_by_department(watcher, now),
            figures.arrivals_by_hour(watcher, now),
        )  # fmt: skip

    before = all_figures()
    drill = begin(lead, "no-power", "leakage", count=4)
    first = tickets(drill)[0]
    for step in (factories.accept, factories.resolve, factories.call_back, factories.answer(5)):
        step(Ticket.objects.get(pk=first.pk), factories.staff_actor(Role.ADMINISTRATOR))

    assert all_figures() == before


def test_past_tickets_for_learning_leave_drills_out(lead):
    begin(lead)
    factories.ticket()

    known = sources.current().between(
        clock.now() - timedelta(days=1), clock.now() + timedelta(days=1), actor=actors.SYSTEM
    )

    assert known == 1


def test_a_drill_is_scored_against_limits_and_expectations_per_person(lead):
    drill = begin(lead, "no-power", count=2)
    good, late = tickets(drill)
    quick, slow = factories.staff_actor(Role.ADMINISTRATOR), factories.staff_actor(Role.ADMINISTRATOR)
    for step in (factories.accept, factories.propose):
        step(Ticket.objects.get(pk=good.pk), quick)
    with clock.at(clock.now() + timedelta(days=9)):
        while sweep(now=clock.now()).checked:
            pass
        assignment.accept(Ticket.objects.get(pk=late.pk), actor=slow)

        best, worst = reads.per_person(reads.results(drill))

    assert (best.person, best.tickets) == (str(quick.user), 1)
    assert best.points > worst.points
    outcome = next(o for o in reads.results(drill) if o.number == good.number)
    passed = {check.label: check.passed for check in outcome.checks}
    assert passed[DrillStep.ACCEPT.label] is True
    assert passed[DrillStep.SOLUTION.label] is True
    assert passed[DrillStep.RESOLVE.label] is None


def test_ending_keeps_the_results_and_cleans_the_queues(lead):
    drill = begin(lead, "no-power", count=2)
    open_ticket, done = tickets(drill)
    for step in (factories.accept, factories.resolve, factories.call_back, factories.answer(5)):
        step(Ticket.objects.get(pk=done.pk), factories.staff_actor(Role.ADMINISTRATOR))

    ended = drills.end(drill, actor=lead)

    left, closed = Ticket.objects.get(pk=open_ticket.pk), Ticket.objects.get(pk=done.pk)
    assert (left.state, left.closed_as) == ("closed", "drill")
    assert closed.closed_as == "satisfied"
    assert not Ticket.objects.open().filter(is_drill=True).exists()
    kept = reads.results(Drill.objects.get(pk=ended.pk))
    assert [o.number for o in kept] == [open_ticket.number, done.number]
    assert all(check.passed is not None for o in kept for check in o.checks)
    with pytest.raises(DomainError) as refused:
        drills.end(drill, actor=lead)
    assert refused.value.code == "drill.ended"


def test_a_drill_that_ends_while_a_ticket_waits_ends_the_waiting(lead):
    drill = begin(lead)
    (waiting,) = tickets(drill)
    assignment.accept(waiting, actor=lead)
    conversation.ask_customer(Ticket.objects.get(pk=waiting.pk), "请问指示灯是什么颜色？", actor=lead)
    assert Pause.objects.filter(subject_id=waiting.pk, ended_at=None).exists()

    drills.end(drill, actor=lead)

    assert not Pause.objects.filter(subject_id=waiting.pk, ended_at=None).exists()
    assert Ticket.objects.get(pk=waiting.pk).state == "closed"


def test_a_customers_ticket_is_never_closed_as_a_drill():
    from apps.journal import transitions

    with pytest.raises(DomainError) as refused:
        transitions.apply(factories.ticket(), "end_drill", actor=actors.SYSTEM)

    assert refused.value.code == "drill.not_a_drill"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "  "}, "core.required"),
        ({"scenarios": []}, "drill.no_scenario"),
        ({"count": 0}, "drill.too_many"),
        ({"count": 51}, "drill.too_many"),
    ],
)
def test_what_makes_no_drill_is_refused_and_leaves_nothing(lead, given, code):
    asked = {"name": "演练", "scenarios": [scenario()], "count": 1, **given}

    with pytest.raises(DomainError) as refused:
        drills.start(asked["name"], asked["scenarios"], asked["count"], actor=lead)

    assert refused.value.code == code
    assert not Drill.objects.exists()


def test_only_those_with_the_right_run_drills(lead):
    handler = factories.staff_actor(Role.SERVICE_STAFF)

    with pytest.raises(DomainError):
        begin(handler)
    with pytest.raises(DomainError):
        drills.end(begin(lead), actor=handler)


def test_a_drill_costs_the_customer_nothing_even_when_rated(lead):
    drill = begin(lead)
    [ticket] = tickets(drill)
    assert ticket.customer.external_id == "drill"
    with pytest.raises(DomainError):
        closure.reject(ticket, actor=actors.CUSTOMER, why="spam")


def test_the_api_marks_drills_and_leaves_them_out_of_lists_unless_asked(lead):
    from apps.feedback.api import rows

    [drilled], real = tickets(begin(lead)), factories.ticket()
    assert rows.of(drilled)["is_drill"] is True
    key = api_keys.create("ERP", ["tickets:read"], actor=actors.SYSTEM)
    client, headers = Client(), {"Authorization": f"Bearer {key.clear}"}

    plain = client.get("/api/v1/tickets/", headers=headers).json()["results"]
    asked = client.get("/api/v1/tickets/?drill=true", headers=headers).json()["results"]

    assert [(row["number"], row["is_drill"]) for row in plain] == [(real.number, False)]
    assert [row["number"] for row in asked] == [drilled.number]
    assert client.get(f"/api/v1/tickets/{drilled.number}/", headers=headers).json()["is_drill"] is True


def test_no_money_moves_for_a_drill(lead):
    from decimal import Decimal

    from apps.billing.services import refunds, voids
    from apps.billing.services.refunds import RefundDraft
    from apps.billing.services.voids import VoidDraft

    [ticket] = tickets(begin(lead))
    boss = factories.staff_actor(Role.ADMINISTRATOR)
    refund = RefundDraft(Decimal("10.00"), "演练", kind="compensation", customer=ticket.customer, ticket=ticket)
    void = VoidDraft(invoice=None, reason_code="x", ticket=ticket)

    for file, asked in ((refunds.file, refund), (voids.file, void)):
        with pytest.raises(DomainError) as refused:
            file(asked, actor=boss)
        assert refused.value.code == "drill.no_money"
