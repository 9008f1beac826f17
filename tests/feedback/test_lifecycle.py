"""The state machine of a ticket (HND-01): every state × transition × role, and what a refusal leaves behind: nothing."""

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.roles import Role
from apps.core import actors
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.models.lifecycle import Lifecycle
from apps.feedback.states import OPEN_STATES, TicketState
from apps.journal import transitions
from apps.journal.models import Delivery, Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from tests import factories

S = TicketState
# The whole machine as its users wrote it down: transition → (states it leaves, state it reaches).
MACHINE = {
    "assign": ({S.PENDING, S.ASSIGNED, S.IN_PROGRESS, S.REOPENED}, S.ASSIGNED),
    "accept": ({S.PENDING, S.ASSIGNED, S.REOPENED}, S.IN_PROGRESS),
    "ask_customer": ({S.IN_PROGRESS}, S.WAITING),
    "resume": ({S.WAITING}, S.IN_PROGRESS),
    "propose_solution": ({S.IN_PROGRESS}, S.SOLUTION_APPROVAL),
    "approve_solution": ({S.SOLUTION_APPROVAL}, S.IN_PROGRESS),
    "decline_solution": ({S.SOLUTION_APPROVAL}, S.IN_PROGRESS),
    "resolve": ({S.IN_PROGRESS}, S.RESOLVED),
    "start_callback": ({S.RESOLVED}, S.CALLBACK),
    "close_satisfied": ({S.CALLBACK}, S.CLOSED),
    "close_unanswered": ({S.CALLBACK}, S.CLOSED),
    "follow_up": ({S.CALLBACK}, S.SECOND_FOLLOW_UP),
    "close_followed_up": ({S.SECOND_FOLLOW_UP}, S.CLOSED),
    "reopen": ({S.RESOLVED, S.CALLBACK, S.SECOND_FOLLOW_UP, S.CLOSED}, S.REOPENED),
    "reject": ({S.PENDING, S.ASSIGNED}, S.REJECTED),
    "restore": ({S.REJECTED}, S.PENDING),
    "close_part": ({S.RESOLVED}, S.CLOSED),
    "end_drill": (set(OPEN_STATES), S.CLOSED),
    "merge": (set(OPEN_STATES), S.MERGED),
    "unmerge": ({S.MERGED}, S.IN_PROGRESS),  # or any other that it was merged in
}  # fmt: skip
SYSTEM_ONLY = {"close_satisfied", "close_unanswered", "close_part", "end_drill", "follow_up"}
CUSTOMER_MAY = {"resume", "reopen"}
HANDLERS = {
    Role.SERVICE_STAFF, Role.SERVICE_LEAD, Role.DUTY_MANAGER, Role.DEPARTMENT_HANDLER, Role.DEPARTMENT_HEAD,
    Role.FINANCE_OFFICER, Role.ADMINISTRATOR,
}  # fmt: skip
NEVER = {Role.AUDITOR, Role.INTEGRATION}


class FakeSolution:
    pk, type, cost = "x", "refund", "1.00"


def data_for(name, ticket):
    solution = FakeSolution()
    survey = type("FakeSurvey", (), {"pk": "y"})()
    return {
        "assign": {"department": ticket.department},
        "propose_solution": {"solution": solution},
        "approve_solution": {"solution": solution},
        "decline_solution": {"solution": solution},
        "resolve": {"result": "已解决"},
        "start_callback": {"survey": survey},
        "close_satisfied": {"score": 5},
        "follow_up": {"score": 2},
        "reject": {"why": "spam"},
        "merge": {"into": ticket.beside},
        "unmerge": {"back_to": "in_progress"},
    }.get(name, {})


def put_into(state):
    """A ticket whose column says `state`, whatever way leads there: the machine itself is under test."""
    ticket = factories.ticket()
    beside = factories.ticket()
    into = beside.pk if state == S.MERGED else None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE feedback_ticket SET state = %s, merged_into_id = %s WHERE id = %s", [state, into, ticket.pk]
        )
    found = Ticket.objects.get(pk=ticket.pk)
    found.beside = beside  # another one, to be merged into
    return found


def traces():
    return (
        Event.objects.count(), Delivery.objects.count(), OutgoingMessage.objects.count(),
        Deadline.objects.filter(state="open").count(),
    )  # fmt: skip


@pytest.fixture
def conditions_met(monkeypatch):
    for name in ("resolve", "close_followed_up", "close_part", "end_drill"):
        for step in getattr(Lifecycle, name)._django_fsm.transitions.values():
            monkeypatch.setattr(step, "conditions", [])


@pytest.mark.req("HND-01")
@pytest.mark.django_db
@pytest.mark.parametrize("state", S.values)
def test_every_transition_from_every_state(state, conditions_met):
    for name, (sources, target) in MACHINE.items():
        with transaction.atomic():
            ticket = put_into(state)
            before = traces()
            if state in sources:
                moved = transitions.apply(ticket, name, actor=actors.SYSTEM, **data_for(name, ticket))
                assert moved.state == target, name
                assert Ticket.objects.get(pk=ticket.pk).state == target
                event = Event.objects.latest("id")
                assert (event.data["from"], event.data["to"]) == (state, target)
            else:
                with pytest.raises(DomainError) as refused:
                    transitions.apply(ticket, name, actor=actors.SYSTEM, **data_for(name, ticket))
                assert refused.value.code == "transition.impossible", name
                assert Ticket.objects.get(pk=ticket.pk).state == state
                assert traces() == before, name


@pytest.mark.req("HND-01")
def test_the_machine_has_no_other_transitions():
    field = Ticket._meta.get_field("state")
    assert set(field.transitions[Ticket]) == set(MACHINE)


@pytest.mark.req("HND-01", "ADM-01")
@pytest.mark.django_db
@pytest.mark.parametrize("role", sorted(HANDLERS | NEVER))
def test_who_may_take_which_step(role, conditions_met):
    actor = factories.staff_actor(role)
    for name, (sources, _) in MACHINE.items():
        ticket = put_into(next(iter(sources)))
        before = traces()
        if role in NEVER or name in SYSTEM_ONLY:
            with pytest.raises(DomainError) as refused:
                transitions.apply(ticket, name, actor=actor, **data_for(name, ticket))
            assert refused.value.code == "core.not_allowed", (role, name)
            assert traces() == before
        elif name in {"accept", "ask_customer", "resume", "resolve", "start_callback", "reopen"}:
            transitions.apply(ticket, name, actor=actor, **data_for(name, ticket))


@pytest.mark.req("HND-01")
@pytest.mark.django_db
def test_a_customer_may_only_answer_and_reopen(conditions_met):
    for name, (sources, _) in MACHINE.items():
        ticket = put_into(next(iter(sources)))
        if name in CUSTOMER_MAY:
            transitions.apply(ticket, name, actor=actors.CUSTOMER, **data_for(name, ticket))
        else:
            with pytest.raises(DomainError) as refused:
                transitions.apply(ticket, name, actor=actors.CUSTOMER, **data_for(name, ticket))
            assert refused.value.code == "core.not_allowed", name


@pytest.mark.req("HND-01")
@pytest.mark.django_db
def test_no_resolution_without_a_plan_and_no_closing_without_a_follow_up_record():
    for state, name, code in (
        (S.IN_PROGRESS, "resolve", "ticket.plan_missing"),
        (S.SECOND_FOLLOW_UP, "close_followed_up", "ticket.follow_up_missing"),
    ):
        ticket = put_into(state)
        with pytest.raises(DomainError) as refused:
            transitions.apply(ticket, name, actor=actors.SYSTEM, **data_for(name, ticket))
        assert refused.value.code == code


@pytest.mark.django_db
def test_the_database_knows_the_states():
    ticket = factories.ticket()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE feedback_ticket SET state = 'done' WHERE id = %s", [ticket.pk])


@pytest.mark.django_db
def test_the_state_cannot_be_assigned():
    ticket = factories.ticket()
    with pytest.raises(AttributeError):
        ticket.state = S.CLOSED


@pytest.mark.req("HND-08")
@pytest.mark.django_db
def test_a_stale_version_is_refused_and_leaves_nothing():
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket()
    transitions.apply(ticket, "accept", actor=actor, expected_version=ticket.version)
    before = traces()
    with pytest.raises(DomainError) as refused:
        transitions.apply(ticket, "ask_customer", actor=actor, expected_version=ticket.version)
    assert refused.value.code == "core.stale"
    assert traces() == before


@pytest.mark.django_db
def test_offers_say_what_is_possible_and_why_not():
    ticket = factories.ticket_in("in_progress")
    offers = {o.name: o for o in transitions.available(ticket, factories.staff_actor(Role.AUDITOR))}
    assert set(offers) == {"assign", "ask_customer", "propose_solution", "resolve", "merge", "end_drill"}
    assert all(o.refusal.code == "core.not_allowed" for o in offers.values())
    offers = {o.name: o for o in transitions.available(ticket, factories.staff_actor(Role.SERVICE_STAFF))}
    assert offers["ask_customer"].allowed
    assert offers["resolve"].refusal.code == "ticket.plan_missing"


@pytest.mark.django_db
@pytest.mark.parametrize("state", S.values)
def test_the_factories_reach_every_state_through_the_services(state):
    assert factories.ticket_in(state).state == state
