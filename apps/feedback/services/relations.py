"""Links between tickets: related, blocks, caused by (HND-09). Many tickets of one problem are linked to it at once."""

from collections.abc import Sequence
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Ticket, TicketLink
from apps.feedback.services import words
from apps.journal import events as journal
from apps.journal.events import NewEvent

REASON = 500  # characters
MOST = 200  # tickets linked at once
Kind = TicketLink.Kind
SYMMETRIC = (Kind.RELATED, Kind.DISTINCT)


class Relation(models.TextChoices):
    """How one ticket stands to another, said from its own side."""

    RELATED = "related", _("has to do with")
    BLOCKS = "blocks", _("blocks")
    BLOCKED_BY = "blocked_by", _("is blocked by")
    CAUSED_BY = "caused_by", _("was caused by")
    CAUSES = "causes", _("is the cause of")
    DISTINCT = "distinct", _("is not the same as")


# What people choose; that two are not the same is said by unlinking a repeat.
CHOICES = [(r.value, r.label) for r in Relation if r != Relation.DISTINCT]
_REVERSED = {Relation.BLOCKED_BY: Kind.BLOCKS, Relation.CAUSES: Kind.CAUSED_BY}
_SEEN_FROM_TARGET = {Kind.BLOCKS: Relation.BLOCKED_BY, Kind.CAUSED_BY: Relation.CAUSES}


def seen_from(ticket: Ticket, link: TicketLink) -> Relation:
    """A link in the words of one of its two tickets."""
    if link.target_id == ticket.pk:
        return _SEEN_FROM_TARGET.get(Kind(link.kind), Relation(link.kind))
    return Relation(link.kind)


def link(
    ticket: Ticket, others: Sequence[Ticket], relation: str, *, actor: Actor, reason: str = ""
) -> list[TicketLink]:
    """Link a ticket to one or many others; what is linked so already stays as it is. Returns the new links.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `core.too_long`, `link.itself`, `link.too_many`,
    `link.opposite` (the other already blocks, or was caused by, this one).
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    if relation not in Relation.values or relation == Relation.DISTINCT:
        raise DomainError("core.invalid_choice", field="relation", value=relation)
    reason = words.checked(reason, "reason", limit=REASON)
    if len(others) > MOST:
        raise DomainError("link.too_many", field="others", limit=MOST)
    made = []
    with transaction.atomic():
        for other in sorted(others, key=lambda each: each.pk):
            made += _one(ticket, other, Relation(relation), actor, reason)
    return made


def _one(ticket: Ticket, other: Ticket, relation: Relation, actor: Actor, reason: str) -> list[TicketLink]:
    if other.pk == ticket.pk:
        raise DomainError("link.itself", field="others")
    kind = _REVERSED.get(relation) or Kind(relation.value)
    source, target = (other, ticket) if relation in _REVERSED else (ticket, other)
    if kind not in SYMMETRIC and TicketLink.objects.filter(source=target, target=source, kind=kind).exists():
        raise DomainError("link.opposite", field="others", number=other.number)
    made = keep(source, target, kind, actor=actor, reason=reason)
    if made is None:
        return []
    facts = {"kind": kind.value, "link": str(made.pk)}
    journal.record_many(
        [
            NewEvent(events.LINKED, a, actor, {**facts, "relation": seen_from(a, made), "ticket": b.number}, reason)
            for a, b in ((ticket, other), (other, ticket))
        ]
    )
    return [made]


def keep(source: Ticket, target: Ticket, kind: Kind, *, actor: Actor, reason: str) -> TicketLink | None:
    """Write the row, unless it is there. The caller has checked and records."""
    if kind in SYMMETRIC and source.pk > target.pk:
        source, target = target, source
    row = TicketLink(source=source, target=target, kind=kind, reason=reason, author_id=actor.user_id, at=clock.now())
    # Two at once: the second one waits for the first and then finds the row.
    TicketLink.objects.bulk_create([row], ignore_conflicts=True)
    return row if TicketLink.objects.filter(pk=row.pk).exists() else None


def forget(one: Ticket, other: Ticket, kind: Kind) -> None:
    TicketLink.objects.filter(source__in=[one, other], target__in=[one, other], kind=kind).delete()


def unlink(ticket: Ticket, link_id: UUID, *, actor: Actor, reason: str = "") -> None:
    """Take one of a ticket's links away. Raises DomainError `core.not_allowed`, `link.unknown`."""
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=REASON)
    with transaction.atomic():
        ends = models.Q(source=ticket) | models.Q(target=ticket)
        row = TicketLink.objects.filter(ends, pk=link_id).select_related("source", "target").first()
        # Of two who take it away at once, one does.
        if row is None or not TicketLink.objects.filter(pk=row.pk).delete()[0]:
            raise DomainError("link.unknown")
        pair = ((row.source, row.target), (row.target, row.source))
        journal.record_many(
            [
                NewEvent(events.UNLINKED, a, actor, {"relation": seen_from(a, row), "ticket": b.number}, reason)
                for a, b in pair
            ]
        )
