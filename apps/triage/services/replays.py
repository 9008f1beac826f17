"""Trying a keyword change on past tickets before it is made (CLS-10): what would move, and is it better or worse.

The tickets are read in batches, each asked for by the page that shows how far it is: whoever leaves the page loses
nothing and can go on later, and no worker is needed. Nothing of the library is written until `apply`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record
from apps.triage import events, rulebook, sources
from apps.triage.models import Decision, Replay
from apps.triage.rulebook import Rulebook
from apps.triage.services import changes
from apps.triage.services.changes import Change
from apps.triage.services.classify import Classification, classify_with
from apps.triage.services.models import check_right
from apps.triage.sources import Past

BATCH = 1_000
MOST_DAYS = 730
EXAMPLES = 5  # of each kind of move


def start(lines: Sequence[Change], days: int, *, actor: Actor) -> Replay:
    """A replay over what came in within the last `days`; no ticket is read yet.

    Raises DomainError `core.not_allowed`, DomainErrors of `changes.checked`.
    """
    check_right(actor)
    kept = changes.checked(lines)
    until = clock.now()
    days = max(1, min(MOST_DAYS, days))
    total = sources.current().between(until - timedelta(days=days), until, actor=actor)
    return Replay.objects.create(
        changes=kept, days=days, until=until, total=total, tally=_empty(), made_by_id=actor.user_id
    )


def advance(replay: Replay, *, actor: Actor) -> Replay:
    """Read the next batch of tickets and add up what would move; does nothing when all were read.

    Raises DomainError `core.not_allowed`.
    """
    check_right(actor)
    with transaction.atomic():
        fresh = locks.row(Replay, replay.pk)
        if fresh.finished:
            return fresh
        since = fresh.until - timedelta(days=fresh.days)
        batch = sources.current().batch(since, fresh.until, fresh.position, actor=actor, limit=BATCH)
        before = rulebook.current()
        after = changes.book_with(before, fresh.changes)
        for past in batch:
            _add(fresh.tally, past, before, after)
        fresh.done += len(batch)
        fresh.position = str(batch[-1].id) if batch else fresh.position
        fresh.finished = len(batch) < BATCH
        fresh.save(update_fields=["tally", "done", "position", "finished"])
        return fresh


def apply(replay: Replay, *, actor: Actor, reason: str = "") -> int:
    """Make the change; returns how many keywords are different now.

    Raises DomainError `core.not_allowed`, `replay.decided`, DomainErrors where the library has moved on so far that the
    change does not fit any more.
    """
    with transaction.atomic():
        fresh = _open(replay, actor)
        done = changes.apply(fresh.changes, actor=actor, reason=reason)
        _decide(fresh, Decision.ACCEPTED, actor)
        record(events.REPLAY_APPLIED, subject=fresh, actor=actor, reason=reason, data={"keywords": done})
        return done


def drop(replay: Replay, *, actor: Actor) -> None:
    """Leave the library as it is. Raises DomainError `core.not_allowed`, `replay.decided`."""
    with transaction.atomic():
        _decide(_open(replay, actor), Decision.DISMISSED, actor)


def _open(replay: Replay, actor: Actor) -> Replay:
    check_right(actor)
    fresh = locks.row(Replay, replay.pk)
    if fresh.decision != Decision.OPEN:
        raise DomainError("replay.decided")
    return fresh


def _decide(replay: Replay, decision: Decision, actor: Actor) -> None:
    replay.decision, replay.decided_at = decision, clock.now()
    replay.save(update_fields=["decision", "decided_at"])


def _empty() -> dict[str, Any]:
    return {"moves": {}, "risks": {}, "labelled": 0, "right_before": 0, "right_after": 0, "better": [], "worse": []}


def _add(tally: dict[str, Any], past: Past, before: Rulebook, after: Rulebook) -> None:
    """Count one ticket. Categories are compared as they are, the labels' sub-categories by the top of their branch."""
    old, new = classify_with(before, past.text), classify_with(after, past.text)
    _note(tally["moves"], old.category, new.category, past, new)
    _note(tally["risks"], old.risk, new.risk, past, new)
    roots = before.branches.roots()
    if not past.by_person or past.category not in roots:
        return
    label = roots[past.category]
    was, is_now = roots.get(old.category) == label, roots.get(new.category) == label
    tally["labelled"] += 1
    tally["right_before"] += was
    tally["right_after"] += is_now
    if was != is_now and len(tally["better" if is_now else "worse"]) < EXAMPLES:
        found = {**_example(past, new), "label": label, "from": old.category, "to": new.category}
        tally["better" if is_now else "worse"].append(found)


def _note(counts: dict[str, Any], old: str, new: str, past: Past, found: Classification) -> None:
    if old == new:
        return
    move = counts.setdefault(f"{old} {new}", {"from": old, "to": new, "count": 0, "examples": []})
    move["count"] += 1
    if len(move["examples"]) < EXAMPLES:
        move["examples"].append(_example(past, found))


def _example(past: Past, found: Classification) -> dict[str, Any]:
    """A ticket by its number, and the words that decided: not its text, which may hold personal data."""
    return {"name": past.name, "url": past.url, "words": [hit.text for hit in found.hits if hit.weight or hit.risk][:5]}
