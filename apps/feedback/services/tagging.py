"""Tags of a ticket: short words that staff sort by (CLS-08)."""

import re
import unicodedata
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Tag, Ticket
from apps.feedback.services import words
from apps.journal import events as journal

LENGTH = 30  # characters
MOST = 20  # tags on one ticket
SEPARATORS = re.compile(r"[,，、;；\n\r]+")
_PERSONAL = re.compile(r"@|\d{7,}")  # tags stand in events and lists, where no personal data belongs


def normalised(typed: str) -> str:
    """A tag as it is kept: narrow letters, lower case, single spaces, without a leading #."""
    return words.line(unicodedata.normalize("NFKC", typed).lower()).lstrip("#").strip()


def checked(typed: str) -> str:
    """`normalised`. Raises DomainError `core.required`, `core.too_long`, `core.control_characters`, `tag.personal`."""
    tag = normalised(typed)
    tag = words.checked(tag, "tag", limit=LENGTH, required="core.required")
    if SEPARATORS.search(tag):
        raise DomainError("core.invalid_choice", field="tag", value=tag)
    if _PERSONAL.search(tag):
        raise DomainError("tag.personal", field="tag")
    return tag


def split(typed: str) -> list[str]:
    """Several tags as people write them into one box."""
    return [part for part in SEPARATORS.split(typed) if part.strip()]


def add(ticket: Ticket, tag: str, *, actor: Actor) -> Ticket:
    """Put a tag on; one that is there already stays as it is. Errors as in `change`."""
    return change(ticket, actor=actor, put=[tag])


def remove(ticket: Ticket, tag: str, *, actor: Actor) -> Ticket:
    """Take a tag off; one that is not there is no error. Errors as in `change`."""
    return change(ticket, actor=actor, take=[tag])


def replace(ticket: Ticket, tags: Iterable[str], *, actor: Actor) -> Ticket:
    """The ticket has exactly these tags. Errors as in `change`."""
    wanted = [checked(tag) for tag in tags]
    return change(ticket, actor=actor, put=wanted, only=True)


def change(
    ticket: Ticket, *, actor: Actor, put: Iterable[str] = (), take: Iterable[str] = (), only: bool = False
) -> Ticket:
    """Put tags on and take others off, with one event; `only` takes off whatever is not put on.

    A tag that was renamed means the new one. Raises DomainError `core.not_allowed`, `core.required`, `core.too_long`,
    `core.control_characters`, `tag.personal`, `ticket.too_many_tags`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    new = _present([checked(tag) for tag in put])
    off = {normalised(tag) for tag in take}
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        kept = [tag for tag in fresh.tags if tag not in off and (not only or tag in new)]
        tags = list(dict.fromkeys([*kept, *new]))
        if len(tags) > MOST:
            raise DomainError("ticket.too_many_tags", field="tag", limit=MOST)
        added, removed = [t for t in tags if t not in fresh.tags], [t for t in fresh.tags if t not in tags]
        if not added and not removed:
            return fresh
        fresh.tags = tags
        fresh.version += 1
        fresh.save(update_fields=["tags", "version"])
        _count(added, removed)
        data = {"added": added, "removed": removed}
        journal.record(events.TAGS_CHANGED, subject=fresh, actor=actor, data=data)
        return fresh


def _present(tags: list[str]) -> list[str]:
    """The same tags by the names that hold today."""
    if not tags:
        return []
    renamed = dict(Tag.objects.filter(name__in=tags, becomes__isnull=False).values_list("name", "becomes__name"))
    return list(dict.fromkeys(renamed.get(tag, tag) for tag in tags))


def _count(added: list[str], removed: list[str]) -> None:
    """Keep the list of tags: what is new is entered, in the order of names, so that no two wait in a circle."""
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(added)], ignore_conflicts=True)
    for name in sorted({*added, *removed}):
        rows = Tag.objects.filter(name=name)
        if name in added:
            rows.update(uses=F("uses") + 1)
        else:
            rows.filter(uses__gt=0).update(uses=F("uses") - 1)
