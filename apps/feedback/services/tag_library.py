"""Keeping the list of tags (CLS-08): which are suggested, renaming and merging them over many tickets in batches."""

import time

from django.db import transaction
from django.db.models import Q

from apps.core import locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Tag, Ticket
from apps.feedback.services import tagging
from apps.journal import doorbell
from apps.journal import events as journal
from apps.journal.events import NewEvent

REPLACE = "feedback.replace_tags"  # the task that carries renamings on
BATCH = 500
ACTOR = system("tags")
RIGHT = "feedback.change_tag"


def save(tag: Tag, *, actor: Actor) -> Tag:
    """Add a tag, or change what it is suggested for. Renaming is `rename`.

    Raises DomainError `core.not_allowed` and as `tagging.checked` does.
    """
    if not actor.can("feedback.add_tag" if tag._state.adding else RIGHT):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        if tag._state.adding:
            tag.name = tagging.checked(tag.name)
        tag.save()
        data = {"name": tag.name, "suggested": tag.suggested, "category": str(tag.category or "")}
        journal.record(events.TAG_CHANGED, subject=tag, actor=actor, data=data)
    return tag


def rename(tag: Tag, typed: str, *, actor: Actor) -> Tag:
    """Call it otherwise everywhere; a name that is there already takes its tickets over. Returns the tag that stays.

    The old word stands for the new one from now on. Tickets follow in batches, the first before this returns.
    Raises DomainError `core.not_allowed`, `tag.same` and as `tagging.checked` does.
    """
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    name = tagging.checked(typed)
    with transaction.atomic():
        old = locks.row(Tag, tag.pk)
        if name == old.name:
            raise DomainError("tag.same", field="name")
        Tag.objects.bulk_create([Tag(name=name, category=old.category, suggested=old.suggested)], ignore_conflicts=True)
        new = locks.rows(Tag.objects.filter(name=name))[0]
        if new.becomes_id is not None:  # a word that was given up before is wanted again
            new.becomes = None
            new.pending = False
            new.save(update_fields=["becomes", "pending"])
        old.becomes, old.pending, old.suggested = new, True, False
        old.save(update_fields=["becomes", "pending", "suggested"])
        for former in locks.rows(Tag.objects.filter(becomes=old)):  # what stood for the old word stands for the new one
            former.becomes = None if former.pk == new.pk else new
            former.save(update_fields=["becomes"])
        journal.record(events.TAG_CHANGED, subject=old, actor=actor, data={"name": old.name, "becomes": new.name})
        doorbell.ring(REPLACE)
    replace_batch(old)
    return new


def replace_all(*, seconds: float = 20.0) -> int:
    """Carry all renamings on, for at most `seconds`. Returns how many tickets were changed."""
    changed, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        tag = Tag.objects.filter(pending=True, becomes__isnull=False).order_by("pk").first()
        if tag is None:
            break
        changed += replace_batch(tag)
    return changed


@transaction.atomic
def replace_batch(tag: Tag) -> int:
    """Up to BATCH tickets get the new word for the old one; the last batch ends the renaming."""
    old = locks.row(Tag, tag.pk)
    if old.becomes is None or not old.pending:
        return 0
    new = old.becomes
    having = Ticket.objects.filter(~Q(tags=[]), tags__contains=[old.name])
    ids = list(having.order_by("pk").values_list("pk", flat=True)[:BATCH])
    found = [t for t in locks.rows(Ticket.objects.filter(pk__in=ids)) if old.name in t.tags]
    for ticket in found:
        ticket.tags = list(dict.fromkeys(new.name if word == old.name else word for word in ticket.tags))
    Ticket.objects.bulk_update(found, ["tags"])
    data = {"added": [new.name], "removed": [old.name], "renamed": True}
    journal.record_many([NewEvent(events.TAGS_CHANGED, ticket, ACTOR, data) for ticket in found])
    if len(ids) < BATCH:
        old.pending = False
        recount([old, new])
        old.save(update_fields=["pending"])
    return len(found)


def recount(tags: list[Tag]) -> None:
    """Set how many tickets have each of these tags."""
    for tag in tags:
        uses = Ticket.objects.filter(~Q(tags=[]), tags__contains=[tag.name]).count()
        Tag.objects.filter(pk=tag.pk).update(uses=uses)


def delete(tag: Tag, *, actor: Actor) -> None:
    """Take a tag that no ticket has off the list. Raises DomainError `core.not_allowed`, `tag.in_use`."""
    if not actor.can("feedback.delete_tag"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        row = locks.row(Tag, tag.pk)
        used = Ticket.objects.filter(~Q(tags=[]), tags__contains=[row.name]).exists()
        if used or Tag.objects.filter(becomes=row).exists():
            raise DomainError("tag.in_use")
        about = journal.ref(row)
        row.delete()
        journal.record(events.TAG_CHANGED, subject=about, actor=actor, data={"name": tag.name, "deleted": True})


def beginning(typed: str, limit: int = 10) -> list[str]:
    """Tags that begin with what is typed, the most used first: for completion."""
    text = tagging.normalised(typed)
    rows = Tag.objects.filter(becomes=None)
    if text:
        rows = rows.filter(name__startswith=text)
    return list(rows.order_by("-uses", "name").values_list("name", flat=True)[:limit])


def suggestions(ticket: Ticket, limit: int = 8) -> list[str]:
    """What fits this ticket: tags of its category, words found in its text, then those for all, the most used first."""
    fitting = Q(category_id=ticket.category_id) | Q(category=None)
    rows = Tag.objects.filter(fitting, Q(suggested=True) | Q(uses__gt=0), becomes=None)
    listed = list(rows.order_by("-uses", "-suggested", "name").values_list("name", "category_id")[: limit * 4])
    hits = [tagging.normalised(hit["text"]) for hit in ticket.hits if hit.get("category") or hit.get("risk")]
    words = [name for name, category in listed if category is not None][: limit // 2]
    words += [hit for hit in hits if 1 < len(hit) <= tagging.LENGTH][: limit // 4]
    words += [name for name, category in listed if category is None]
    return [word for word in dict.fromkeys(words) if word not in ticket.tags][:limit]
