"""Changing the escalation ladder (SLA-04). What is overdue already is looked at again with the new steps."""

from collections.abc import Sequence
from itertools import pairwise

from django.db import transaction

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import Ref, ref
from apps.sla import events, rules
from apps.sla.models import Deadline, EscalationStep
from apps.sla.states import Purpose, State


def save_step(step: EscalationStep, *, actor: Actor) -> EscalationStep:
    """Create or change a step. Raises DomainError `core.not_allowed`, `sla.ladder_order`."""
    _allowed(actor)
    with transaction.atomic():
        check(step)
        step.save()
        _changed(step, actor, {"metric": step.metric, "level": step.level, "after": step.after, "unit": step.unit})
    return step


def check(step: EscalationStep) -> None:
    """Higher levels come later. Raises DomainError `sla.ladder_order`."""
    others = EscalationStep.objects.filter(metric=step.metric, unit=step.unit).exclude(pk=step.pk)
    ladder = sorted([*others, step], key=lambda s: s.rank)
    if any(higher.after < lower.after for lower, higher in pairwise(ladder)):
        raise DomainError("sla.ladder_order", field="after")


def delete_step(step: EscalationStep, *, actor: Actor) -> None:
    """Raises DomainError `core.not_allowed`."""
    _allowed(actor)
    with transaction.atomic():
        about = ref(step)
        step.delete()
        _changed(about, actor, {"metric": step.metric, "level": step.level, "deleted": True})


def add_missing(shipped: Sequence[EscalationStep]) -> int:
    """Create the shipped ladder where there is none at all."""
    if EscalationStep.objects.exists():
        return 0
    EscalationStep.objects.bulk_create(shipped)
    rules.touch()
    return len(shipped)


def _changed(subject: EscalationStep | Ref, actor: Actor, data: dict[str, object]) -> None:
    rules.touch()
    journal.record(events.LADDER_CHANGED, subject=subject, actor=actor, data=data)
    overdue = Deadline.objects.filter(
        state=State.OPEN, purpose=Purpose.OBLIGATION, breached_at__isnull=False, paused_at=None
    )
    overdue.update(next_check_at=clock.now())


def _allowed(actor: Actor) -> None:
    if not actor.can("sla.change_policy"):
        raise DomainError("core.not_allowed")
