"""The only writer of categories, keywords, points and routing rules. Each change is a new library version (CLS-02)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import models, transaction

from apps.accounts.models import Department
from apps.core import locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.journal.events import record
from apps.triage import events, rulebook
from apps.triage.folding import fold
from apps.triage.learning.targets import OTHER
from apps.triage.models import Category, Keyword, LibraryVersion, RoutingRule, ScoreWeight
from apps.triage.states import CHOICES, Factor

Row: TypeAlias = Category | Keyword | RoutingRule | ScoreWeight

_ADDED = {
    Category: events.CATEGORY_ADDED,
    Keyword: events.KEYWORD_ADDED,
    RoutingRule: events.RULE_ADDED,
    ScoreWeight: events.WEIGHT_ADDED,
}
_CHANGED = {
    Category: events.CATEGORY_CHANGED,
    Keyword: events.KEYWORD_CHANGED,
    RoutingRule: events.RULE_CHANGED,
    ScoreWeight: events.WEIGHT_CHANGED,
}
_NUMBERS = {
    Factor.REPEATS: (1, 999),
    Factor.NUDGES: (1, 999),
    Factor.SENTIMENT: (-1, 0),
}  # factor: lowest and highest value


def save(
    row: Row, *, actor: Actor, collaborators: Sequence[Department] | None = None, reason: str = ""
) -> LibraryVersion | None:
    """Add or change one row of the library; it works in every process within a second.

    `collaborators` are those of a routing rule; None leaves them. Returns the new version, or None when nothing was
    different. Raises DomainError `core.not_allowed` without `triage.change_<model>`, and what `check` raises.
    """
    model = type(row)
    if not actor.can(f"triage.change_{model._meta.model_name}"):
        raise DomainError("core.not_allowed")
    check(row)
    with transaction.atomic():
        adding = row._state.adding
        before = {} if adding else _facts(locks.row(model, row.pk))
        row.save(force_insert=adding)
        if collaborators is not None and isinstance(row, RoutingRule):
            row.collaborators.set(collaborators)
        after = _facts(row)
        changes = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
        if not changes:
            return None
        kind = _ADDED[model] if adding else _CHANGED[model]
        version = bump(kind, str(row), actor=actor)
        record(kind, subject=row, actor=actor, reason=reason, data={"version": version.number, "changes": changes})
        return version


def set_active(rows: Iterable[Category | Keyword | RoutingRule], active: bool, *, actor: Actor) -> int:
    """Retire rows, or bring them back; returns how many changed. Raises what `save` raises, and then none changed."""
    changed = 0
    with transaction.atomic():
        for row in rows:
            if row.active != active:
                row.active = active
                changed += save(row, actor=actor) is not None
    return changed


def save_points(points: Mapping[ScoreWeight, int], *, actor: Actor, reason: str = "") -> int:
    """Change several points at once, all or none (CLS-05); returns how many are different now. Raises what `save` raises."""
    changed = 0
    with transaction.atomic():
        for row, value in points.items():
            if row.points != value:
                row.points = value
                changed += save(row, actor=actor, reason=reason) is not None
    return changed


def bump(change: str, what: str, *, actor: Actor) -> LibraryVersion:
    """The next version, inside the transaction of the change. Versions are numbered in the order of their commits."""
    version = LibraryVersion.objects.create(
        number=numbers.take("triage.library"),
        change=change,
        what=what[:200],
        changed_by_id=actor.user_id,
        actor_label=actor.label,
    )
    rulebook.expire()  # this transaction sees its own change
    transaction.on_commit(rulebook.expire)
    return version


def tidy(text: str) -> str:
    """A keyword as the library keeps it."""
    return fold(text.strip())


def check(row: Row) -> None:
    """Tidy a row and look for everything that is wrong with it. Raises DomainErrors, each beside its field."""
    errors: list[DomainError] = []
    if isinstance(row, Keyword):
        errors = _keyword_errors(row)
    elif isinstance(row, Category):
        errors = _category_errors(row)
    elif isinstance(row, ScoreWeight):
        errors = _weight_errors(row)
    if not errors:
        try:
            row.full_clean()
        except ValidationError as error:
            for field, problems in error.message_dict.items():
                name = None if field == "__all__" else field
                errors += [DomainError("library.invalid", field=name, why=problem) for problem in problems]
    if errors:
        raise DomainErrors(errors)


def _keyword_errors(row: Keyword) -> list[DomainError]:
    row.text = tidy(row.text)
    errors = []
    longest = Keyword._meta.get_field("text").max_length or 0
    if not any(character.isalnum() for character in row.text):
        errors.append(DomainError("keyword.empty", field="text"))
    elif len(row.text) > longest:
        errors.append(DomainError("keyword.too_long", field="text", limit=longest))
    elif Keyword.objects.filter(text=row.text).exclude(pk=row.pk).exists():
        errors.append(DomainError("keyword.taken", field="text", text=row.text))
    if row.category_id is None and row.weight:
        errors.append(DomainError("keyword.weight_without_category", field="category"))
    if row.category_id is not None and not row.weight:
        errors.append(DomainError("keyword.category_without_weight", field="weight"))
    return errors


def _category_errors(row: Category) -> list[DomainError]:
    if row.slug == OTHER and (not row.active or row.parent_id):
        return [DomainError("category.fallback", field="active" if not row.active else "parent")]
    above = row.parent
    while above is not None:
        if above.pk == row.pk:
            return [DomainError("category.own_ancestor", field="parent")]
        above = above.parent
    return []


def _weight_errors(row: ScoreWeight) -> list[DomainError]:
    row.value = row.value.strip()
    if row.factor not in Factor.values:
        return [DomainError("core.invalid_choice", field="factor", value=row.factor)]
    factor = Factor(row.factor)
    if factor in _NUMBERS:
        low, high = _NUMBERS[factor]
        try:
            fits = low <= float(row.value) <= high
        except ValueError:
            fits = False
        return [] if fits else [DomainError("score_weight.number", field="value", low=low, high=high)]
    known = CHOICES[factor].values
    if row.value in known:
        return []
    return [DomainError("score_weight.unknown_value", field="value", value=row.value, known=", ".join(known))]


def _facts(row: Row) -> dict[str, Any]:
    """A row as the journal keeps it: numbers in one spelling, relations by their codes."""
    facts: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in ("id", "created_at"):
            continue
        value = getattr(row, field.name)
        if isinstance(field, models.DecimalField):
            value = f"{float(value):g}"
        elif isinstance(value, Category):
            value = value.slug
        elif isinstance(value, Department):
            value = value.code
        facts[field.name] = value
    if isinstance(row, RoutingRule):
        facts["collaborators"] = sorted(row.collaborators.values_list("code", flat=True))
    return facts
