"""Result, survey, second follow-up, closing and reopening (SUR-01 … SUR-04)."""

from datetime import timedelta

import pytest

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import closure
from apps.feedback.states import ClosedAs, TicketState
from apps.journal import deliveries
from apps.journal.models import Delivery, Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep
from tests import factories

pytestmark = pytest.mark.django_db


def open_metrics(ticket):
    return set(Deadline.objects.filter(subject_id=ticket.pk, state="open").values_list("metric", flat=True))


def answer(ticket, score, comment=""):
    survey = ticket.surveys.get(round=ticket.reopen_count)
    return closure.answer_survey(survey, score=score, comment=comment, actor=actors.CUSTOMER)


def messages(ticket):
    return list(OutgoingMessage.objects.filter(subject_id=ticket.pk).order_by("id").values_list("template", flat=True))


def live_on(delta, *, steps=1):
    """Let time pass: sweep deadlines and deliver events as beat and worker would."""
    for step in range(1, steps + 1):
        with clock.at(clock.now() + delta * step / steps):
            while sweep(now=clock.now()).checked:
                pass
            deliveries.drain()


@pytest.mark.req("SUR-01", "SUR-02")
def test_resolving_tells_the_customer_and_a_timer_sends_the_survey_within_a_day():
    ticket = factories.ticket_in("resolved")
    deliveries.drain()
    assert "result_notice" in messages(ticket)
    assert open_metrics(ticket) == {"callback", "survey_send"}
    survey_due = Deadline.objects.get(subject_id=ticket.pk, metric="survey_send").due_at
    callback_due = Deadline.objects.get(subject_id=ticket.pk, metric="callback").due_at
    assert survey_due < callback_due <= ticket.resolved_at + timedelta(hours=24)
    live_on(survey_due - clock.now() + timedelta(seconds=1))
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.state == TicketState.CALLBACK
    assert Deadline.objects.get(subject_id=ticket.pk, metric="callback").breached_at is None


@pytest.mark.req("SUR-03")
@pytest.mark.parametrize("score", [4, 5])
def test_a_satisfied_customer_closes_the_ticket(score):
    ticket = answer(factories.ticket_in("callback"), score)
    assert (ticket.state, ticket.closed_as, ticket.satisfaction) == (TicketState.CLOSED, ClosedAs.SATISFIED, score)
    assert open_metrics(ticket) == set()
    assert ticket.next_due_at is None


@pytest.mark.req("SUR-03")
@pytest.mark.parametrize(("score", "metrics"), [
    (3, {"second_follow_up"}), (2, {"second_follow_up", "supervisor_call"}), (1, {"second_follow_up", "supervisor_call"}),
])  # fmt: skip
def test_anything_less_goes_to_second_follow_up_with_its_48_hours(score, metrics):
    ticket = answer(factories.ticket_in("callback"), score)
    assert (ticket.state, ticket.satisfaction) == (TicketState.SECOND_FOLLOW_UP, score)
    assert open_metrics(ticket) == metrics
    deadline = Deadline.objects.get(subject_id=ticket.pk, metric="second_follow_up")
    assert deadline.due_at - deadline.started_at == timedelta(hours=48)
    assert ticket.next_due_at is not None


@pytest.mark.req("SUR-03")
def test_a_survey_is_answered_once():
    ticket = factories.ticket_in("callback")
    answer(ticket, 2)
    with pytest.raises(DomainError) as refused:
        answer(ticket, 5)
    assert refused.value.code == "survey.closed"
    assert Ticket.objects.get(pk=ticket.pk).satisfaction == 2


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_outside_one_to_five_is_refused(score):
    ticket = factories.ticket_in("callback")
    with pytest.raises(DomainError) as refused:
        answer(ticket, score)
    assert refused.value.code == "survey.score"
    assert Ticket.objects.get(pk=ticket.pk).state == TicketState.CALLBACK


@pytest.mark.req("SUR-04")
def test_no_answer_brings_a_reminder_and_then_a_closing_that_is_not_satisfaction():
    ticket = factories.ticket_in("callback")
    live_on(timedelta(days=20), steps=40)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.state, ticket.closed_as, ticket.satisfaction) == (TicketState.CLOSED, ClosedAs.NO_REPLY, None)
    assert Event.objects.filter(subject_id=ticket.pk, kind="survey.reminded").count() == 1
    assert messages(ticket).count("survey_reminder") == 1


@pytest.mark.req("SUR-04")
@pytest.mark.parametrize("meanwhile", ["reopened", "answered"])
def test_nobody_is_reminded_of_a_survey_that_is_over_meanwhile(meanwhile):
    ticket = factories.ticket_in("callback")
    closure.remind(ticket)
    if meanwhile == "reopened":
        closure.reopen(
            Ticket.objects.get(pk=ticket.pk), actor=factories.staff_actor(Role.SERVICE_STAFF), reason="又坏了"
        )
    else:
        answer(ticket, 5)

    deliveries.drain()

    assert messages(ticket).count("survey_reminder") == 0
    assert not Delivery.objects.filter(receiver="feedback.send_survey_reminder", done_at=None).exists()


@pytest.mark.req("SUR-03")
def test_a_second_follow_up_is_recorded_before_it_closes():
    actor = factories.staff_actor(Role.SERVICE_STAFF)
    ticket = factories.ticket_in("second_follow_up")
    with pytest.raises(DomainError) as refused:
        closure.close_followed_up(ticket, actor=actor)
    assert refused.value.code == "ticket.follow_up_missing"

    closure.record_follow_up(ticket, "电话联系：客户接受免费延保一年", actor=actor)
    with pytest.raises(DomainError) as unsupervised:
        closure.close_followed_up(ticket, actor=actor)
    closure.record_follow_up(ticket, "主管致电道歉，客户认可", actor=factories.staff_actor(Role.SERVICE_LEAD))
    closed = closure.close_followed_up(ticket, actor=actor)
    assert unsupervised.value.code == "ticket.supervisor_call_missing"
    assert (closed.state, closed.closed_as, closed.satisfaction) == (TicketState.CLOSED, ClosedAs.FOLLOWED_UP, 2)


@pytest.mark.req("SUR-03")
def test_an_earlier_rounds_follow_up_record_does_not_close_the_next_round():
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("second_follow_up", actor=actor)
    closure.record_follow_up(ticket, "第一轮", actor=actor)
    ticket = closure.reopen(ticket, actor=actor, reason="仍未解决")
    for step in (factories.accept, factories.resolve, factories.call_back, factories.answer(1)):
        step(Ticket.objects.get(pk=ticket.pk), actor)
    with pytest.raises(DomainError) as refused:
        closure.close_followed_up(Ticket.objects.get(pk=ticket.pk), actor=actor)
    assert refused.value.code == "ticket.follow_up_missing"


@pytest.mark.req("SLA-09")
def test_a_customer_may_reopen_for_some_days_and_resolution_is_counted_anew():
    ticket = factories.ticket_in("closed")
    first_resolved = ticket.first_resolved_at
    with clock.at(ticket.closed_at + timedelta(days=16)), pytest.raises(DomainError) as refused:
        closure.reopen(ticket, actor=actors.CUSTOMER, reason="又坏了")
    assert refused.value.code == "ticket.reopen_too_late"
    with clock.at(ticket.closed_at + timedelta(days=14)):
        again = closure.reopen(ticket, actor=actors.CUSTOMER, reason="又坏了")
    assert (again.state, again.reopen_count, again.closed_as) == (TicketState.REOPENED, 1, "")
    assert again.first_resolved_at == first_resolved
    assert open_metrics(again) == {"acceptance", "resolution"}


def test_a_rejected_duplicate_names_the_first_ticket_and_can_be_restored():
    actor = factories.staff_actor(Role.SERVICE_LEAD)
    first, second = factories.ticket(), factories.ticket()
    rejected = closure.reject(second, actor=actor, why="duplicate", duplicate_of=first)
    assert (rejected.state, rejected.duplicate_of_id) == (TicketState.REJECTED, first.pk)
    assert open_metrics(rejected) == set()
    restored = closure.restore(rejected, actor=actor)
    assert (restored.state, restored.duplicate_of_id) == (TicketState.PENDING, None)
    assert "first_response" in open_metrics(restored)
    with pytest.raises(DomainError):
        closure.reject(first, actor=actor, why="duplicate", duplicate_of=first)


@pytest.mark.req("SUR-03")
def test_a_promised_supervisors_call_is_not_kept_by_a_colleague():
    ticket = factories.ticket_in("second_follow_up")
    closure.record_follow_up(ticket, "客服电话回访，客户仍不满意", actor=factories.staff_actor(Role.SERVICE_STAFF))
    assert open_metrics(ticket) == {"supervisor_call"}
    closure.record_follow_up(ticket, "主管电话回访，客户接受换新", actor=factories.staff_actor(Role.SERVICE_LEAD))
    assert open_metrics(ticket) == set()
