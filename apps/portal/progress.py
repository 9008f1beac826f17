"""A ticket's course in the customer's words: the rail of milestones, what happens next and by when (HND-07)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from apps.core import clock
from apps.feedback.models import Survey, Ticket
from apps.feedback.selectors import rules
from apps.feedback.states import ClosedAs, RejectReason, TicketState
from apps.sla.models import Deadline
from apps.sla.states import Metric

S = TicketState

_PROMISES = {
    Metric.HOTLINE_PICKUP: gettext_lazy("We write down your call"),
    Metric.FIRST_RESPONSE: gettext_lazy("We get back to you for the first time"),
    Metric.ACCEPTANCE: gettext_lazy("The department in charge takes it on"),
    Metric.ANSWER: gettext_lazy("You get our answer"),
    Metric.PROGRESS: gettext_lazy("You get the next piece of news"),
    Metric.RESOLUTION: gettext_lazy("It is solved"),
    Metric.CALLBACK: gettext_lazy("We ask you how satisfied you are"),
    Metric.SECOND_FOLLOW_UP: gettext_lazy("Customer service contacts you about your rating"),
    Metric.SUPERVISOR_CALL: gettext_lazy("A supervisor calls you"),
    Metric.LEGAL_REFUND: gettext_lazy("You get your money back for the return"),
}
# How far along the rail each state stands.
_POSITION = {
    S.PENDING: 0,
    S.ASSIGNED: 0,
    S.REOPENED: 0,
    S.IN_PROGRESS: 1,
    S.WAITING: 1,
    S.SOLUTION_APPROVAL: 1,
    S.RESOLVED: 2,
    S.CALLBACK: 3,
    S.SECOND_FOLLOW_UP: 3,
    S.CLOSED: 4,
}
_RATING = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone. `at` is when it was reached; `place` is done, here or ahead."""

    label: str
    at: datetime | None
    place: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Something owed to the customer, and until when."""

    label: str
    due_at: datetime
    late: bool


def rail(ticket: Ticket, survey: Survey | None) -> list[Step]:
    """The milestones in order. `survey` is the answered one of this round."""
    if ticket.state in (S.REJECTED, S.MERGED):
        instead = _("Not taken on") if ticket.state == S.REJECTED else _("Handled together with another report")
        return [
            Step(pgettext("portal", "Received"), ticket.received_at, "done"),
            Step(instead, ticket.closed_at, "here"),
        ]
    here = _POSITION[S(ticket.state)]
    reached = [
        (pgettext("portal", "Received"), ticket.received_at),
        (_("Being worked on"), ticket.accepted_at),
        (pgettext("portal", "Result"), ticket.resolved_at),
        (_("Your rating"), survey.answered_at if survey else None),
        (pgettext("portal", "Completed"), ticket.closed_at),
    ]
    if ticket.state == S.REOPENED:
        reached[0] = (_("Taken up again"), None)
    steps = []
    for index, (label, at) in enumerate(reached):
        place = "done" if index < here or ticket.state == S.CLOSED else "here" if index == here else "ahead"
        if index == _RATING and ticket.state == S.CLOSED and survey is None:
            place = "ahead"  # never reached: there was no rating
        steps.append(Step(label, at if index <= here else None, place))
    return steps


def promises(running: list[Deadline]) -> list[Promise]:
    """What is owed, each with its time, the next one first. Clocks that wait for the customer's answer are left out."""
    now = clock.now()
    return [
        Promise(str(_PROMISES[Metric(d.metric)]), d.due_at, d.due_at <= now)
        for d in sorted(running, key=lambda d: d.due_at)
        if d.metric in _PROMISES and d.paused_at is None
    ]


def headline(ticket: Ticket) -> str:
    """Where things stand, in one sentence."""
    words = {
        S.PENDING: _("We have it. The department in charge takes it on next."),
        S.ASSIGNED: _("We have it. The department in charge takes it on next."),
        S.IN_PROGRESS: _("We are working on it."),
        S.WAITING: _("We need something from you. Work goes on as soon as you answer below."),
        S.SOLUTION_APPROVAL: _("There is a proposal. We are checking it before we tell you."),
        S.RESOLVED: _("There is a result. You find it below."),
        S.CALLBACK: _("There is a result. Does it solve your problem?"),
        S.SECOND_FOLLOW_UP: _("You are not satisfied yet. Customer service contacts you to learn what is missing."),
        S.REOPENED: _("We have taken it up again. Everything said so far is kept."),
    }
    if ticket.state == S.CLOSED:
        return _closed(ticket)
    if ticket.state == S.REJECTED:
        return _rejected(ticket)
    if ticket.state == S.SECOND_FOLLOW_UP and ticket.satisfaction is None:  # a good score, contradicted by its comment
        return _("You write that it is not solved. Somebody who did not work on it before takes care of it.")
    if ticket.state == S.MERGED:
        return _("We handle this together with another report. What you write below reaches whoever works on it.")
    return words[S(ticket.state)]


def together(ticket: Ticket, answering: Ticket) -> str:
    """Said first on the page of a merged ticket whose own customer's ticket answers for it; else empty."""
    if answering.pk == ticket.pk:
        return ""
    return _(
        "We handle this together with %(number)s, which you told us about, too. This is where that one stands:"
    ) % {"number": answering.number}


def _closed(ticket: Ticket) -> str:
    if ticket.closed_as == ClosedAs.NO_REPLY:
        return _("Completed. We had no rating from you.")
    if ticket.closed_as == ClosedAs.FOLLOWED_UP:
        return _("Completed after a second round.")
    return _("Completed. Thank you for your rating.")


def _rejected(ticket: Ticket) -> str:
    if ticket.rejected_as != RejectReason.DUPLICATE:
        return _("We could not take this on as feedback.")
    first = ticket.duplicate_of
    if first is not None and first.customer_id == ticket.customer_id:
        return _("You told us about this before: we work on it under the number %(number)s.") % {"number": first.number}
    return _("You told us about this before: we work on it under the earlier number.")


def reopen_until(ticket: Ticket) -> datetime | None:
    """The last moment in which the customer may reopen a closed ticket; None while it is not closed."""
    return ticket.closed_at + timedelta(days=rules().reopen_days) if ticket.closed_at else None
