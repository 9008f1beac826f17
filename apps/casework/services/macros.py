"""Macros (HND-09): several steps done to a ticket, each through the service a person would use, all or none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.casework import events, placeholders
from apps.casework.models import Macro, MacroStep
from apps.casework.selectors import replies as reads
from apps.casework.services import checklists, replies, rules, watching, work
from apps.casework.states import StepKind
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, conversation, reclassification, tagging, words
from apps.feedback.services.reclassification import Correction
from apps.feedback.states import MessageKind, TicketState

SHARE = "casework.share_macro"
MOST_STEPS = 12
_LABELS = {field.name: field.verbose_name for field in MacroStep._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class Line:
    """A step in words, and the text it writes."""

    words: str
    text: str = ""


@dataclass(slots=True)
class Result:
    """What became of one ticket: every step, or none and why."""

    ticket: Ticket
    ok: bool
    words: str
    lines: list[Line] = field(default_factory=list)


def run(macro: Macro, ticket: Ticket, *, actor: Actor) -> Result:
    """Do all steps of the macro to the ticket, or none. Refusals are in the result, not raised.

    Raises DomainError `core.not_allowed`, `macro.retired` for the macro itself.
    """
    steps = _usable(macro, actor)
    try:
        with transaction.atomic():
            lines = [_take(step, ticket, actor, dry=False) for step in steps]
            data = {"macro": str(macro.pk), "name": macro.name, "steps": [step.kind for step in steps]}
            work.note(events.MACRO_RUN, ticket, actor, data)
    except DomainError as error:
        return Result(ticket, False, error.words)
    return Result(ticket, True, _("“%(macro)s” is done.") % {"macro": macro.name}, lines)


def rehearse(macro: Macro, ticket: Ticket, *, actor: Actor) -> Result:
    """What the macro would do, tried out and taken back; texts show masked personal data. Raises as `run` does."""
    steps = _usable(macro, actor)
    lines: list[Line] = []
    try:
        with transaction.atomic():
            for step in steps:
                lines.append(_take(step, ticket, actor, dry=True))
            raise _TakenBack
    except _TakenBack:
        return Result(ticket, True, _("All steps are possible."), lines)
    except DomainError as error:
        return Result(ticket, False, error.words, lines)


class _TakenBack(Exception):
    """Ends a rehearsal."""


def _usable(macro: Macro, actor: Actor) -> list[MacroStep]:
    if not Macro.objects.visible_to(actor).filter(pk=macro.pk).exists():
        raise DomainError("core.not_allowed")
    if not macro.active:
        raise DomainError("macro.retired")
    related = ("department", "assignee", "checklist", "reply")
    return list(MacroStep.objects.filter(macro=macro).select_related(*related))


def _take(step: MacroStep, ticket: Ticket, actor: Actor, *, dry: bool) -> Line:
    """One step on the ticket as it is by now. Its refusal names the step."""
    fresh = Ticket.objects.select_related("customer", "category", "department", "assignee").get(pk=ticket.pk)
    try:
        return _STEPS[StepKind(step.kind)](step, fresh, actor, dry)
    except DomainError as error:
        raise DomainError("macro.step_failed", step=step.get_kind_display(), why=error.words) from error
    except DomainErrors as found:
        why = " ".join(error.words for error in found.errors)
        raise DomainError("macro.step_failed", step=step.get_kind_display(), why=why) from found


def _accept(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    if ticket.state == TicketState.IN_PROGRESS:
        return Line(_("Accepted already"))
    assignment.accept(ticket, actor=actor)
    return Line(_("Accept"))


def _assign(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    department = step.assignee.department if step.assignee else step.department
    if department is None:
        raise DomainError("ticket.assignee_elsewhere", field="assignee", name=str(step.assignee))
    assignment.assign(ticket, actor=actor, department=department, assignee=step.assignee, reason=step.macro.name)
    to = " · ".join(str(each) for each in (department, step.assignee) if each)
    return Line(_("Assign to %(to)s") % {"to": to})


def _urgency(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    reclassification.reclassify(ticket, Correction(urgency=step.urgency), actor=actor, reason=step.macro.name)
    return Line(_("Set urgency: %(urgency)s") % {"urgency": step.get_urgency_display()})


def _tag(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    tagging.add(ticket, step.tag, actor=actor)
    return Line(_("Add tag: %(tag)s") % {"tag": step.tag})


def _checklist(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    assert step.checklist is not None
    name = {"name": step.checklist.name}
    if ticket.checklists.filter(template=step.checklist, removed_at=None).exists():
        return Line(_("The check-list “%(name)s” is there already") % name)
    checklists.add(ticket, step.checklist, actor=actor)
    return Line(_("Add check-list: %(name)s") % name)


def _write(kind: MessageKind) -> "Callable[[MacroStep, Ticket, Actor, bool], Line]":
    def step_of(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
        text = _text(step, ticket, actor, dry)
        conversation.add(ticket, kind, text, actor=actor)
        return Line(str(step.get_kind_display()), text)

    return step_of


def _wait(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    text = _text(step, ticket, actor, dry)
    conversation.ask_customer(ticket, text, actor=actor)
    return Line(str(step.get_kind_display()), text)


def _follow(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> Line:
    watching.follow(ticket, actor=actor)
    return Line(_("Follow the ticket"))


def _text(step: MacroStep, ticket: Ticket, actor: Actor, dry: bool) -> str:
    body, language = (step.reply.body, step.reply.language) if step.reply else (step.text, "")
    inside = step.kind == StepKind.NOTE  # colleagues read notes: no clear personal data is put there
    if dry or inside:
        return reads.preview(body, ticket, actor, language)
    return replies.filled_text(body, ticket, actor=actor, language=language, why=step.macro.name)


_STEPS: dict[StepKind, Callable[[MacroStep, Ticket, Actor, bool], Line]] = {
    StepKind.ACCEPT: _accept,
    StepKind.ASSIGN: _assign,
    StepKind.URGENCY: _urgency,
    StepKind.TAG: _tag,
    StepKind.CHECKLIST: _checklist,
    StepKind.NOTE: _write(MessageKind.NOTE),
    StepKind.PROGRESS: _write(MessageKind.PROGRESS),
    StepKind.REPLY: _write(MessageKind.REPLY),
    StepKind.WAIT: _wait,
    StepKind.FOLLOW: _follow,
}
# What each kind of step reads: one of these columns must be filled.
TAKES: dict[StepKind, tuple[str, ...]] = {
    StepKind.ASSIGN: ("department", "assignee"),
    StepKind.URGENCY: ("urgency",),
    StepKind.TAG: ("tag",),
    StepKind.CHECKLIST: ("checklist",),
    **dict.fromkeys((StepKind.NOTE, StepKind.PROGRESS, StepKind.REPLY, StepKind.WAIT), ("reply", "text")),
}


def check(macro: Macro, steps: list[MacroStep]) -> None:
    """Raises DomainErrors: `core.required`, `macro.name_taken`, `macro.no_steps`, `macro.too_many_steps`,
    `macro.step_lacks`, `reply.unknown_placeholder`, `reply.stray_brace`."""
    found = words.text_errors(macro.name, "name", limit=60, required="core.required")
    same = Macro.objects.filter(name=macro.name.strip(), owner_id=macro.owner_id).exclude(pk=macro.pk)
    if same.exists():
        found.append(DomainError("macro.name_taken", field="name"))
    if not steps:
        found.append(DomainError("macro.no_steps"))
    if len(steps) > MOST_STEPS:
        found.append(DomainError("macro.too_many_steps", limit=MOST_STEPS))
    for n, step in enumerate(steps, 1):
        found += _step_errors(n, step)
    if found:
        raise DomainErrors(found)


def _step_errors(n: int, step: MacroStep) -> list[DomainError]:
    if step.kind not in StepKind.values:
        return [DomainError("core.invalid_choice", field="kind", value=step.kind)]
    takes = TAKES.get(StepKind(step.kind), ())
    if takes and not any(_has(step, name) for name in takes):
        what = " / ".join(str(_LABELS[name]) for name in takes)
        return [DomainError("macro.step_lacks", step=n, kind=step.get_kind_display(), what=what)]
    return placeholders.check(step.text, "text") if "text" in takes else []


def _has(step: MacroStep, name: str) -> bool:
    value = (
        getattr(step, f"{name}_id") if name in ("department", "assignee", "checklist", "reply") else getattr(step, name)
    )
    return bool(value.strip() if isinstance(value, str) else value)


def save(macro: Macro, steps: list[MacroStep], *, actor: Actor) -> Macro:
    """Save a macro with its steps in this order: a private one for oneself, a shared one with the right to share.

    Raises DomainErrors as `check` does; DomainError `core.not_allowed`.
    """
    known = Macro.objects.filter(pk=macro.pk).first()
    for each in filter(None, (known, macro)):
        _require_own(each, actor)
    check(macro, steps)
    with transaction.atomic():
        saved = rules.store(macro, actor=actor, steps=[_as_json(step) for step in steps])
        saved.steps.all().delete()
        for n, step in enumerate(steps, 1):
            step.pk, step.macro, step.position = None, saved, n
        MacroStep.objects.bulk_create(steps)
        return saved


def delete(macro: Macro, *, actor: Actor) -> None:
    """Raises DomainError `core.not_allowed`."""
    _require_own(macro, actor)
    rules.discard(macro, actor=actor)


def may_change(macro: Macro, actor: Actor) -> bool:
    try:
        _require_own(macro, actor)
    except DomainError:
        return False
    return True


def _require_own(macro: Macro, actor: Actor) -> None:
    if macro.owner_id is None:
        work.require(actor, SHARE)
    elif macro.owner_id != actor.user_id:
        raise DomainError("core.not_allowed")
    work.require(actor, work.HANDLE)


def _as_json(step: MacroStep) -> dict[str, Any]:
    shown = {f.name: f.value_to_string(step) for f in MacroStep._meta.concrete_fields if f.name not in ("id", "macro")}
    return {name: value for name, value in shown.items() if value not in ("", "None")}
