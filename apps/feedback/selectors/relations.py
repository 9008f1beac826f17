"""How a ticket hangs together with others: repeats, merges, parts, links, and what else its customer wrote alike."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.actors import Actor
from apps.feedback import likeness
from apps.feedback.models import Ticket, TicketLink
from apps.feedback.services.relations import Relation, seen_from

FOUND = 8  # tickets offered while somebody looks for one
LOOKED_AT = 20
ALIKE = 30  # percent from which two texts of one customer are worth a look


@dataclass(frozen=True, slots=True)
class Linked:
    """A link as the ticket sees it."""

    link: TicketLink
    relation: Relation
    ticket: Ticket


@dataclass(slots=True)
class Relations:
    """Everything a ticket hangs together with. `hidden`: ids of those this actor may not open; their words are not shown."""

    first: Ticket | None = None
    repeats: list[Ticket] = field(default_factory=list)
    leader: Ticket | None = None
    members: list[Ticket] = field(default_factory=list)
    whole: Ticket | None = None
    parts: list[Ticket] = field(default_factory=list)
    links: list[Linked] = field(default_factory=list)
    hidden: set[UUID] = field(default_factory=set)

    @property
    def ids(self) -> set[UUID]:
        ones = [t for t in (self.first, self.leader, self.whole) if t is not None]
        return {t.pk for t in [*ones, *self.repeats, *self.members, *self.parts, *(link.ticket for link in self.links)]}

    @property
    def open_parts(self) -> int:
        return sum(part.is_open for part in self.parts)


def of(ticket: Ticket, actor: Actor) -> Relations:
    """With two queries; a third for whoever does not see all tickets. A repeat that is merged in stands there only."""
    root = ticket.repeat_of_id or ticket.pk
    above = [pk for pk in (ticket.repeat_of_id, ticket.merged_into_id, ticket.parent_id) if pk]
    near = Q(pk__in=above) | Q(repeat_of=root) | Q(merged_into=ticket) | Q(parent=ticket)
    found = list(_short(Ticket.objects.filter(near)).order_by("pk"))
    by_id = {t.pk: t for t in found}
    relations = Relations(
        first=by_id.get(ticket.repeat_of_id),
        repeats=[t for t in found if t.repeat_of_id == root and ticket.pk not in (t.pk, t.merged_into_id)],
        leader=by_id.get(ticket.merged_into_id),
        members=[t for t in found if t.merged_into_id == ticket.pk],
        whole=by_id.get(ticket.parent_id),
        parts=[t for t in found if t.parent_id == ticket.pk],
        links=links(ticket),
    )
    if not actor.can("feedback.view_all_tickets"):
        relations.hidden = relations.ids - visible(relations.ids, actor)
    return relations


def links(ticket: Ticket) -> list[Linked]:
    rows = TicketLink.objects.filter(Q(source=ticket) | Q(target=ticket)).select_related(
        "source__department", "target__department", "author"
    )
    return [
        Linked(row, seen_from(ticket, row), row.target if row.source_id == ticket.pk else row.source)
        for row in rows.order_by("kind", "pk")
    ]


def visible(ids: Iterable[UUID], actor: Actor) -> set[UUID]:
    return set(Ticket.objects.visible_to(actor).filter(pk__in=list(ids)).values_list("pk", flat=True))


def alike(ticket: Ticket, actor: Actor, *, but: set[UUID]) -> list[tuple[Ticket, int]]:
    """What the same customer wrote that looks like this one, with how much, the likest first (INT-08)."""
    others = Ticket.objects.listed_for(actor).filter(customer_id=ticket.customer_id, parent=None)
    recent = _short(others.exclude(pk__in={ticket.pk, *but})).order_by("-pk")[:LOOKED_AT]
    own = likeness.pieces(ticket.description)
    percents = [(other, likeness.percent(own, likeness.pieces(other.description))) for other in recent]
    return sorted(((t, n) for t, n in percents if n >= ALIKE), key=lambda pair: -pair[1])


def find(ticket: Ticket, text: str, actor: Actor) -> list[Ticket]:
    """Tickets to merge into or to link to: by the beginning of a number, else this customer's by a word of the title."""
    text = text.strip()[:60]
    seen = _short(Ticket.objects.listed_for(actor).exclude(pk=ticket.pk))
    if text[:1].isdigit():
        return list(seen.filter(number__startswith=text).order_by("-pk")[:FOUND])
    mine = seen.filter(customer_id=ticket.customer_id, parent=None)
    if text:
        mine = mine.filter(title__icontains=text)
    return list(mine.order_by("-pk")[:FOUND])


def _short(tickets: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
    return tickets.select_related("department", "category").only(
        "number", "title", "state", "description", "customer_id", "received_at", "closed_as", "rejected_as", "repeat_of_id",
        "merged_into_id", "parent_id", "department__name", "department__code", "category__name", "is_drill",
    )  # fmt: skip
