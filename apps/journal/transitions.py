"""The one door for state. See ARCHITECTURE.md.

A `@transition` method is pure: it sets fields and returns the facts for the event. It declares
`permission="app.codename"` (or a callable(obj, actor)), `conditions=[…]` (functions with a `.code` naming their error)
and `custom={"event": "ticket.assigned", "label": _("Assign")}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django_fsm import FSMFieldMixin, Transition

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events, gates

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Offer:
    """A transition that exists from the present state; `refusal` says why this actor can't take it now.

    `target` is empty where it depends on what the step is given.
    """

    name: str
    label: str
    target: str
    refusal: DomainError | None

    @property
    def allowed(self) -> bool:
        return self.refusal is None


def condition(code: str) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """Name the error that a condition's refusal raises."""

    def mark(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        function.code = code  # type: ignore[attr-defined]
        return function

    return mark


def apply(obj: M, name: str, *, actor: Actor, reason: str = "", expected_version: int | None = None, **data: Any) -> M:
    """Re-read under lock, check, change, save, record. Returns the fresh object; `obj` itself is left as it was.

    Raises DomainError: `transition.impossible` (409, wrong state), `core.not_allowed` (403), a condition's or gate's
    own code, `core.stale` (409) when `expected_version` is given and somebody saved since. A refusal leaves nothing.
    """
    with transaction.atomic():
        fresh = locks.row(type(obj), obj.pk)
        if expected_version is not None and fresh.version != expected_version:  # type: ignore[attr-defined]
            raise DomainError("core.stale")
        field, step = _step(fresh, name)
        if step is None:
            raise DomainError("transition.impossible", transition=name, state=_state_label(fresh, field))
        if error := _refusal(fresh, step, actor, data):
            raise error
        source = getattr(fresh, field.name)
        facts = getattr(fresh, name)(**data) or {}
        if hasattr(fresh, "version"):
            fresh.version += 1
        fresh.save()
        events.record(
            step.custom["event"],
            subject=fresh,
            actor=actor,
            reason=reason,
            data={"from": source, "to": getattr(fresh, field.name), **facts},
        )
        return fresh


def available(obj: models.Model, actor: Actor) -> list[Offer]:
    """All transitions that leave the present state, allowed or not, in the order they are written in the model."""
    offers = []
    for field, name in _methods(obj):
        step = _meta(obj, name).get_transition(getattr(obj, field.name))
        if step is not None:
            label = str(step.custom.get("label", name))
            target = step.target if isinstance(step.target, str) else ""
            offers.append(Offer(name, label, target, _refusal(obj, step, actor, {})))
    return offers


def _methods(obj: models.Model) -> Iterator[tuple[FSMFieldMixin, str]]:
    for field in obj._meta.get_fields():
        if isinstance(field, FSMFieldMixin):
            yield from ((field, name) for name in field.transitions[type(obj)])


def _meta(obj: models.Model, name: str) -> Any:
    return getattr(type(obj), name)._django_fsm


def _step(obj: models.Model, name: str) -> tuple[FSMFieldMixin, Transition | None]:
    for field, method in _methods(obj):
        if method == name:
            return field, _meta(obj, name).get_transition(getattr(obj, field.name))
    raise LookupError(f"{obj._meta.label} has no transition {name}")


def _refusal(obj: models.Model, step: Transition, actor: Actor, data: dict[str, Any]) -> DomainError | None:
    permission = step.permission
    if callable(permission):
        allowed = permission(obj, actor)  # type: ignore[arg-type]
    else:
        allowed = not permission or actor.can(permission)
    if not allowed:
        return DomainError("core.not_allowed")
    for check in step.conditions:
        if not check(obj):
            return DomainError(getattr(check, "code", "transition.condition"))
    return gates.refusal(obj, step.name, data)


def _state_label(obj: models.Model, field: FSMFieldMixin) -> str:
    display = getattr(obj, f"get_{field.name}_display", None)
    return str(display() if display else getattr(obj, field.name))
