"""Asking upward: a room above may forbid a transition below ("may this ticket close while money is open?")."""

from collections.abc import Callable
from typing import Any

from django.db import models

from apps.core.errors import DomainError

Gate = Callable[[Any, dict[str, Any]], DomainError | None]
_gates: dict[str, list[Gate]] = {}


def register(transition: str, gate: Gate) -> None:
    """Add a gate to `app.model.transition`; it gets the locked object and the transition's data. Call in `ready()`."""
    gates = _gates.setdefault(transition, [])
    if gate not in gates:
        gates.append(gate)


def refusal(obj: models.Model, transition: str, data: dict[str, Any]) -> DomainError | None:
    """The first refusal, or None."""
    for gate in _gates.get(f"{obj._meta.label_lower}.{transition}", []):
        if error := gate(obj, data):
            return error
    return None
