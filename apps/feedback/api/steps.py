"""Each step of a ticket by its name: the shape of its input and the service that takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Department, User
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer
from apps.feedback.api import inputs
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, conversation, planning

Values = dict[str, Any]
Run = Callable[[Ticket, Actor, Values], Ticket]


@dataclass(frozen=True, slots=True)
class Step:
    shape: StrictSerializer
    run: Run


def take(ticket: Ticket, data: Any, *, actor: Actor) -> Ticket:
    """Take the step that the input names. Raises ValidationError, DomainErrors and DomainError as the services do."""
    name = data.get("name") if isinstance(data, dict) else None
    step = STEPS.get(name) if isinstance(name, str) else None
    if step is None:
        raise DomainErrors([DomainError("core.invalid_choice", field="name", value=str(name)[:80])])
    values = step.shape.run_validation(data)
    del values["name"]
    return step.run(ticket, actor, values)


def _assign(ticket: Ticket, actor: Actor, values: Values) -> Ticket:
    helping = values.get("collaborators")
    return assignment.assign(
        ticket,
        actor=actor,
        department=department("department", values["department"]),
        assignee=person(values.get("assignee")),
        collaborators=None if helping is None else [department("collaborators", code).pk for code in helping],
        reason=values.get("reason", ""),
    )


def department(field: str, code: str) -> Department:
    """The department with this code. Raises DomainErrors beside the field."""
    found = Department.objects.filter(code=code, active=True).first()
    if found is None:
        raise DomainErrors([DomainError("core.invalid_choice", field=field, value=code)])
    return found


def person(number: str | None) -> User | None:
    """The colleague with this staff number. Raises DomainErrors beside `assignee`."""
    if not number:
        return None
    user = User.objects.filter(staff_number=number, is_active=True).first()
    if user is None:
        raise DomainErrors([DomainError("core.invalid_choice", field="assignee", value=number)])
    return user


def _reject(ticket: Ticket, actor: Actor, values: Values) -> Ticket:
    original = None
    if number := values.pop("duplicate_of", None):
        original = Ticket.objects.visible_to(actor).filter(number=number).first()
        if original is None:
            raise DomainError("ticket.duplicate_unknown", field="duplicate_of")
    return closure.reject(ticket, actor=actor, duplicate_of=original, **values)


STEPS: dict[str, Step] = {
    "assign": Step(inputs.AssignInput(), _assign),
    "accept": Step(inputs.AcceptInput(), lambda ticket, actor, _: assignment.accept(ticket, actor=actor)),
    "ask_customer": Step(
        inputs.AskCustomerInput(), lambda ticket, actor, v: conversation.ask_customer(ticket, v["body"], actor=actor)
    ),
    "resume": Step(inputs.ResumeInput(), lambda ticket, actor, v: conversation.resume(ticket, actor=actor, **v)),
    "propose_solution": Step(
        inputs.ProposeSolutionInput(), lambda ticket, actor, v: planning.propose_solution(ticket, actor=actor, **v)
    ),
    "approve_solution": Step(
        inputs.ApproveSolutionInput(),
        lambda ticket, actor, v: planning.decide_solution(ticket, actor=actor, approve=True, **v),
    ),
    "decline_solution": Step(
        inputs.DeclineSolutionInput(),
        lambda ticket, actor, v: planning.decide_solution(ticket, actor=actor, approve=False, **v),
    ),
    "resolve": Step(inputs.ResolveInput(), lambda ticket, actor, v: closure.resolve(ticket, v["result"], actor=actor)),
    "start_callback": Step(
        inputs.StartCallbackInput(), lambda ticket, actor, _: closure.start_callback(ticket, actor=actor)
    ),
    "close_followed_up": Step(
        inputs.CloseFollowedUpInput(), lambda ticket, actor, v: closure.close_followed_up(ticket, actor=actor, **v)
    ),
    "reopen": Step(inputs.ReopenInput(), lambda ticket, actor, v: closure.reopen(ticket, actor=actor, **v)),
    "reject": Step(inputs.RejectInput(), _reject),
    "restore": Step(inputs.RestoreInput(), lambda ticket, actor, v: closure.restore(ticket, actor=actor, **v)),
}
