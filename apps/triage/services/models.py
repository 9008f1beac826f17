"""Which learned model works. The only writer of ModelVersion (CLS-03)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.core import locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record
from apps.triage import events
from apps.triage.learning.linear import LinearModel
from apps.triage.learning.targets import Target
from apps.triage.models import LibraryVersion, ModelVersion, Origin
from apps.triage.services import library

SHIPPED = Path(__file__).parent.parent / "defaults" / "models"  # written by `manage.py train_shipped_models`


def keep(target: str, weights: bytes, *, actor: Actor, origin: str, figures: dict[str, Any]) -> ModelVersion:
    """Write down a model; it does not work yet. `figures` are those of `services.training.judged`."""
    with transaction.atomic():
        version = ModelVersion.objects.create(
            number=numbers.take("triage.model"),
            target=target,
            origin=origin,
            texts=figures["texts"],
            corrections=figures["corrections"],
            accuracy=figures["accuracy"],
            macro_f1=figures["macro_f1"],
            figures=figures,
            digest=hashlib.sha256(weights).hexdigest(),
            weights=weights,
            actor_label=actor.label,
        )
        short = {name: figures[name] for name in ("texts", "accuracy", "macro_f1")}
        data = {"number": version.number, "target": target, "origin": origin, **short, "digest": version.digest}
        record(events.MODEL_TRAINED, subject=version, actor=actor, data=data)
        return version


def activate(version: ModelVersion, *, actor: Actor, reason: str = "") -> LibraryVersion | None:
    """Let this version answer its question from now on, everywhere within a second; None if it does already.

    Raises DomainError `core.not_allowed`, `model.unreadable`.
    """
    check_right(actor)
    with transaction.atomic():
        of_target = locks.rows(ModelVersion.objects.filter(target=version.target).light())
        before = next((v for v in of_target if v.active), None)
        if before is not None and before.pk == version.pk:
            return None
        weights(version)
        _set(before, False)
        _set(version, True)
        return _record(events.MODEL_ACTIVATED, version, actor, reason, before=before.number if before else None)


def deactivate(version: ModelVersion, *, actor: Actor, reason: str = "") -> LibraryVersion | None:
    """Let the keywords answer this question alone; None if they do already. Raises DomainError `core.not_allowed`."""
    check_right(actor)
    with transaction.atomic():
        fresh = locks.row(ModelVersion, version.pk)
        if not fresh.active:
            return None
        _set(fresh, False)
        _set(version, False)
        return _record(events.MODEL_DEACTIVATED, fresh, actor, reason)


def install_shipped(*, actor: Actor) -> int:
    """Keep the shipped models that are not here yet; returns how many were new.

    A new one works at once where none has ever worked or a shipped one does; what a site has trained or switched off
    itself stays so.
    """
    made = 0
    for target in Target.values:
        file = SHIPPED / f"{target}.model"
        if not file.exists():  # a product may ship fewer
            continue
        raw = file.read_bytes()
        of_target = ModelVersion.objects.filter(target=target)
        if of_target.filter(digest=hashlib.sha256(raw).hexdigest()).exists():
            continue
        untouched = not of_target.exists() or of_target.filter(active=True, origin=Origin.SHIPPED).exists()
        figures = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        version = keep(target, raw, actor=actor, origin=Origin.SHIPPED, figures=figures)
        if untouched:
            activate(version, actor=actor)
        made += 1
    return made


def weights(version: ModelVersion) -> LinearModel:
    """The model itself. Raises DomainError `model.unreadable`."""
    try:
        return LinearModel.from_bytes(bytes(version.weights))
    except ValueError as error:
        raise DomainError("model.unreadable", why=error) from error


def check_right(actor: Actor) -> None:
    """Raises DomainError `core.not_allowed` for whoever may not change keywords."""
    if not actor.can("triage.change_keyword"):
        raise DomainError("core.not_allowed")


def _set(version: ModelVersion | None, active: bool) -> None:
    if version is not None:
        version.active = active
        version.save(update_fields=["active"])


def _record(kind: str, version: ModelVersion, actor: Actor, reason: str, **more: Any) -> LibraryVersion:
    library_version = library.bump(kind, str(version), actor=actor)
    data = {"version": library_version.number, "number": version.number, "target": version.target, **more}
    record(kind, subject=version, actor=actor, reason=reason, data=data)
    return library_version
