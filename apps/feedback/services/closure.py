"""Result, survey, second follow-up, closing and reopening (SUR-01 … SUR-04, HND-12)."""

from datetime import timedelta

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Message, Survey, Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import clocks, conversation, search_index, separation, words
from apps.feedback.services.survey_contradiction import contradiction
from apps.feedback.states import MessageKind, RejectReason, TicketState
from apps.journal import events as journal
from apps.journal import gates, transitions
from apps.sla import selectors as sla
from apps.sla.states import Metric, State

SURVEYS = system("survey")
PARTS = system("parts")
SUPERVISES = "feedback.approve_solution"  # leads, heads and duty managers hold it, handlers do not


def resolve(ticket: Ticket, result: str, *, actor: Actor) -> Ticket:
    """Tell the customer the result; the survey follows within its deadline (SUR-01, SUR-02). A part closes (HND-11)."""
    result = words.checked(result, "result", required="core.required")
    with transaction.atomic():
        fresh = transitions.apply(ticket, "resolve", actor=actor, result=result)
        search_index.add(fresh.pk, result)
        if fresh.first_responded_at is None:
            fresh.first_responded_at = clock.now()
            fresh.save(update_fields=["first_responded_at"])
        clocks.meet(fresh, Metric.FIRST_RESPONSE, Metric.ANSWER, Metric.RESOLUTION)
        clocks.cancel(fresh, [Metric.ACCEPTANCE, Metric.PROGRESS])
        if fresh.parent_id is not None:  # nobody asks the customer about a part
            return _finish(transitions.apply(fresh, "close_part", actor=PARTS))
        clocks.start(fresh, Metric.CALLBACK, Metric.SURVEY_SEND, at=fresh.resolved_at)
        clocks.refresh(fresh)
        return fresh


def start_callback(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Send the survey (SUR-02). Raises the errors of `transitions.apply`."""
    with transaction.atomic():
        survey = Survey(ticket=ticket, round=ticket.reopen_count, sent_at=clock.now())
        fresh = transitions.apply(ticket, "start_callback", actor=actor, survey=survey)
        survey.round = fresh.reopen_count
        survey.save(force_insert=True)
        clocks.meet(fresh, Metric.CALLBACK)
        clocks.cancel(fresh, [Metric.SURVEY_SEND])
        clocks.start(fresh, Metric.SURVEY_REMINDER, Metric.SURVEY_NO_REPLY)
        clocks.refresh(fresh)
        return fresh


def answer_survey(
    survey: Survey,
    *,
    score: int,
    comment: str,
    actor: Actor,
    process_score: int | None = None,
    way: str = Survey.Way.LINK,
) -> Ticket:
    """The customer's own verdict, taken once: satisfied closes, anything less goes to second follow-up (SUR-03).

    So does a good score whose comment says that it is not solved (HND-12). `process_score` is how it was handled, kept
    apart (LAW-06). Staff write down what a customer says on the phone, but not of a ticket that they handled.
    Raises DomainError `survey.score`, `survey.closed`, `survey.own_rating`, `core.not_allowed`, `core.too_long`,
    `core.control_characters`.
    """
    if score not in Survey.Score.values or process_score not in (None, *Survey.Score.values):
        raise DomainError("survey.score", field="score" if score not in Survey.Score.values else "process_score")
    comment = words.checked(comment, "comment")
    with transaction.atomic():
        ticket = locks.row(Ticket, survey.ticket_id)
        fresh = Survey.objects.get(pk=survey.pk)
        if fresh.answered_at or ticket.state != TicketState.CALLBACK or fresh.round != ticket.reopen_count:
            raise DomainError("survey.closed")
        separation.check_rating(ticket, actor)
        satisfied = score >= rules().satisfied_from
        fresh.score, fresh.comment, fresh.answered_at = score, comment, clock.now()
        fresh.process_score, fresh.answered_by = process_score, way
        fresh.contradiction = contradiction(comment) if satisfied else ""
        fresh.save()
        facts = {"score": score, "comment": bool(comment), "process_score": process_score, "way": str(way)}
        journal.record(events.SURVEY_ANSWERED, subject=ticket, actor=actor, data=facts)
        clocks.cancel(ticket, [Metric.SURVEY_REMINDER, Metric.SURVEY_NO_REPLY])
        if satisfied and not fresh.contradiction:
            if gates.refusal(ticket, "close_satisfied", {}) is not None:
                clocks.refresh(ticket)
                return ticket  # the customer's word is taken; `close_what_waits` follows it
            return _finish(transitions.apply(ticket, "close_satisfied", actor=SURVEYS, score=score))
        return _start_follow_up(ticket, fresh)


def _start_follow_up(ticket: Ticket, survey: Survey) -> Ticket:
    contradicts = bool(survey.contradiction)
    fresh = transitions.apply(ticket, "follow_up", actor=SURVEYS, score=survey.score, contradicts=contradicts)
    metrics = [Metric.SECOND_FOLLOW_UP]
    if (survey.score or 0) < rules().supervisor_below:
        metrics.append(Metric.SUPERVISOR_CALL)
    clocks.start(fresh, *metrics)
    clocks.refresh(fresh)
    return fresh


def remind(ticket: Ticket) -> None:
    """The survey's reminder has come due; its message goes out with the event (SUR-04)."""
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        survey = fresh.surveys.filter(round=fresh.reopen_count, answered_at=None, reminded_at=None).first()
        if fresh.state == TicketState.CALLBACK and survey is not None:
            survey.reminded_at = clock.now()
            survey.save(update_fields=["reminded_at"])
            journal.record(events.SURVEY_REMINDED, subject=fresh, actor=SURVEYS)


def close_unanswered(ticket: Ticket) -> Ticket:
    """Nobody answered: closed as "no reply", which is never satisfaction (SUR-04). What holds it back keeps it open."""
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if gates.refusal(fresh, "close_unanswered", {}) is not None:
            return fresh
        return _finish(transitions.apply(ticket, "close_unanswered", actor=SURVEYS))


def close_what_waits(ticket: Ticket) -> None:
    """What held the ticket back is over: it closes as the customer's answer, or silence, would have closed it then."""
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        survey = fresh.surveys.filter(round=fresh.reopen_count).first()
        if fresh.state != TicketState.CALLBACK or survey is None:
            return
        if gates.refusal(fresh, "close_satisfied", {}) is not None:
            return
        if survey.answered_at is None and _given_up(fresh):
            _finish(transitions.apply(fresh, "close_unanswered", actor=SURVEYS))
        elif survey.score is not None and survey.score >= rules().satisfied_from and not survey.contradiction:
            _finish(transitions.apply(fresh, "close_satisfied", actor=SURVEYS, score=survey.score))


def _given_up(ticket: Ticket) -> bool:
    timers = [d for d in sla.all_for(ticket) if d.metric == Metric.SURVEY_NO_REPLY]
    return bool(timers) and timers[-1].state == State.FIRED


def record_follow_up(ticket: Ticket, text: str, *, actor: Actor) -> Message:
    """Write down what the second follow-up brought; it meets the 48 h deadline (SUR-03)."""
    if not actor.can("feedback.follow_up_ticket"):
        raise DomainError("core.not_allowed")
    text = words.checked(text, "body", required="core.required")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        survey = fresh.surveys.filter(round=fresh.reopen_count).first()
        if fresh.state != TicketState.SECOND_FOLLOW_UP or survey is None:
            raise DomainError("survey.not_following_up")
        survey.followed_up_at = clock.now()
        survey.save(update_fields=["followed_up_at"])
        message = conversation.write(fresh, MessageKind.FOLLOW_UP, text, actor, "")
        journal.record(events.FOLLOW_UP_RECORDED, subject=fresh, actor=actor, data={"message": str(message.pk)})
        clocks.meet(fresh, Metric.SECOND_FOLLOW_UP)
        if actor.can(SUPERVISES):  # a supervisor was promised: a colleague's call is not theirs
            clocks.meet(fresh, Metric.SUPERVISOR_CALL)
        clocks.refresh(fresh)
        return message


def close_followed_up(ticket: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """Close after a recorded second follow-up.

    Raises DomainError `survey.own_contradiction` for whoever handled a ticket whose customer rated it well and wrote that
    it is not solved (HND-12), administrators too; and those of `transitions.apply`.
    """
    with transaction.atomic():
        separation.check_closing(locks.row(Ticket, ticket.pk), actor)
        return _finish(transitions.apply(ticket, "close_followed_up", actor=actor, reason=reason))


def reopen(ticket: Ticket, *, actor: Actor, reason: str) -> Ticket:
    """Back to work. A customer may do so within the desk's days after closing (`ticket.reopen_too_late`)."""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        current = locks.row(Ticket, ticket.pk)
        latest = clock.now() - timedelta(days=rules().reopen_days)
        if actor.kind == "customer" and current.closed_at is not None and current.closed_at < latest:
            raise DomainError("ticket.reopen_too_late")
        fresh = transitions.apply(current, "reopen", actor=actor, reason=reason)
        clocks.cancel(fresh)
        clocks.start(fresh, *clocks.ON_REOPENING)
        clocks.refresh(fresh)
        return fresh


def reject(ticket: Ticket, *, actor: Actor, why: str, reason: str = "", duplicate_of: Ticket | None = None) -> Ticket:
    """Take spam or a duplicate out of the queue; it can be restored. Raises `ticket.duplicate_of_itself`."""
    if why not in RejectReason.values:
        raise DomainError("core.invalid_choice", field="why", value=why)
    if duplicate_of is not None and duplicate_of.pk == ticket.pk:
        raise DomainError("ticket.duplicate_of_itself", field="duplicate_of")
    with transaction.atomic():
        fresh = transitions.apply(ticket, "reject", actor=actor, reason=reason, why=why, duplicate_of=duplicate_of)
        return _finish(fresh)


def restore(ticket: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """Undo a rejection; the first clocks start anew."""
    with transaction.atomic():
        fresh = transitions.apply(ticket, "restore", actor=actor, reason=reason)
        clocks.start(fresh, *clocks.ON_RECEIPT)
        clocks.refresh(fresh)
        return fresh


def _finish(ticket: Ticket) -> Ticket:
    clocks.cancel(ticket)
    clocks.refresh(ticket)
    return ticket
