"""Child tickets (HND-11): a piece of the work goes to another department and holds the whole open until it is done."""

from dataclasses import dataclass

from django.db import models, transaction

from apps.accounts.models import Department, User
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, clocks, family, numbering, search_index, words
from apps.feedback.states import WORKING_STATES
from apps.journal import events as journal
from apps.journal.events import NewEvent

DEEPEST = 3  # a whole, its parts, and theirs
MOST = 30  # open parts of one ticket
TITLE = 120  # characters
# What a part takes over from the whole, beside the customer.
_FACTS = (
    "kind", "urgency", "channel", "language", "customer_id", "contact_channel", "region", "product_id", "product_text",
    "serial_number", "order_id", "order_number", "invoice_number", "ship_date", "defect_quantity", "occurred_on", "place",
    "demand", "category_id", "category_by_person", "confidence", "hits", "risk", "sentiment", "impact", "priority_score",
    "priority_level", "priority_parts", "is_drill", "restricted",
)  # fmt: skip


@dataclass(slots=True)
class PartDraft:
    """What was typed. Without `text` the customer's own words are passed on."""

    title: str
    department: Department
    text: str = ""
    assignee: User | None = None


def create(whole: Ticket, draft: PartDraft, *, actor: Actor) -> Ticket:
    """A new ticket for a part of this one's work. Its department has its own time to accept and to be done with it.

    Raises DomainErrors beside the fields; DomainError `core.not_allowed`, `part.whole_over`, `part.too_deep`,
    `part.too_many`, `ticket.assignee_elsewhere`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    found = words.text_errors(draft.title, "title", limit=TITLE, required="core.required")
    found += words.text_errors(draft.text, "text")
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = family.locked({whole.pk})[whole.pk]
        check(fresh)
        part = _built(fresh, draft)
        clocks.note_next(part, clocks.start(part, *clocks.OF_PART, at=part.received_at))
        _record(part, fresh, actor)
        numbering.insert(part)
        search_index.write(part)
        if draft.assignee is not None:
            part = assignment.assign(part, actor=actor, department=draft.department, assignee=draft.assignee)
    part.is_new = True
    return part


def check(whole: Ticket, *, deeper: int = 0) -> None:
    """Whether it can get one more part that has `deeper` levels of parts of its own. Raises as `create` does."""
    if whole.state not in WORKING_STATES:
        raise DomainError("part.whole_over", state=whole.get_state_display())
    if _depth(whole) + deeper >= DEEPEST:
        raise DomainError("part.too_deep", limit=DEEPEST)
    if open_parts(whole).count() >= MOST:
        raise DomainError("part.too_many", limit=MOST)


def _depth(ticket: Ticket) -> int:
    depth, above = 1, ticket.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth


def _built(whole: Ticket, draft: PartDraft) -> Ticket:
    part = Ticket(**{name: getattr(whole, name) for name in _FACTS})
    part.parent = whole
    part.title = words.line(draft.title)
    part.description = draft.text.strip() or whole.description
    part.received_at = part.assigned_at = clock.now()
    part.department = draft.department
    return part


def _record(part: Ticket, whole: Ticket, actor: Actor) -> None:
    text = journal.digest(part.description, of=part)
    facts = {"department": part.department.code}
    journal.record_many(
        [
            NewEvent(events.PART_CREATED, part, actor, {**facts, "whole": whole.number, "text": text}),
            NewEvent(events.PART_ADDED, whole, actor, {**facts, "ticket": str(part.pk)}),
        ]
    )


def open_parts(whole: Ticket) -> "models.QuerySet[Ticket]":
    """The parts that hold a ticket open."""
    return Ticket.objects.filter(parent=whole).open()
