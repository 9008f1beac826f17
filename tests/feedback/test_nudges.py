"""催单 (HND-11): it counts, weighs, is passed on, and cannot be used as a drum."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import DeskRules, Ticket
from apps.feedback.selectors import desk_rules
from apps.feedback.services import merging, nudges
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.triage.models import ScoreWeight
from apps.triage.services import library, score
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 5, 11, 1, 0, tzinfo=UTC)


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


@pytest.fixture
def handler():
    return factories.staff()


@pytest.fixture
def ticket(handler):
    with clock.at(MONDAY):
        return factories.ticket_in("in_progress", actor=actors.staff(handler))


@pytest.mark.req("HND-11", "CLS-05")
def test_a_nudge_counts_weighs_and_explains_itself(ticket):
    queued = ticket.queue_at
    with clock.at(MONDAY + timedelta(hours=1)):
        nudged = nudges.nudge(ticket, actor=actors.CUSTOMER, reason="什么时候能修好？")
    assert (nudged.nudges, nudged.nudged_at) == (1, MONDAY + timedelta(hours=1))
    assert nudged.priority_score == ticket.priority_score + 5
    assert fresh(ticket).queue_at < queued, "it moves forward in the queue"
    part = next(p for p in nudged.priority_parts if p["factor"] == "nudges")
    assert part == {"factor": "nudges", "value": "1", "points": 5, "words": ["1"]}
    line = next(x for x in score.explain(nudged.priority_parts, "zh-hans") if x.points == 5 and x.words == "1")
    assert line.factor == "催单"
    event = Event.objects.get(kind=events.TICKET_NUDGED)
    assert (event.data["count"], event.reason, event.actor_kind) == (1, "什么时候能修好？", "customer")


@pytest.mark.req("HND-11", "ADM-05")
def test_what_a_nudge_weighs_is_a_row(ticket):
    row = ScoreWeight.objects.get(factor="nudges", value="1")
    row.points = 30
    library.save(row, actor=actors.SYSTEM)
    assert nudges.nudge(ticket, actor=actors.CUSTOMER).priority_score == ticket.priority_score + 30


@pytest.mark.req("HND-11")
def test_the_handler_hears_of_it_and_from_the_third_on_the_head(ticket, handler):
    head = factories.staff(Role.DEPARTMENT_HEAD, ticket.department.code)
    told = []
    for hour in (1, 6, 11):
        with clock.at(MONDAY + timedelta(hours=hour)):
            nudges.nudge(ticket, actor=actors.CUSTOMER)
            deliveries.drain()
        told.append([Notice.objects.filter(user=u, kind="customer_nudged").count() for u in (handler, head)])
    assert told == [[1, 0], [2, 0], [3, 1]]
    assert "3" in Notice.objects.get(user=head).text


@pytest.mark.req("HND-11", "HND-07")
def test_the_customer_is_told_by_when(ticket):
    with clock.at(MONDAY + timedelta(hours=1)):
        nudges.nudge(ticket, actor=actors.CUSTOMER)
        deliveries.drain()
    sent = OutgoingMessage.objects.get(subject_id=ticket.pk, template="nudge_received")
    assert ticket.number in sent.body
    assert f"{clock.local(fresh(ticket).next_due_at):%H:%M}" in sent.body


@pytest.mark.req("HND-11")
def test_a_customer_nudges_once_in_some_hours_and_staff_note_every_call(ticket):
    with clock.at(MONDAY + timedelta(hours=1)):
        nudges.nudge(ticket, actor=actors.CUSTOMER)
    with clock.at(MONDAY + timedelta(hours=4, minutes=59)):
        with pytest.raises(DomainError) as refused:
            nudges.nudge(ticket, actor=actors.CUSTOMER)
        assert (refused.value.code, refused.value.status) == ("nudge.too_soon", 429)
        assert "14:00" in refused.value.words
        assert nudges.nudge(ticket, actor=factories.staff_actor(), reason="来电").nudges == 2
    with clock.at(MONDAY + timedelta(hours=9)):
        assert nudges.nudge(ticket, actor=actors.CUSTOMER).nudges == 3


@pytest.mark.req("HND-11", "ADM-05")
def test_the_hours_between_are_the_desks_to_set(ticket):
    DeskRules.objects.filter(pk=1).update(nudge_hours=0)
    desk_rules._rules = None
    for count in (1, 2):
        assert nudges.nudge(ticket, actor=actors.CUSTOMER).nudges == count
    desk_rules._rules = None


@pytest.mark.req("HND-11")
@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("waiting", "nudge.waits_for_you"),
        ("resolved", "nudge.over"),
        ("callback", "nudge.over"),
        ("closed", "nudge.over"),
        ("rejected", "nudge.over"),
    ],
)
def test_where_we_owe_nothing_there_is_nothing_to_hurry(state, code):
    ticket = factories.ticket_in(state)
    assert code_of(lambda: nudges.nudge(ticket, actor=actors.CUSTOMER)) == code
    assert fresh(ticket).nudges == 0


@pytest.mark.req("HND-11", "INT-08")
def test_a_merged_ticket_passes_its_nudge_on(ticket):
    other = factories.beside(ticket)
    merging.merge(other, ticket, actor=factories.staff_actor())
    nudged = nudges.nudge(other, actor=actors.CUSTOMER)
    assert (nudged.pk, nudged.nudges) == (ticket.pk, 1)
    assert fresh(other).nudges == 0


@pytest.mark.req("ADM-01")
def test_who_may_only_look_cannot_nudge(ticket):
    assert code_of(lambda: nudges.nudge(ticket, actor=factories.staff_actor(Role.AUDITOR))) == "core.not_allowed"
