"""Keeping the rows that staff edit: who changed what, from what, is in the journal (ADM-05)."""

from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction

from apps.casework import events
from apps.casework.demandable import NEEDS
from apps.casework.models import CareRule, ChecklistTemplate, ChecklistTemplateItem, StateDemand
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.services import words
from apps.journal import events as journal
from apps.journal.events import Ref

M = TypeVar("M", bound=models.Model)
_RULING = ("kind", "category_id", "demand", "risk", "urgency", "active", "automatic")


def save(row: M, *, actor: Actor) -> M:
    """Save a row under the right of its model. Raises DomainError `core.not_allowed`."""
    meta = row._meta
    if not actor.can(f"{meta.app_label}.{'add' if row._state.adding else 'change'}_{meta.model_name}"):
        raise DomainError("core.not_allowed")
    return store(row, actor=actor)


def store(row: M, *, actor: Actor, **more: Any) -> M:
    """Save and record; the caller has checked who may. `more` goes into the event."""
    with transaction.atomic():
        known = type(row)._default_manager.filter(pk=row.pk).first()
        before = _values(known) if known else {}
        row.save()
        changes = {name: [before.get(name), value] for name, value in _values(row).items() if before.get(name) != value}
        if changes or more:
            journal.record(events.RULE_CHANGED, subject=_ref(row), actor=actor, data={"changes": changes, **more})
    return row


def delete(row: models.Model, *, actor: Actor) -> None:
    """Raises DomainError `core.not_allowed`."""
    meta = row._meta
    if not actor.can(f"{meta.app_label}.delete_{meta.model_name}"):
        raise DomainError("core.not_allowed")
    discard(row, actor=actor)


def discard(row: models.Model, *, actor: Actor) -> None:
    """Delete and record; the caller has checked who may."""
    with transaction.atomic():
        about, before = _ref(row), _values(row)
        row.delete()
        changes = {name: [value, None] for name, value in before.items()}
        journal.record(events.RULE_CHANGED, subject=about, actor=actor, data={"changes": changes})


def save_checklist_template(
    template: ChecklistTemplate, items: list[ChecklistTemplateItem], *, actor: Actor
) -> ChecklistTemplate:
    """Save a template with all its items, in this order. Check-lists that are on tickets stay as they are.

    Raises DomainErrors `core.required`, `checklist.empty`; DomainError `core.not_allowed`.
    """
    found = words.text_errors(template.name, "name", limit=80, required="core.required")
    found += [e for item in items for e in words.text_errors(item.text, "text", limit=200, required="core.required")]
    if not items:
        found.append(DomainError("checklist.empty"))
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        known = ChecklistTemplate.objects.filter(pk=template.pk).first()
        if known is None or any(getattr(known, name) != getattr(template, name) for name in _RULING):
            template.ruled_since = clock.now()
        saved = save(template, actor=actor)
        old = [(i.text, i.required) for i in saved.items.all()]
        new = [(i.text.strip(), i.required) for i in items]
        if old != new:
            saved.items.all().delete()
            ChecklistTemplateItem.objects.bulk_create(
                [
                    ChecklistTemplateItem(template=saved, position=n, text=t, required=r)
                    for n, (t, r) in enumerate(new, 1)
                ]
            )
            changes = {
                "items": [[f"{'*' if r else ''}{t}" for t, r in old], [f"{'*' if r else ''}{t}" for t, r in new]]
            }
            journal.record(events.RULE_CHANGED, subject=_ref(saved), actor=actor, data={"changes": changes})
        return saved


def check_demand(demand: StateDemand) -> None:
    """Raises DomainErrors `casework.unknown_need`."""
    if demand.needs not in NEEDS:
        raise DomainErrors([DomainError("casework.unknown_need", field="needs", value=demand.needs)])


def save_demand(demand: StateDemand, *, actor: Actor) -> StateDemand:
    """Raises as `check_demand` does; DomainError `core.not_allowed`."""
    check_demand(demand)
    return save(demand, actor=actor)


def save_care_rule(rule: CareRule, *, actor: Actor) -> CareRule:
    """Raises DomainErrors `core.required`; DomainError `core.not_allowed`."""
    if found := words.text_errors(rule.task, "task", limit=200, required="core.required"):
        raise DomainErrors(found)
    return save(rule, actor=actor)


def _values(row: models.Model) -> dict[str, Any]:
    hidden = ("created_at", "ruled_since")
    fields = [f for f in row._meta.concrete_fields if not f.primary_key and f.name not in hidden]
    return {field.name: field.value_to_string(row) for field in fields}


def _ref(row: models.Model) -> Ref:
    return Ref(row._meta.label_lower, row.pk if isinstance(row.pk, UUID) else UUID(int=row.pk))
