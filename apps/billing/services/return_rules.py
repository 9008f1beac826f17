"""The dated rows behind the links: what a completed return starts (LNK-02), what a complaint may cost (REF-09)."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Model, Q

from apps.billing import events
from apps.billing.models import ReturnRule, SettlementCap
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal


def _in_force(day: date) -> Q:
    return Q(Q(effective_to=None) | Q(effective_to__gte=day), effective_from__lte=day)


def rule_for(reason_code: str, amount: Decimal, day: date) -> ReturnRule | None:
    """The first row in force on a day of Shanghai whose reason and amount (yuan) fit; None: a person files."""
    rows = ReturnRule.objects.filter(_in_force(day), reason_code__in=("", reason_code))
    return next((row for row in rows if row.up_to is None or amount <= row.up_to), None)


def cap_for(day: date) -> SettlementCap | None:
    """The newest row in force on a day of Shanghai; None: nothing is capped."""
    return SettlementCap.objects.filter(_in_force(day)).first()


def save_rule(row: ReturnRule, *, actor: Actor) -> ReturnRule:
    """Add or change a row. Raises DomainError `core.not_allowed`."""
    facts = {
        "position": row.position, "reason_code": row.reason_code, "up_to": row.up_to,
        "approve_up_to": row.approve_up_to, "from": row.effective_from, "until": row.effective_to,
    }  # fmt: skip
    _save(row, "billing.change_returnrule", events.RETURN_RULES_CHANGED, facts, actor)
    return row


def save_cap(row: SettlementCap, *, actor: Actor) -> SettlementCap:
    """Add or change a row. Raises DomainError `core.not_allowed`."""
    facts = {
        "percent": row.percent, "tolerance": row.tolerance, "from": row.effective_from, "until": row.effective_to,
    }  # fmt: skip
    _save(row, "billing.change_settlementcap", events.CAP_CHANGED, facts, actor)
    return row


def _save(row: Model, right: str, kind: str, facts: dict[str, object], actor: Actor) -> None:
    if not actor.can(right):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        row.save()
        journal.record(kind, subject=row, actor=actor, data=facts)
