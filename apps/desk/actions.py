"""What can be done with a ticket on its page: each step with its form and the service that does it.

A step named like a transition of the state machine is offered as `journal.transitions.available` says.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import idempotency, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.idempotency import Answer
from apps.core.vocabulary import Channel
from apps.desk.forms import customer_voice as voice
from apps.desk.forms import steps as forms
from apps.desk.forms.base import DeskForm
from apps.desk.forms.casework import FactsForm
from apps.desk.told import told
from apps.feedback.models import Solution, Survey, Ticket
from apps.feedback.services import (
    assignment,
    clocks,
    closure,
    conversation,
    facts,
    planning,
    reclassification,
    separation,
)
from apps.feedback.services.planning import PlanDraft
from apps.feedback.services.reclassification import Correction
from apps.feedback.states import TO_CUSTOMER, MessageKind, TicketState
from apps.journal import transitions
from apps.sla.services import deadlines

Perform = Callable[[Ticket, dict[str, Any], Actor], Any]


@dataclass(frozen=True, slots=True)
class Action:
    """`done` is said afterwards, unless `perform` returns other words. `versioned`: refused when somebody changed the
    ticket since the page was shown."""

    name: str
    label: str | Promise
    icon: str
    done: str | Promise
    perform: Perform
    form: type[DeskForm] | None = None
    permission: str = "feedback.handle_ticket"
    key: str = ""
    versioned: bool = True


def _assign(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    collaborators = [department.pk for department in data["collaborators"]]
    assignment.assign(
        ticket, actor=actor, department=data["department"], assignee=data["assignee"], collaborators=collaborators,
        reason=data["reason"],
    )  # fmt: skip


def _propose(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    fresh = planning.propose_solution(ticket, actor=actor, **data)
    if fresh.state == TicketState.SOLUTION_APPROVAL:
        return gettext("Proposed; it waits for approval.")
    return gettext("Noted; this solution needs no approval.")


def _decide(approve: bool) -> Perform:
    return lambda ticket, data, actor: planning.decide_solution(
        ticket, actor=actor, approve=approve, reason=data["reason"]
    )


def _reclassify(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    reason = data.pop("reason")
    reclassification.reclassify(ticket, Correction(**data), actor=actor, reason=reason)


def _rate(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    survey = Survey.objects.filter(ticket=ticket, round=ticket.reopen_count).first()
    if survey is None:
        raise DomainError("survey.closed")
    closure.answer_survey(survey, actor=actor, way=Survey.Way.CALL, **data)


def _set_due(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    deadlines.set_due(data["deadline"].pk, data["due_at"], actor=actor, reason=data["reason"])
    clocks.refresh(locks.row(Ticket, ticket.pk))


def _message(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str | None:
    """Words to the customer say by which way they go; all else is just saved."""
    kind, uploads = MessageKind(data["kind"]), data.get("uploads", ())
    if data.get("wait"):
        conversation.ask_customer(ticket, data["body"], actor=actor, uploads=uploads)
        return told(ticket).done
    channel = Channel.HOTLINE if kind == MessageKind.CALL else ""
    conversation.add(ticket, kind, data["body"], actor=actor, channel=channel, uploads=uploads)
    return told(ticket).done if kind in TO_CUSTOMER else None


ACTIONS = {
    action.name: action
    for action in (
        Action("accept", _("Accept"), "check", _("Accepted; it is yours now."),
               lambda t, d, a: assignment.accept(t, actor=a), key="a"),
        Action("assign", _("Assign"), "person_add", _("Assigned."), _assign, forms.AssignForm,
               permission="feedback.assign_ticket"),
        Action("ask_customer", _("Ask the customer"), "contact_support", _("Asked; the clocks stand still until the answer."),
               lambda t, d, a: conversation.ask_customer(t, d["body"], actor=a), forms.QuestionForm),
        Action("resume", _("Resume work"), "play_arrow", _("Work goes on; the clocks run again."),
               lambda t, d, a: conversation.resume(t, actor=a, reason=d["reason"]), forms.ResumeForm),
        Action("propose_solution", _("Propose a solution"), "lightbulb", _("Proposed."),
               _propose, forms.SolutionForm),
        Action("approve_solution", _("Approve solution"), "task_alt", _("Approved."), _decide(True), forms.ApproveForm,
               permission="feedback.approve_solution", key="a"),
        Action("decline_solution", _("Decline solution"), "block", _("Declined; the handler sees your reason."),
               _decide(False), forms.DeclineForm, permission="feedback.approve_solution", key="x"),
        Action("resolve", _("Resolve and tell the customer"), "done_all",
               _("Resolved; the customer is told the result."),
               lambda t, d, a: closure.resolve(t, d["result"], actor=a), forms.ResolveForm),
        Action("start_callback", _("Send the survey now"), "outgoing_mail", _("The survey is on its way."),
               lambda t, d, a: closure.start_callback(t, actor=a)),
        Action("record_rating", _("Record the customer's rating"), "sentiment_satisfied", _("The rating is recorded."),
               _rate, voice.RatingForm, permission="feedback.follow_up_ticket"),
        Action("record_follow_up", _("Record the follow-up"), "support_agent", _("The follow-up is recorded."),
               lambda t, d, a: closure.record_follow_up(t, d["body"], actor=a), forms.FollowUpForm,
               permission="feedback.follow_up_ticket"),
        Action("close_followed_up", _("Close after follow-up"), "archive", _("Closed."),
               lambda t, d, a: closure.close_followed_up(t, actor=a, reason=d["reason"]), forms.CloseForm,
               permission="feedback.follow_up_ticket"),
        Action("reopen", _("Reopen"), "undo", _("Reopened; new deadlines run."),
               lambda t, d, a: closure.reopen(t, actor=a, reason=d["reason"]), forms.ReopenForm),
        Action("reject", _("Reject"), "block", _("Rejected; it can be restored."),
               lambda t, d, a: closure.reject(t, actor=a, **d), forms.RejectForm, permission="feedback.reject_ticket",
               key="x"),
        Action("restore", _("Restore"), "restore_from_trash", _("Restored."),
               lambda t, d, a: closure.restore(t, actor=a, reason=d["reason"]), forms.RestoreForm,
               permission="feedback.reject_ticket"),
        Action("message", _("Write"), "edit", _("Saved."), _message, forms.MessageForm, versioned=False),
        Action("plan", _("Handling plan"), "checklist", _("The plan is saved."),
               lambda t, d, a: planning.write_plan(t, PlanDraft(**d), actor=a), forms.PlanForm),
        Action("reclassify", _("Correct classification"), "edit", _("Corrected; priority and deadlines follow."),
               _reclassify, forms.ReclassifyForm),
        Action("facts", _("Complete the facts"), "edit", _("Saved."),
               lambda t, d, a: facts.correct(t, {n: d[n] for n in facts.FIELDS}, actor=a, reason=d["reason"]), FactsForm),
        Action("supervisor", _("Ask for a supervisor"), "escalator_warning", _("The heads of department are told."),
               lambda t, d, a: reclassification.request_supervisor(t, actor=a, reason=d["reason"]),
               forms.SupervisorForm, versioned=False),
        Action("set_due", _("Set due time by hand"), "edit_calendar", _("The due time is set."),
               _set_due, forms.DueForm, permission="sla.approve_extension"),
    )
}  # fmt: skip

# The steps of each state, the likeliest first.
LIKELY: dict[str, tuple[str, ...]] = {
    TicketState.PENDING: ("accept", "assign", "reject"),
    TicketState.ASSIGNED: ("accept", "assign", "reject"),
    TicketState.REOPENED: ("accept", "assign"),
    TicketState.IN_PROGRESS: ("resolve", "propose_solution", "ask_customer", "assign"),
    TicketState.WAITING: ("resume",),
    TicketState.SOLUTION_APPROVAL: ("approve_solution", "decline_solution"),
    TicketState.RESOLVED: ("start_callback", "reopen"),
    TicketState.CALLBACK: ("record_rating", "reopen"),
    TicketState.SECOND_FOLLOW_UP: ("record_follow_up", "close_followed_up", "reopen"),
    TicketState.CLOSED: ("reopen",),
    TicketState.REJECTED: ("restore",),
    TicketState.MERGED: (),  # it is taken out again on its card, see `desk.cards.relations`
}
# Steps that nobody presses, and what makes them happen.
AUTOMATIC: dict[str, str | Promise] = {
    "close_satisfied": _("Closes by itself when the customer answers “satisfied”."),
    "close_unanswered": _("Closes as “no reply” when the survey stays unanswered."),
    "follow_up": _("Goes to second follow-up when the customer is not satisfied."),
}


@dataclass(slots=True)
class Step:
    """An action as it is offered now; `why_not` is empty where it is possible."""

    action: Action
    form: DeskForm | None
    why_not: str = ""
    open: bool = False


def offered(ticket: Ticket, actor: Actor) -> list[tuple[Action, str]]:
    """The steps of the present state with the reason why one is not possible; without those this actor has no right to."""
    offers = {offer.name: offer.refusal for offer in transitions.available(ticket, actor)}
    steps = []
    for name in LIKELY[ticket.state]:
        action = ACTIONS[name]
        if not actor.can(action.permission):
            continue
        refusal = offers.get(name)
        if refusal is None and name in ("approve_solution", "decline_solution"):
            refusal = _decision_refusal(ticket, actor, approve=name == "approve_solution")
        if refusal is None and name == "ask_customer":
            refusal = conversation.why_not_to_customer(ticket)
        if refusal is None and name in _SEPARATED:
            refusal = _separation_refusal(_SEPARATED[name], ticket, actor)
        steps.append((action, refusal.words if refusal else ""))
    return steps


_SEPARATED = {"record_rating": separation.check_rating, "close_followed_up": separation.check_closing}


def _separation_refusal(check: Callable[[Ticket, Actor], None], ticket: Ticket, actor: Actor) -> DomainError | None:
    try:
        check(ticket, actor)
    except DomainError as error:
        return error
    return None


def _decision_refusal(ticket: Ticket, actor: Actor, *, approve: bool) -> DomainError | None:
    solution = Solution.objects.filter(ticket=ticket, decided_at=None).first()
    try:
        if solution is not None:
            planning.check_decision(solution, actor, approve)
    except DomainError as error:
        return error
    return None


def run(action: Action, ticket: Ticket, data: dict[str, Any], actor: Actor, *, version: str, token: str) -> str:
    """Do it once, however often the form was sent, and say what was done.

    Raises what the service raises, and DomainError `core.stale` where `versioned`.
    """
    if not actor.can(action.permission):
        raise DomainError("core.not_allowed")

    def work() -> Answer:
        with transaction.atomic():
            if action.versioned and str(locks.row(Ticket, ticket.pk).version) != version:
                raise DomainError("core.stale")
            words = action.perform(ticket, data, actor)
        return Answer(200, words if isinstance(words, str) else str(action.done))

    if not token:
        return str(work().body)
    typed = hashlib.sha256(repr((action.name, ticket.pk, sorted(data.items(), key=str))).encode()).hexdigest()
    return str(idempotency.once(f"desk:{actor.user_id}", f"{token[:60]}-{typed[:32]}", typed, work).body)


def attempt(
    action: Action, ticket: Ticket, form: DeskForm, actor: Actor, *, version: str, token: str, **extra: Any
) -> str:
    """Run an action with what its form holds. Returns what was done, or "" with the errors beside the form's fields."""
    if not form.is_valid():
        return ""
    try:
        return run(action, ticket, {**form.cleaned_data, **extra}, actor, version=version, token=token)
    except (DomainError, DomainErrors) as error:
        form.refuse(error)
        return ""
