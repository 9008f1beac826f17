"""Asking for more time, and deciding on it (SLA-05 延期申请). Any open deadline, whatever it belongs to.

Lock order: the deadline, then its request. Nobody decides on what they asked for, administrators neither.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal import transitions
from apps.sla import events
from apps.sla.models import Deadline, ExtensionRequest
from apps.sla.services import deadlines, lapse
from apps.sla.states import ExtensionState, State

MOST_WORDS = 2000


def request(deadline_id: UUID, until: datetime, *, actor: Actor, reason: str) -> ExtensionRequest:
    """Ask for more time, until `until` (aware). More than the head may grant goes to management.

    The caller has checked that the actor may know of what the deadline belongs to. Raises DomainError: `core.not_allowed`
    (needs `sla.request_extension`), `core.required`, `core.too_long`, `sla.due_too_far`, `sla.not_open`,
    `sla.timer_not_extended`, `sla.extension_late`, `sla.extension_earlier`, `sla.extension_by_law`,
    `sla.extension_none`, `sla.extension_open`; Deadline.DoesNotExist.
    """
    if not actor.can("sla.request_extension"):
        raise DomainError("core.not_allowed")
    reason = _checked(reason, required=True)
    with transaction.atomic():
        deadline = locks.row(Deadline, deadline_id)
        _check_open(deadline)
        _check_until(deadline, until)
        policy = deadline.policy
        if not policy.extension_days:
            raise DomainError("sla.extension_by_law" if policy.legal_rule_id else "sla.extension_none", field="due_at")
        if ExtensionRequest.objects.filter(deadline=deadline, state=ExtensionState.REQUESTED).exists():
            raise DomainError("sla.extension_open")
        asked = ExtensionRequest.objects.create(
            deadline=deadline,
            was_due_at=deadline.due_at,
            asked_until=until,
            reason=reason,
            requested_by_id=actor.user_id,
            requested_label=actor.label,
            requested_at=clock.now(),
        )
        _tell_asked(asked, actor)
    return asked


def approve(
    extension: ExtensionRequest, *, actor: Actor, until: datetime | None = None, reason: str = ""
) -> ExtensionRequest:
    """Grant it, until the time asked for or another one (aware). The deadline is due then, and a changed priority or
    calendar leaves it so (SLA-08).

    Raises DomainError as `refuse` does, and `sla.extension_earlier`, `sla.due_in_past`, `sla.due_too_far`,
    `sla.extension_too_long` (more than `extension_days` needs `sla.grant_long_extension`), `sla.extension_by_law`.
    """
    reason = _checked(reason)
    with transaction.atomic():
        deadline, fresh = _locked(extension, "approve", actor)
        granted = until or fresh.asked_until
        _check_until(deadline, granted)
        deadlines.check_extension(deadline, granted, actor)
        done = transitions.apply(fresh, "approve", actor=actor, reason=reason, by=actor, until=granted, words=reason)
        deadlines.fix_due(deadline, granted, actor=actor, reason=done.reason, extension=str(done.pk))
    return done


def refuse(extension: ExtensionRequest, *, actor: Actor, reason: str) -> ExtensionRequest:
    """Refuse it with a reason; the old date stands.

    Raises DomainError: `core.required` (no reason), `core.too_long`, `sla.extension_own`, `core.not_allowed` (needs
    `sla.approve_extension` for the deadline's department), `sla.not_open`, `sla.extension_late`,
    `transition.impossible`.
    """
    reason = _checked(reason, required=True)
    with transaction.atomic():
        _, fresh = _locked(extension, "refuse", actor)
        done = transitions.apply(fresh, "refuse", actor=actor, reason=reason, by=actor, words=reason)
        lapse.ended(done, actor, reason)
    return done


def withdraw(extension: ExtensionRequest, *, actor: Actor, reason: str = "") -> ExtensionRequest:
    """Whoever asked takes it back. Raises DomainError `core.not_allowed`, `transition.impossible`, `core.too_long`."""
    reason = _checked(reason)
    with transaction.atomic():
        locks.row(Deadline, extension.deadline_id)
        done = transitions.apply(extension, "withdraw", actor=actor, reason=reason, by=actor)
        lapse.ended(done, actor, reason)
    return done


def check_decision(extension: ExtensionRequest, actor: Actor) -> None:
    """Whether this actor may decide on it at all. Raises DomainError `core.not_allowed`, `sla.extension_own`."""
    if not actor.can("sla.approve_extension"):
        raise DomainError("core.not_allowed")
    if extension.is_of(actor):
        raise DomainError("sla.extension_own")
    if not ExtensionRequest.objects.decidable_by(actor).filter(pk=extension.pk).exists():
        raise DomainError("core.not_allowed")


def _locked(extension: ExtensionRequest, step: str, actor: Actor) -> tuple[Deadline, ExtensionRequest]:
    deadline = locks.row(Deadline, extension.deadline_id)
    fresh = locks.row(ExtensionRequest, extension.pk)
    check_decision(fresh, actor)
    if fresh.state != ExtensionState.REQUESTED:
        raise DomainError("transition.impossible", transition=step, state=fresh.get_state_display())
    _check_open(deadline)
    return deadline, fresh


def _check_open(deadline: Deadline) -> None:
    if deadline.state != State.OPEN:
        raise DomainError("sla.not_open")
    if deadline.is_timer:
        raise DomainError("sla.timer_not_extended")
    if deadline.is_late(clock.now()):
        raise DomainError("sla.extension_late")


def _check_until(deadline: Deadline, until: datetime) -> None:
    if until <= deadline.due_at:
        due = f"{clock.local(deadline.due_at):%Y-%m-%d %H:%M}"
        raise DomainError("sla.extension_earlier", field="due_at", due=due)
    deadlines.check_due(until)


def _checked(reason: str, *, required: bool = False) -> str:
    reason = reason.replace("\x00", "").strip()
    if required and not reason:
        raise DomainError("core.required", field="reason")
    if len(reason) > MOST_WORDS:
        raise DomainError("core.too_long", field="reason", limit=MOST_WORDS, length=len(reason))
    return reason


def _tell_asked(asked: ExtensionRequest, actor: Actor) -> None:
    deadline = asked.deadline
    journal.record(
        events.EXTENSION_ASKED,
        subject=deadline.subject,
        actor=actor,
        reason=asked.reason,
        data={
            "extension": str(asked.pk),
            "deadline": str(deadline.pk),
            "metric": deadline.metric,
            "due_at": deadline.due_at.isoformat(),
            "asked_until": asked.asked_until.isoformat(),
            "department": deadline.department_id,
        },
    )
