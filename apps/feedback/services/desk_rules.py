"""Changing what the desk goes by: its rules and the promise wordings (ADM-05). Who changed what is in the journal."""

from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import DeskRules, VaguePhrase
from apps.journal import events as journal
from apps.journal.events import Ref

M = TypeVar("M", bound=models.Model)


def save_rules(rules: DeskRules, *, actor: Actor) -> DeskRules:
    """Keep the one row of rules; processes go by it within a second. Raises DomainError `core.not_allowed`."""
    return _save(rules, "feedback.change_deskrules", events.RULES_CHANGED, actor)


def save_wording(wording: VaguePhrase, *, actor: Actor) -> VaguePhrase:
    """Add or change a wording of the vague-promise check (HND-02). Raises DomainError `core.not_allowed`."""
    right = "feedback.add_vaguephrase" if wording.pk is None else "feedback.change_vaguephrase"
    return _save(wording, right, events.PROMISE_WORDING_CHANGED, actor)


def delete_wording(wording: VaguePhrase, *, actor: Actor) -> None:
    """Raises DomainError `core.not_allowed`."""
    if not actor.can("feedback.delete_vaguephrase"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        about, before = _ref(wording), _values(wording)
        wording.delete()
        changes = {name: [value, None] for name, value in before.items()}
        journal.record(events.PROMISE_WORDING_CHANGED, subject=about, actor=actor, data={"changes": changes})


def _save(row: M, right: str, kind: str, actor: Actor) -> M:
    if not actor.can(right):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        known = type(row)._default_manager.filter(pk=row.pk).first() if row.pk is not None else None
        before = _values(known) if known else {}
        row.save()
        changes = {name: [before.get(name), value] for name, value in _values(row).items() if before.get(name) != value}
        if changes:
            journal.record(kind, subject=_ref(row), actor=actor, data={"changes": changes})
    return row


def _values(row: models.Model) -> dict[str, Any]:
    return {field.name: field.value_to_string(row) for field in row._meta.concrete_fields if not field.primary_key}


def _ref(row: models.Model) -> Ref:
    """These rows count in integers; as a UUID that integer is the subject's id in the journal."""
    return Ref(row._meta.label_lower, UUID(int=row.pk))
