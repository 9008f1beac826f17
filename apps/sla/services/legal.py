"""Legal rules as versioned data (LAW-01 … LAW-03): each version with a clock has a policy of its own behind it.

The rules' match asks which policy was in force when a clock started, so a clock keeps the law of its own day.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.journal import events as journal
from apps.sla import events, rules
from apps.sla.models import LegalRule, Policy
from apps.sla.services.policies import LONGEST
from apps.sla.states import LEGAL, Unit
from apps.sla.timeline import midnight, to_moment

EDITABLE = ("name", "source", "article", "duty", "consequence", "starts", "target", "unit")


def enact(values: Mapping[str, Any], *, actor: Actor, reason: str = "") -> LegalRule:
    """A new rule: `code`, `metric`, `effective_from` and what is in EDITABLE.

    Raises DomainError `core.not_allowed` (needs `sla.change_policy`); DomainErrors for the values.
    """
    _allowed(actor)
    rule = LegalRule(**values, version=1)
    with transaction.atomic():
        check(rule)
        _add(rule, actor, reason)
    return rule


def amend(
    rule_id: UUID, changes: Mapping[str, Any], effective_from: date, *, actor: Actor, reason: str = ""
) -> LegalRule:
    """The law changes on a day, past or future: the present version ends there, its clocks keep it.

    Raises DomainError `core.not_allowed`, `sla.legal_old`; DomainErrors for the values; LegalRule.DoesNotExist.
    """
    _allowed(actor)
    with transaction.atomic():
        old = locks.row(LegalRule, rule_id)
        if not old.is_current:
            raise DomainError("sla.legal_old")
        values = {name: getattr(old, name) for name in EDITABLE} | {k: v for k, v in changes.items() if k in EDITABLE}
        new = LegalRule(
            code=old.code, metric=old.metric, version=old.version + 1, effective_from=effective_from, **values
        )
        check(new, after=old)
        _close(old, effective_from)
        _add(new, actor, reason)
    return new


def repeal(rule_id: UUID, last: date, *, actor: Actor, reason: str = "") -> LegalRule:
    """It no longer holds from the day `last` on. Raises as `amend` does."""
    _allowed(actor)
    with transaction.atomic():
        rule = locks.row(LegalRule, rule_id)
        if not rule.is_current:
            raise DomainError("sla.legal_old")
        if last <= rule.effective_from:
            raise DomainErrors([_too_early(rule)])
        _close(rule, last)
        rules.touch()
        data = {"code": rule.code, "version": rule.version, "until": last.isoformat()}
        journal.record(events.LEGAL_RULE_CHANGED, subject=rule, actor=actor, reason=reason, data=data)
    return rule


def check(rule: LegalRule, *, after: LegalRule | None = None) -> None:
    """Whether these values can be law. Raises DomainErrors beside the fields."""
    errors = []
    if rule.metric and rule.metric not in LEGAL:
        errors.append(DomainError("sla.legal_metric", field="metric"))
    if bool(rule.metric) != (rule.target is not None and bool(rule.unit)):
        errors.append(DomainError("sla.legal_clock", field="target"))
    elif rule.target is not None and rule.target <= 0:
        errors.append(DomainError("sla.target_positive", field="target"))
    elif rule.target is not None and rule.target > LONGEST[Unit(rule.unit)]:
        errors.append(DomainError("sla.target_too_long", field="target"))
    if after is not None and rule.effective_from <= after.effective_from:
        errors.append(_too_early(after))
    if after is None and rule._state.adding and LegalRule.objects.filter(code=rule.code).exists():
        errors.append(DomainError("sla.legal_code", field="code"))
    if rule.metric and LegalRule.objects.filter(metric=rule.metric).exclude(code=rule.code).exists():
        rival = LegalRule.objects.filter(metric=rule.metric).exclude(code=rule.code)[0]
        errors.append(DomainError("sla.policy_exists", field="metric", name=rival.name))
    if errors:
        raise DomainErrors(errors)


def add_missing(shipped: Sequence[LegalRule]) -> int:
    """Create shipped rules whose code was never there, with their clocks. Returns how many."""
    known = set(LegalRule.objects.values_list("code", flat=True))
    missing = [rule for rule in shipped if rule.code not in known]
    for rule in missing:
        rule.save(force_insert=True)
        _start_policy(rule)
    if missing:
        rules.touch()
    return len(missing)


def _add(rule: LegalRule, actor: Actor, reason: str) -> None:
    rule.save(force_insert=True)
    _start_policy(rule)
    rules.touch()
    told = ("code", "version", "metric", *EDITABLE)
    data = {name: str(value) for name in told if (value := getattr(rule, name)) not in ("", None)}
    data["effective_from"] = rule.effective_from.isoformat()
    journal.record(events.LEGAL_RULE_CHANGED, subject=rule, actor=actor, reason=reason, data=data)


def _start_policy(rule: LegalRule) -> None:
    if not rule.metric or rule.target is None:
        return
    Policy.objects.create(
        code=f"law-{rule.code}",
        version=rule.version,
        name=rule.name,
        metric=rule.metric,
        target=rule.target,
        unit=rule.unit,
        extension_days=0,
        legal_rule=rule,
        effective_from=_begin(rule.effective_from),
    )


def _close(rule: LegalRule, day: date) -> None:
    rule.effective_to = day
    rule.save(update_fields=["effective_to"])
    for policy in locks.rows(Policy.objects.filter(legal_rule=rule)):
        policy.effective_to = _begin(day)
        policy.save(update_fields=["effective_to"])


def _begin(day: date) -> datetime:
    return to_moment(midnight(day))


def _too_early(rule: LegalRule) -> DomainError:
    return DomainError("sla.legal_from", field="effective_from", day=rule.effective_from.isoformat())


def _allowed(actor: Actor) -> None:
    if not actor.can("sla.change_policy"):
        raise DomainError("core.not_allowed")
