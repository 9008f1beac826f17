"""Changing time limits. A policy row is never edited: a change is a new version; running deadlines keep the old one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.journal import events as journal
from apps.sla import events, rules
from apps.sla.models import Policy
from apps.sla.models.policy import CONDITIONS
from apps.sla.states import LEGAL, Purpose, Unit, purpose_of

EDITABLE = (*CONDITIONS, "name", "target", "unit", "warn_percent", "pausable", "priority", "extension_days")
# Ten years; a working day is taken as a whole day here.
LONGEST = {Unit.CLOCK_MINUTES: 5_256_000, Unit.WORKING_MINUTES: 5_256_000, Unit.WORKING_DAYS: 3_650}


def create(values: Mapping[str, Any], *, actor: Actor, reason: str = "") -> Policy:
    """Put a new policy in force from now on: `code`, `metric` and what is in EDITABLE (SLA-01).

    Raises DomainError `core.not_allowed` (needs `sla.change_policy`); DomainErrors for the values.
    """
    _allowed(actor)
    policy = Policy(**values, version=1, effective_from=clock.now())
    with transaction.atomic():
        check(policy)
        policy.save(force_insert=True)
        rules.touch()
        journal.record(
            events.POLICY_CHANGED, subject=policy, actor=actor, reason=reason, data={"new": _snapshot(policy)}
        )
    return policy


def revise(policy_id: UUID, changes: Mapping[str, Any], *, actor: Actor, reason: str = "") -> Policy:
    """Replace a current policy by its next version and return that; the same row when nothing differs.

    Deadlines that are running keep the version they were promised under (SLA-08).
    Raises DomainError `core.not_allowed`, `sla.policy_old`, `sla.policy_of_law`; DomainErrors for the values; Policy.DoesNotExist.
    """
    _allowed(actor)
    with transaction.atomic():
        old = locks.row(Policy, policy_id)
        _check_ours(old)
        before, now = _snapshot(old), _end_of(old)
        values = {name: getattr(old, name) for name in EDITABLE} | {k: v for k, v in changes.items() if k in EDITABLE}
        new = Policy(code=old.code, metric=old.metric, version=old.version + 1, effective_from=now, **values)
        if _snapshot(new) == before:
            return old
        check(new)
        _close(old, now)
        new.save(force_insert=True)
        rules.touch()
        data = {"old": before, "new": _snapshot(new), "version": new.version}
        journal.record(events.POLICY_CHANGED, subject=new, actor=actor, reason=reason, data=data)
    return new


def retire(policy_id: UUID, *, actor: Actor, reason: str = "") -> Policy:
    """Take a policy out of force; its running deadlines stay. Raises as `revise` does."""
    _allowed(actor)
    with transaction.atomic():
        policy = locks.row(Policy, policy_id)
        _check_ours(policy)
        _close(policy, _end_of(policy))
        rules.touch()
        journal.record(
            events.POLICY_CHANGED, subject=policy, actor=actor, reason=reason, data={"old": _snapshot(policy)}
        )
    return policy


def add_missing(shipped: Sequence[Policy]) -> int:
    """Create shipped policies whose code was never there, in force from the beginning. Returns how many."""
    known = set(Policy.objects.values_list("code", flat=True))
    created = Policy.objects.bulk_create([p for p in shipped if p.code not in known])
    if created:
        rules.touch()
    return len(created)


def check(policy: Policy) -> None:
    """Whether these values can be in force. Raises DomainErrors."""
    errors = []
    if policy.target <= 0:
        errors.append(DomainError("sla.target_positive", field="target"))
    elif policy.target > LONGEST[Unit(policy.unit)]:
        errors.append(DomainError("sla.target_too_long", field="target"))
    if policy.warn_percent is not None and not 1 <= policy.warn_percent <= 99:
        errors.append(DomainError("sla.warn_percent", field="warn_percent"))
    if purpose_of(policy.metric) == Purpose.TIMER and (policy.warn_percent is not None or policy.pausable):
        errors.append(DomainError("sla.timer_warning", field="warn_percent"))
    if policy.metric in LEGAL:
        errors.append(DomainError("sla.policy_of_law", field="metric"))
    if policy._state.adding and policy.version == 1 and Policy.objects.filter(code=policy.code).exists():
        errors.append(DomainError("sla.policy_code", field="code"))
    same_cases = {name: getattr(policy, name) for name in ("metric", "priority", *CONDITIONS)}
    rival = Policy.objects.filter(effective_to=None, **same_cases).exclude(code=policy.code).first()
    if rival is not None:
        errors.append(DomainError("sla.policy_exists", field="metric", name=rival.name))
    if errors:
        raise DomainErrors(errors)


def _check_ours(policy: Policy) -> None:
    if not policy.is_current:
        raise DomainError("sla.policy_old")
    if policy.legal_rule_id is not None:
        raise DomainError("sla.policy_of_law")


def _end_of(policy: Policy) -> datetime:
    """Now; never before it came into force, whatever moment is being lived through."""
    now = clock.now()
    return max(now, policy.effective_from or now)


def _close(policy: Policy, moment: datetime) -> None:
    policy.effective_to = moment
    policy.save(update_fields=["effective_to"])


def _allowed(actor: Actor) -> None:
    if not actor.can("sla.change_policy"):
        raise DomainError("core.not_allowed")


def _snapshot(policy: Policy) -> dict[str, Any]:
    values = {name: getattr(policy, name) for name in ("code", "metric", *EDITABLE)}
    return values | {"target": str(Decimal(policy.target).quantize(Decimal("0.01")))}
