"""Changing the rows that the audit works by: layers, questions, thresholds. Each change is an event."""

from collections.abc import Mapping

from django.db import transaction

from apps.billing import audit_events as events
from apps.billing.models import AuditCheckpoint, AuditStratum, RedFlagRule
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record

Row = AuditStratum | AuditCheckpoint | RedFlagRule


def change(row: Row, values: Mapping[str, object], *, actor: Actor) -> Row:
    """Save a row as edited, or a new one. Drawn samples keep the layers and questions they were drawn with.

    Raises DomainError `core.not_allowed` (needs the right to change, or add, this kind of row).
    """
    verb = "add" if row._state.adding else "change"
    if not actor.can(f"billing.{verb}_{row._meta.model_name}"):
        raise DomainError("core.not_allowed")
    before = {} if verb == "add" else {name: str(getattr(type(row).objects.get(pk=row.pk), name)) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save()
        changed = {
            n: [before.get(n, ""), str(getattr(row, n))] for n in values if before.get(n) != str(getattr(row, n))
        }
        data = {"row": row._meta.model_name, "name": str(row), "changed": changed}
        record(events.AUDIT_RULES_CHANGED, subject=row, actor=actor, data=data)
    return row
