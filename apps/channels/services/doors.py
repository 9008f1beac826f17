"""Doors: kept by administrators, and how they fare (INT-01)."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, ProtectedError, Q

from apps.channels import events, limits
from apps.channels.adapters import base
from apps.channels.adapters.base import Unreachable
from apps.channels.models import Door
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.journal import events as journal

__all__ = [
    "Unreachable",
    "answered",
    "check",
    "count_refused",
    "failed",
    "heard",
    "refused",
    "refused_lately",
    "remove",
    "save",
    "secrets_of",
    "test",
]

EDITABLE = ("name", "active", "ticket_kind")
DAYS = 14  # how long after the last word an open ticket goes on in the same conversation
LONGEST_FAILURE = 300
NOTED_EVERY = timedelta(minutes=1)
HOUR, HOURS = 3600, 24  # seconds; how far back refused requests are told


# How it fares -------------------------------------------------------------------------------------------------------


def heard(door: Door) -> None:
    """Something came in through the door."""
    Door.objects.filter(pk=door.pk).update(heard_at=clock.now())


def answered(door: Door) -> None:
    """The platform took what we sent, or answered what we asked: what failed before is over."""
    Door.objects.filter(pk=door.pk).update(answered_at=clock.now(), failures=0, failure="")


def failed(door: Door, error: Exception | str) -> None:
    """The platform could not be reached or refused us. The words are for staff: no key, no name, no text of theirs."""
    words = str(error) if isinstance(error, str | Unreachable | DomainError) else type(error).__name__
    Door.objects.filter(pk=door.pk).update(
        failed_at=clock.now(), failure=words[:LONGEST_FAILURE], failures=F("failures") + 1
    )


def refused(door: Door) -> None:
    """A request with a wrong signature: not the door's failure (anybody can send one), but whoever set it up wants to know.

    Noted once a minute at most; how many there were, `count_refused` knows.
    """
    now = clock.now()
    stale = Q(refused_at=None) | Q(refused_at__lt=now - NOTED_EVERY)
    Door.objects.filter(stale, pk=door.pk).update(refused_at=now)


def count_refused(door: Door) -> None:
    """Count a refused request by the hour, in the cache alone: a flood of them costs the database nothing."""
    limits.count(_refusals(door.pk), seconds=HOUR, keep=HOUR * (HOURS + 1))


def refused_lately(door_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many requests each door refused in the last 24 hours, counted in whole hours. One look into the cache for all."""
    names = {_refusals(pk): pk for pk in door_ids}
    return {names[what]: n for what, n in limits.counted(names, seconds=HOUR, windows=HOURS).items()}


def _refusals(door_id: UUID) -> str:
    return f"refused-by:{door_id}"


# Keeping ------------------------------------------------------------------------------------------------------------


def secrets_of(door: Door) -> dict[str, str]:
    """The door's keys by name. Never shown, logged or put into an event."""
    return base.secrets_of(door)


def check(door: Door, settings: dict[str, Any], secrets: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a door's own fields, tidied. An empty key keeps the present one.

    Raises DomainErrors, each beside its field: `channels.key_missing`, `channels.bad_address`, `channels.key_anew` (keys
    that are only kept are not sent to another address), and those of the platform's own rules (`Platform.problems`).
    """
    fields = base.fields_of(door.kind)
    known = secrets_of(door)
    values, keys = {}, {}
    for field in fields:
        typed = str((secrets if field.secret else settings).get(field.name, "")).strip()
        if field.secret:
            keys[field.name] = typed or known.get(field.name, "")
        else:
            values[field.name] = typed
    everything = {**values, **keys}
    errors = [
        DomainError("channels.key_missing", field=field.name)
        for field in fields
        if door.active and field.required and not everything[field.name]
    ]
    if base.moves(door, values):
        kept = [f.name for f in fields if f.secret and known.get(f.name) and not str(secrets.get(f.name, "")).strip()]
        errors += [DomainError("channels.key_anew", field=name) for name in kept]
    platform = base.platform(door.kind)
    errors += [e for e in platform.problems(everything) if e.field not in {old.field for old in errors}]
    if errors:
        raise DomainErrors(errors)
    return {name: value for name, value in values.items() if value}, {name: key for name, key in keys.items() if key}


def save(door: Door, settings: dict[str, Any], secrets: dict[str, str], *, actor: Actor) -> Door:
    """Add or change a door. The journal knows what changed; a key is told only as "…".

    Raises DomainError `core.not_allowed`, `channels.kind_fixed`; DomainErrors as `check` does.
    """
    if not actor.can(f"channels.{'add' if door._state.adding else 'change'}_door"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        before = None if door._state.adding else locks.row(Door, door.pk)
        if before is not None and before.kind != door.kind:
            raise DomainError("channels.kind_fixed", field="kind")
        values, keys = check(door, settings, secrets)
        changes = _changes(before, door, values, keys)
        door.settings, door.secrets = values, json.dumps(keys) if keys else ""
        if before is None:
            door.save(force_insert=True)
        elif changes:  # what its traffic notes meanwhile is left alone; a lent token belonged to the old keys
            door.token, door.token_until, door.failures = "", None, 0
            door.save(update_fields=[*EDITABLE, "settings", "secrets", "token", "token_until", "failures"])
        if changes:
            journal.record(events.DOOR_CHANGED, subject=door, actor=actor, data={"changes": changes})
    return door


def _changes(before: Door | None, door: Door, values: dict[str, Any], keys: dict[str, str]) -> dict[str, list[Any]]:
    names = ("kind", *EDITABLE) if before is None else EDITABLE
    changes = {
        name: [getattr(before, name, None), getattr(door, name)]
        for name in names
        if before is None or getattr(before, name) != getattr(door, name)
    }
    old_values = before.settings if before else {}
    old_keys = secrets_of(before) if before else {}
    for name in sorted({*old_values, *values}):
        if old_values.get(name) != values.get(name):
            changes[name] = [old_values.get(name), values.get(name)]
    for name in sorted({*old_keys, *keys}):
        if old_keys.get(name) != keys.get(name):
            changes[name] = ["…" if old_keys.get(name) else None, "…" if keys.get(name) else None]
    return changes


def remove(door: Door, *, actor: Actor) -> None:
    """Delete a door that nothing came in by. Raises DomainError `core.not_allowed`, `channels.door_used`."""
    if not actor.can("channels.delete_door"):
        raise DomainError("core.not_allowed")
    about, name = journal.ref(door), door.name
    try:
        with transaction.atomic():
            door.delete()
            journal.record(events.DOOR_CHANGED, subject=about, actor=actor, data={"changes": {"name": [name, None]}})
    except ProtectedError as error:
        raise DomainError("channels.door_used") from error


def test(door_id: UUID, *, actor: Actor) -> str:
    """Ask the platform whether it knows us, while somebody waits; returns what it calls us, maybe "".

    Raises DomainError `core.not_allowed`, `channels.nothing_to_check`; Unreachable, which is then the door's last error.
    """
    if not actor.can("channels.change_door"):
        raise DomainError("core.not_allowed")
    door = Door.objects.get(pk=door_id)
    try:
        words = base.platform(door.kind).check(door)
    except NotImplementedError as error:
        raise DomainError("channels.nothing_to_check") from error
    except Unreachable as error:
        failed(door, error)
        raise
    answered(door)
    return words
