"""SUR-01 … SUR-05, HND-12, LAW-06: what an answer leads to, who may close, what counts as satisfaction."""

from datetime import timedelta

import pytest

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback.api import rows
from apps.feedback.models import ProcessFeedback, Survey, Ticket
from apps.feedback.selectors import figures
from apps.feedback.selectors import process_feedback as process_reads
from apps.feedback.services import closure, process_feedback
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep
from tests import factories

pytestmark = pytest.mark.django_db


def answered(score, comment="", *, actor=None, process_score=None):
    ticket = factories.ticket_in("callback", actor=actor)
    survey = ticket.surveys.get()
    return closure.answer_survey(
        survey, score=score, comment=comment, actor=actors.CUSTOMER, process_score=process_score
    )


def open_metrics(ticket):
    return set(Deadline.objects.filter(subject_id=ticket.pk, state="open").values_list("metric", flat=True))


@pytest.mark.req("SUR-03")
@pytest.mark.parametrize(
    ("score", "state", "owed"),
    [
        (5, "closed", set()),
        (4, "closed", set()),
        (3, "second_follow_up", {"second_follow_up"}),
        (2, "second_follow_up", {"second_follow_up", "supervisor_call"}),
        (1, "second_follow_up", {"second_follow_up", "supervisor_call"}),
    ],
)
def test_every_score_goes_its_way(score, state, owed):
    ticket = answered(score)

    assert (ticket.state, open_metrics(ticket)) == (state, owed)


@pytest.mark.req("SUR-03")
@pytest.mark.parametrize("ending", ["closed", "reopened"])
def test_a_second_follow_up_is_recorded_and_then_closed_or_reopened(ending):
    ticket, colleague = answered(2), factories.staff_actor(Role.SERVICE_LEAD)

    closure.record_follow_up(ticket, "主管回访：客户说仍有异响", actor=colleague)
    if ending == "closed":
        closure.close_followed_up(ticket, actor=colleague)
    else:
        closure.reopen(ticket, actor=colleague, reason="仍有异响")

    after = Ticket.objects.get(pk=ticket.pk)
    assert after.state == ending
    assert ticket.surveys.get().followed_up_at is not None
    assert "second_follow_up" not in open_metrics(after)


@pytest.mark.req("HND-12")
def test_a_good_score_with_still_broken_goes_to_second_follow_up_and_says_why():
    ticket = answered(5, "师傅人很好，但是还是坏的")
    deliveries.drain()

    survey = ticket.surveys.get()
    assert (ticket.state, ticket.satisfaction, survey.score) == ("second_follow_up", None, 5)
    assert survey.contradiction == "但是还是坏的"
    assert "second_follow_up" in open_metrics(ticket)
    event = Event.objects.get(subject_id=ticket.pk, kind="ticket.follow_up_started")
    assert event.data["contradicts"] is True
    assert "坏" not in str(event.data)  # the customer's words stay with the survey
    assert Notice.objects.filter(kind="survey_contradicted").exists()


@pytest.mark.req("HND-12")
def test_a_good_score_with_all_is_well_closes():
    ticket = answered(5, "没有问题了，很好")

    assert (ticket.state, ticket.satisfaction) == ("closed", 5)


@pytest.mark.req("HND-12")
@pytest.mark.parametrize("role", [Role.SERVICE_LEAD, Role.ADMINISTRATOR])
def test_whoever_handled_it_does_not_close_their_own_contradiction(role):
    handler = factories.staff_actor(role)
    ticket = answered(5, "还是坏的", actor=handler)
    closure.record_follow_up(ticket, "已致电客户", actor=handler)

    with pytest.raises(DomainError) as refused:
        closure.close_followed_up(ticket, actor=handler)
    closed = closure.close_followed_up(ticket, actor=factories.staff_actor(Role.SERVICE_STAFF))

    assert refused.value.code == "survey.own_contradiction"
    assert (closed.state, closed.closed_as, closed.satisfaction) == ("closed", "followed_up", None)


@pytest.mark.req("HND-12")
def test_whoever_only_answered_the_customer_handled_it_too_and_a_client_without_a_person_is_nobody():
    from apps.core.actors import Actor
    from apps.feedback.services import conversation
    from apps.feedback.states import MessageKind

    helper, handler = factories.staff_actor(Role.ADMINISTRATOR), factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("in_progress", actor=handler)
    conversation.add(ticket, MessageKind.REPLY, "已安排上门", actor=helper)
    for step in (factories.resolve, factories.call_back):
        step(Ticket.objects.get(pk=ticket.pk), handler)
    closure.answer_survey(ticket.surveys.get(), score=4, comment="没解决", actor=actors.CUSTOMER)
    closure.record_follow_up(ticket, "已致电", actor=helper)
    client = Actor("api", "api:erp", permissions=frozenset({"feedback.follow_up_ticket"}))

    for actor in (helper, client):
        with pytest.raises(DomainError) as refused:
            closure.close_followed_up(ticket, actor=actor)
        assert refused.value.code == "survey.own_contradiction"


@pytest.mark.req("HND-12")
def test_an_ordinary_low_score_may_be_closed_by_its_handler():
    handler = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = answered(3, "一般", actor=handler)
    closure.record_follow_up(ticket, "已致电", actor=handler)

    assert closure.close_followed_up(ticket, actor=handler).state == "closed"


@pytest.mark.req("HND-12")
def test_staff_do_not_rate_what_they_handled_and_clients_do_not_rate_at_all():
    from apps.core.actors import Actor

    handler, colleague = factories.staff_actor(Role.ADMINISTRATOR), factories.staff_actor(Role.SERVICE_STAFF)
    ticket = factories.ticket_in("callback", actor=handler)
    survey = ticket.surveys.get()
    client = Actor("api", "api:erp", permissions=frozenset({"feedback.follow_up_ticket"}))

    with pytest.raises(DomainError) as own:
        closure.answer_survey(survey, score=5, comment="", actor=handler)
    with pytest.raises(DomainError) as machine:
        closure.answer_survey(survey, score=5, comment="", actor=client)
    closure.answer_survey(survey, score=5, comment="", actor=colleague, way=Survey.Way.CALL)

    assert (own.value.code, machine.value.code) == ("survey.own_rating", "core.not_allowed")
    assert Survey.objects.get(pk=survey.pk).answered_by == "call"


@pytest.mark.req("LAW-06")
def test_the_handling_is_rated_apart_and_stands_for_nothing_else():
    since = clock.now() - timedelta(minutes=1)
    content = answered(5, process_score=1)
    answered(4)
    until = clock.now() + timedelta(minutes=1)

    result = figures.satisfaction(actors.SYSTEM, since, until)
    handling = figures.process_satisfaction(actors.SYSTEM, since, until)

    assert content.state == "closed"
    assert (result.mean, result.answers) == (4.5, 2)
    assert (handling.mean, handling.answers) == (1.0, 1)


@pytest.mark.req("LAW-06")
@pytest.mark.parametrize("given", [0, 6, -1])
def test_a_rating_of_the_handling_outside_the_scale_is_refused(given):
    with pytest.raises(DomainError) as refused:
        answered(5, process_score=given)

    assert (refused.value.code, refused.value.field) == ("survey.score", "process_score")


def left_alone():
    """A ticket whose customer never answered, after everything the timers do."""
    ticket = factories.ticket_in("callback")
    for _step in range(12):
        with clock.at(clock.now() + timedelta(days=_step)):
            while sweep(now=clock.now()).checked:
                pass
            deliveries.drain()
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.req("SUR-04")
def test_no_answer_is_never_satisfaction_in_figures_rows_or_customer_lines():
    since = clock.now() - timedelta(minutes=1)
    ticket = left_alone()
    until = clock.now() + timedelta(days=30)

    counted = figures.satisfaction(actors.SYSTEM, since, until)

    assert (ticket.state, ticket.closed_as, ticket.satisfaction) == ("closed", "no_reply", None)
    assert (counted.mean, counted.answers) == (None, 0)
    assert not figures.rated(Ticket.objects.all(), clock.now()).exists()
    row = rows.of(ticket)
    assert (row["closed_as"], row["satisfaction"]) == ("no_reply", None)
    from apps.feedback.selectors import workspace

    assert workspace.ratings_of(ticket.customer_id, actors.SYSTEM) == []


@pytest.mark.req("SUR-04", "HND-12")
def test_a_contradicted_score_is_nobodys_satisfaction_in_figures_and_rows():
    since = clock.now() - timedelta(minutes=1)
    ticket = answered(5, "没解决")
    until = clock.now() + timedelta(minutes=1)

    counted = figures.satisfaction(actors.SYSTEM, since, until)

    assert (counted.mean, counted.answers) == (None, 0)
    assert rows.of(ticket)["satisfaction"] is None
    assert not figures.rated(Ticket.objects.all(), clock.now()).exists()


@pytest.mark.req("SUR-01")
def test_the_result_notice_names_solution_contact_and_the_masked_handler():
    handler = factories.staff_actor(Role.ADMINISTRATOR, display_name="李娜", staff_number="S1024")
    ticket = factories.ticket_in("resolved", actor=handler)
    deliveries.drain()

    [notice] = OutgoingMessage.objects.filter(subject_id=ticket.pk, template="result_notice")
    assert "李*" in notice.body
    assert "S1024" in notice.body
    assert "李娜" not in notice.body
    assert "已更换电池" in notice.body
    assert "400-820-8210" in notice.body


# SUR-05 --------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SUR-05")
def test_handlers_say_after_closing_what_slowed_them_down_and_may_change_it():
    handler = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = answered(5, actor=handler)

    process_feedback.give(ticket, "tool", "", actor=handler)
    process_feedback.give(ticket, "information", "客户没填序列号", actor=handler)

    [said] = ProcessFeedback.objects.all()
    assert (said.obstacle, said.words, said.author) == ("information", "客户没填序列号", handler.user)


@pytest.mark.req("SUR-05")
def test_only_handlers_of_closed_tickets_are_asked():
    handler = factories.staff_actor(Role.ADMINISTRATOR)
    open_ticket = factories.ticket_in("callback", actor=handler)
    closed = answered(5)

    for ticket in (open_ticket, closed):
        with pytest.raises(DomainError) as refused:
            process_feedback.give(ticket, "tool", actor=handler)
        assert refused.value.code == "core.not_allowed"


@pytest.mark.req("SUR-05")
@pytest.mark.parametrize(
    ("obstacle", "text", "code"), [("people", "", "core.invalid_choice"), ("tool", "长" * 1001, "core.too_long")]
)
def test_what_is_no_feedback_on_the_process_is_refused(obstacle, text, code):
    handler = factories.staff_actor(Role.ADMINISTRATOR)

    with pytest.raises(DomainError) as refused:
        process_feedback.give(answered(5, actor=handler), obstacle, text, actor=handler)

    assert refused.value.code == code


@pytest.mark.req("SUR-05")
def test_monthly_figures_are_by_months_of_shanghai():
    handler = factories.staff_actor(Role.ADMINISTRATOR)
    from datetime import UTC, datetime

    for moment, obstacle in (
        (datetime(2026, 4, 30, 15, 59, tzinfo=UTC), "tool"),  # 23:59 on 30 April in Shanghai
        (datetime(2026, 4, 30, 16, 0, tzinfo=UTC), "tool"),  # midnight: May
        (datetime(2026, 5, 9, 2, 0, tzinfo=UTC), "process"),
    ):
        ticket = answered(5, actor=handler)
        with clock.at(moment):
            process_feedback.give(ticket, obstacle, actor=handler)

    may, april = process_reads.by_month()

    assert [(m.first.isoformat(), m.total) for m in (may, april)] == [("2026-05-01", 2), ("2026-04-01", 1)]
    assert dict(zip(ProcessFeedback.Obstacle.values, may.counts, strict=True))["process"] == 1
