"""The same customer sending the same issue again (INT-08): found at the intake, linked to the first, counted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.feedback import events, likeness
from apps.feedback.models import Ticket, TicketLink
from apps.feedback.selectors import rules
from apps.feedback.services import family, relations, words
from apps.journal import events as journal
from apps.journal.events import NewEvent, Ref

MOST = 20  # earlier tickets that a new one is compared with
CLEAR = 0.6  # two classifications this sure of different categories tell two issues apart, even on one order

# Whoever looks takes the customer's turn first, until the end of the transaction: of two equal reports at the same
# moment the second one sees the first. The second statement has a snapshot of its own.
_EARLIER = locks.TAKE_TURN + (
    "SELECT id, coalesce(repeat_of_id, id), left(description, %s), order_number, serial_number, category_id, confidence"
    " FROM feedback_ticket WHERE customer_id = %s AND received_at >= %s AND parent_id IS NULL AND NOT is_drill"
    " AND rejected_as <> 'spam' ORDER BY id DESC LIMIT %s"
)


class Earlier(NamedTuple):
    """What is compared of an earlier ticket; `first` is the first one of its own repeats."""

    id: UUID
    first: UUID
    text: str
    order_number: str
    serial_number: str
    category_id: UUID
    confidence: float


@dataclass(frozen=True, slots=True)
class Match:
    """`why`: order, serial or text; `likeness` of the texts in percent."""

    first: UUID
    why: str
    likeness: int


def earlier_of(customer: Customer) -> list[Earlier]:
    """The customer's latest tickets within the days that count as repeated, the newest first; one query."""
    since = clock.now() - timedelta(days=rules().repeat_days)
    key = locks.turn_of(f"repeats:{customer.pk}")
    with connection.cursor() as cursor:  # a dozen times quicker than putting the same question together by the ORM
        cursor.execute(_EARLIER, [key, likeness.READS, customer.pk, since, MOST])
        return [Earlier(*row) for row in cursor.fetchall()]


def match(ticket: Ticket, earlier: Sequence[Earlier]) -> Match | None:
    """The first ticket of what this one repeats: same order or machine, else the likest text above the desk's limit.

    Pure. Same order and clearly another category is another issue.
    """
    own, best = likeness.pieces(ticket.description), None
    least = rules().repeat_similarity
    for other in earlier:
        why = _same_thing(ticket, other)
        pieces = likeness.pieces(other.text)
        if not why and likeness.at_most(own, pieces) < least:
            continue
        alike = likeness.percent(own, pieces)
        if why:
            return Match(other.first, why, alike)
        if alike >= least and (best is None or alike > best.likeness):
            best = Match(other.first, "text", alike)
    return best


def _same_thing(ticket: Ticket, other: Earlier) -> str:
    differs = ticket.category_id != other.category_id and min(ticket.confidence, other.confidence) >= CLEAR
    if differs:
        return ""
    if likeness.same_code(ticket.order_number, other.order_number):
        return "order"
    return "serial" if likeness.same_code(ticket.serial_number, other.serial_number) else ""


def found(ticket: Ticket, repeated: Match, actor: Actor) -> list[NewEvent]:
    """The events of a repeat that came in: on itself and on the first one."""
    facts = {"why": repeated.why, "likeness": repeated.likeness}
    return [
        NewEvent(events.REPEAT_FOUND, ticket, actor, {"first": str(repeated.first), **facts}),
        NewEvent(events.REPEATED, Ref("feedback.ticket", repeated.first), actor, {"ticket": str(ticket.pk), **facts}),
    ]


# By people ------------------------------------------------------------------------------------------------------------


def link(ticket: Ticket, first: Ticket, *, actor: Actor, reason: str = "") -> Ticket:
    """Say that a ticket repeats another one; whatever repeated it points to that first one, too.

    Raises DomainError `core.not_allowed`, `repeat.itself`, `repeat.other_customer`, `repeat.part`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=relations.REASON)
    with transaction.atomic():
        followers = set(Ticket.objects.filter(repeat_of=ticket).values_list("pk", flat=True))
        root_id = Ticket.objects.values_list("repeat_of_id", flat=True).get(pk=first.pk) or first.pk
        known = family.locked({ticket.pk, root_id, *followers})
        fresh, root = known[ticket.pk], known[root_id]
        _check(fresh, root)
        if fresh.repeat_of_id == root.pk:
            return fresh
        for follower in (known[pk] for pk in sorted(followers & known.keys())):
            follower.repeat_of = root
            follower.save(update_fields=["repeat_of"])
        fresh.repeat_of = root
        fresh.version += 1
        fresh.save(update_fields=["repeat_of", "version"])
        relations.forget(fresh, root, TicketLink.Kind.DISTINCT)
        journal.record(events.REPEAT_LINKED, subject=fresh, actor=actor, reason=reason, data={"first": root.number})
        return fresh


def _check(ticket: Ticket, root: Ticket) -> None:
    if root.pk == ticket.pk or root.repeat_of_id is not None:
        raise DomainError("repeat.itself", field="first")
    if root.customer_id != ticket.customer_id:
        raise DomainError("repeat.other_customer", field="first", number=root.number)
    if ticket.parent_id is not None or root.parent_id is not None:
        raise DomainError("repeat.part", field="first")


def unlink(ticket: Ticket, *, actor: Actor, reason: str) -> Ticket:
    """It is not the same issue after all: it counts for itself again and is never taken for that one again.

    Raises DomainError `core.not_allowed`, `reason.missing`, `repeat.none`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=relations.REASON, required="reason.missing")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        first = fresh.repeat_of
        if first is None:
            raise DomainError("repeat.none", number=fresh.number)
        fresh.repeat_of = None
        fresh.version += 1
        fresh.save(update_fields=["repeat_of", "version"])
        relations.keep(fresh, first, TicketLink.Kind.DISTINCT, actor=actor, reason=reason)
        journal.record(events.REPEAT_UNLINKED, subject=fresh, actor=actor, reason=reason, data={"first": first.number})
        return fresh
