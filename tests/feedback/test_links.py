"""Links, parts and what holds a whole open (HND-09, HND-11)."""

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.feedback import events
from apps.feedback.models import Survey, Ticket, TicketLink
from apps.feedback.services import assignment, closure, conversation, merging, parts, relations
from apps.feedback.services.parts import PartDraft
from apps.feedback.states import MessageKind
from apps.journal import deliveries, transitions
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from tests import factories

pytestmark = pytest.mark.django_db


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


def draft(title="检测退回的电池", department="quality", **more):
    return PartDraft(title=title, department=Department.objects.get(code=department), **more)


@pytest.fixture
def actor():
    return factories.staff_actor(Role.ADMINISTRATOR)


# Links ------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-09")
@pytest.mark.parametrize(
    ("relation", "mirrored"),
    [
        ("related", "related"),
        ("blocks", "blocked_by"),
        ("blocked_by", "blocks"),
        ("caused_by", "causes"),
        ("causes", "caused_by"),
    ],
)
def test_a_link_is_read_from_both_sides(relation, mirrored, actor):
    one, other = factories.ticket(), factories.ticket()
    (row,) = relations.link(one, [other], relation, actor=actor, reason="同一批次")
    assert (relations.seen_from(one, row), relations.seen_from(other, row)) == (relation, mirrored)
    told = {e.subject_id: e for e in Event.objects.filter(kind=events.LINKED)}
    assert (told[one.pk].data["relation"], told[one.pk].data["ticket"]) == (relation, other.number)
    assert (told[other.pk].data["relation"], told[other.pk].reason) == (mirrored, "同一批次")
    assert relations.link(other, [one], mirrored, actor=actor) == [], "it is there already"
    relations.unlink(other, row.pk, actor=actor)
    assert not TicketLink.objects.exists()
    assert Event.objects.filter(kind=events.UNLINKED).count() == 2


@pytest.mark.req("HND-09")
def test_what_cannot_be_linked_says_why(actor):
    one, other = factories.ticket(), factories.ticket()
    relations.link(one, [other], "blocks", actor=actor)
    assert code_of(lambda: relations.link(one, [one], "related", actor=actor)) == "link.itself"
    assert code_of(lambda: relations.link(other, [one], "blocks", actor=actor)) == "link.opposite"
    assert code_of(lambda: relations.link(one, [other], "distinct", actor=actor)) == "core.invalid_choice"
    assert code_of(lambda: relations.link(one, [other] * 201, "related", actor=actor)) == "link.too_many"
    auditor = factories.staff_actor(Role.AUDITOR)
    assert code_of(lambda: relations.link(one, [other], "related", actor=auditor)) == "core.not_allowed"
    assert code_of(lambda: relations.unlink(one, other.pk, actor=actor)) == "link.unknown"


@pytest.mark.req("HND-09", "COR-03")
def test_many_customers_tickets_hang_on_one_problem(actor):
    problem, *others = (factories.ticket() for _ in range(6))
    assert len(relations.link(problem, others, "related", actor=actor, reason="批次B2605电池")) == 5
    assert relations.link(problem, others, "related", actor=actor) == []


# Parts ------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-11")
def test_a_part_takes_the_facts_over_and_has_its_own_department_and_time(actor):
    whole = factories.ticket_in("in_progress", actor=actor, order_number="DD7", urgency="urgent")
    part = parts.create(whole, draft(), actor=actor)
    same = ("customer_id", "order_number", "urgency", "category_id", "kind", "description")
    assert [getattr(part, n) for n in same] == [getattr(whole, n) for n in same]
    assert (part.parent_id, part.department.code, part.state, part.title) == (
        whole.pk,
        "quality",
        "pending",
        "检测退回的电池",
    )
    running = set(Deadline.objects.filter(subject_id=part.pk, state="open").values_list("metric", flat=True))
    assert running == {"acceptance", "resolution"}, "the customer is owed nothing by a part"
    assert fresh(part).next_due_at is not None
    assert set(part.number) > set("-") and part.number != whole.number
    kinds = set(Event.objects.filter(subject_id__in=[part.pk, whole.pk]).values_list("kind", flat=True))
    assert {events.PART_CREATED, events.PART_ADDED} <= kinds


@pytest.mark.req("HND-11")
def test_open_parts_hold_the_whole_and_name_themselves(actor):
    whole = factories.ticket_in("in_progress", actor=actor)
    factories.plan(whole, actor)
    part = parts.create(whole, draft(), actor=actor)
    with pytest.raises(DomainError) as refused:
        closure.resolve(whole, "已更换电池。", actor=actor)
    assert refused.value.code == "part.open" and part.number in refused.value.words
    target = factories.ticket()
    assert code_of(lambda: merging.merge(whole, target, actor=actor)) == "part.open"
    for name, data in (
        ("resolve", {"result": "好了"}),
        ("merge", {"into": target}),
    ):  # whoever knocks at the door itself
        assert code_of(lambda n=name, d=data: transitions.apply(whole, n, actor=actors.SYSTEM, **d)) == "part.open"
    assert fresh(whole).state == "in_progress"
    assignment.accept(part, actor=actor)
    closure.resolve(part, "电芯短路。", actor=actor)
    assert closure.resolve(whole, "已更换电池。", actor=actor).state == "resolved"


@pytest.mark.req("HND-11")
def test_a_whole_that_has_nobody_working_on_it_cannot_be_rejected_either(actor):
    whole = factories.ticket()
    parts.create(whole, draft(), actor=actor)
    assert code_of(lambda: closure.reject(whole, actor=actor, why="spam")) == "part.open"


@pytest.mark.req("HND-11", "SUR-04")
def test_a_part_closes_without_asking_the_customer_and_tells_the_wholes_handler(actor):
    handler = factories.staff()
    whole = factories.ticket_in("in_progress", actor=actors.staff(handler))
    first, second = (parts.create(whole, draft(f"第{i}步"), actor=actor) for i in range(2))
    deliveries.drain()
    before = OutgoingMessage.objects.count()
    for part in (first, second):
        assignment.accept(part, actor=actor)
        done = closure.resolve(part, "完成。", actor=actor)
        assert (done.state, done.closed_as, done.satisfaction) == ("closed", "part", None)
        deliveries.drain()
        told = Notice.objects.filter(user=handler, kind="parts_done").count()
        assert told == (1 if part is second else 0)
    assert OutgoingMessage.objects.count() == before
    assert not Survey.objects.exists()
    assert not Deadline.objects.filter(subject_id__in=[first.pk, second.pk], state="open").exists()


@pytest.mark.req("HND-11")
def test_nobody_writes_to_the_customer_from_a_part(actor):
    whole = factories.ticket_in("in_progress", actor=actor)
    part = parts.create(whole, draft(), actor=actor)
    with pytest.raises(DomainError) as refused:
        conversation.add(part, MessageKind.REPLY, "您好", actor=actor)
    assert refused.value.code == "part.speaks_through" and whole.number in refused.value.words
    assignment.accept(part, actor=actor)
    assert code_of(lambda: conversation.ask_customer(part, "哪天方便？", actor=actor)) == "part.speaks_through"
    assert conversation.add(part, MessageKind.NOTE, "送检", actor=actor).pk


@pytest.mark.req("HND-11")
def test_parts_go_three_levels_deep_and_only_from_what_is_worked_on(actor):
    whole = factories.ticket_in("in_progress", actor=actor)
    part = parts.create(whole, draft(), actor=actor)
    deepest = parts.create(part, draft("拆解"), actor=actor)
    assert code_of(lambda: parts.create(deepest, draft("再拆"), actor=actor)) == "part.too_deep"
    done = factories.ticket_in("callback", actor=actor)
    assert code_of(lambda: parts.create(done, draft(), actor=actor)) == "part.whole_over"
    with pytest.raises(DomainErrors):
        parts.create(whole, draft(" "), actor=actor)
    auditor = factories.staff_actor(Role.AUDITOR)
    assert code_of(lambda: parts.create(whole, draft(), actor=auditor)) == "core.not_allowed"


@pytest.mark.req("HND-11")
def test_the_database_knows_that_nothing_is_a_part_of_itself():
    ticket = factories.ticket()
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(parent=ticket)


@pytest.mark.req("RPT-01")
def test_parts_are_no_feedback_of_their_own(actor):
    whole = factories.ticket_in("in_progress", actor=actor)
    parts.create(whole, draft(), actor=actor)
    again = factories.beside(whole, whole.description)
    assert again.repeat_of_id == whole.pk, "a part is nobody's first"
    assert Ticket.objects.counted().count() == 1


@pytest.mark.req("HND-11", "CLS-07")
def test_a_part_may_go_to_a_person_of_that_department(actor):
    whole = factories.ticket_in("in_progress", actor=actor)
    inspector = factories.staff(Role.QUALITY, "quality")
    part = parts.create(whole, draft(assignee=inspector), actor=actor)
    assert (part.state, part.assignee_id) == ("assigned", inspector.pk)
    elsewhere = factories.staff()
    assert code_of(lambda: parts.create(whole, draft(assignee=elsewhere), actor=actor)) == "ticket.assignee_elsewhere"
    assert Ticket.objects.filter(parent=whole).count() == 1, "a refusal leaves nothing"
