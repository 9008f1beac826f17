"""An existing ticket becomes a part of another one, and stands for itself again (HND-11). New parts: `services.parts`."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Kind
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.services import clocks, family, merging, parts, words
from apps.feedback.states import WORKING_STATES, TicketState
from apps.journal import events as journal
from apps.journal.events import NewEvent
from apps.sla import selectors as deadlines
from apps.sla.services import handover
from apps.sla.services.handover import Because
from apps.sla.states import Metric

REASON = 500  # characters
MOST = 20  # tickets attached at once
# What a ticket of its own owes its customer, and a part does not: the whole speaks.
OWED_TO_CUSTOMER = (Metric.FIRST_RESPONSE, Metric.ANSWER, Metric.PROGRESS)


def attach(whole: Ticket, others: Sequence[Ticket], *, actor: Actor, reason: str = "") -> list[Ticket]:
    """These tickets become parts of `whole` and hold it open until they are done; all of them, or none.

    Their customer hears of the whole only, so it has to be the same one; where a part was due earlier, the whole is
    due then. A customer's issue still counts once. Raises DomainError `core.not_allowed`, `core.too_long`,
    `part.too_many`, `part.whole_over`, `part.too_deep`, `part.itself`, `part.above`, `part.over`, `part.waits`, `part.has_whole`,
    `part.other_customer`, `part.answers_for_others`, `part.regulator`, `part.drill`; `field` is `others`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=REASON)
    if len(others) > MOST:
        raise DomainError("link.too_many", field="others", limit=MOST)
    with transaction.atomic():
        repeating = Ticket.objects.filter(repeat_of__in=[other.pk for other in others]).values_list("pk", flat=True)
        found = family.locked({whole.pk, *(other.pk for other in others), *repeating})
        fresh = found[whole.pk]
        attached = [_one(fresh, found[pk], actor, reason) for pk in dict.fromkeys(other.pk for other in others)]
        clocks.refresh(fresh)
        return attached


def _one(whole: Ticket, part: Ticket, actor: Actor, reason: str) -> Ticket:
    if error := _refusal(whole, part):
        raise error
    parts.check(whole, deeper=_height(part))
    because = Because(actor, clock.now(), f"{part.number} → {whole.number}")
    handover.take_over(whole, part, merging.PROMISES, because)
    clocks.cancel(part, OWED_TO_CUSTOMER)
    _count_once(whole, part)
    part.parent = whole
    part.version += 1
    part.save(update_fields=["parent", "version"])
    clocks.refresh(part)
    facts = {"department": part.department.code}
    journal.record_many(
        [
            NewEvent(events.PART_ATTACHED, part, actor, {**facts, "whole": whole.number}, reason),
            NewEvent(events.PART_ADDED, whole, actor, {**facts, "ticket": str(part.pk)}, reason),
        ]
    )
    return part


def _refusal(whole: Ticket, part: Ticket) -> DomainError | None:
    facts = {"number": part.number}
    refused = {
        "part.itself": part.pk == whole.pk,
        "part.above": part.pk in _above(whole),
        "part.over": part.state not in WORKING_STATES,
        "part.waits": part.state == TicketState.WAITING,  # nobody can be asked, or answer, on a part
        "part.has_whole": part.parent_id is not None,
        "part.other_customer": part.customer_id != whole.customer_id,
        "part.answers_for_others": Ticket.objects.filter(merged_into=part).exists(),
        "part.regulator": part.kind == Kind.REGULATOR,
        "part.drill": part.is_drill != whole.is_drill,
    }
    code = next((code for code, holds in refused.items() if holds), None)
    return DomainError(code, field="others", **facts) if code else None


def _above(ticket: Ticket) -> set[UUID]:
    found: set[UUID] = set()
    above = ticket.parent
    while above is not None:
        found.add(above.pk)
        above = above.parent
    return found


def _height(ticket: Ticket) -> int:
    """How many levels of parts stand below it."""
    height, level = 0, [ticket.pk]
    while level := list(Ticket.objects.filter(parent__in=level).values_list("pk", flat=True)):
        height += 1
    return height


def _count_once(whole: Ticket, part: Ticket) -> None:
    """A part is not counted, so nothing may be counted by it: what repeats it repeats the whole (INT-08)."""
    if whole.repeat_of_id == part.pk:
        whole.repeat_of = None
        whole.save(update_fields=["repeat_of"])
    root = whole.repeat_of_id or whole.pk
    Ticket.objects.filter(repeat_of=part).exclude(pk=root).update(repeat_of=root)


def detach(part: Ticket, *, actor: Actor, reason: str) -> Ticket:
    """It stands for itself again and owes its customer what a ticket does, reckoned from when it came in.

    Raises DomainError `core.not_allowed`, `reason.missing`, `core.too_long`, `ticket.not_a_part`, `part.over`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    reason = words.checked(reason, "reason", limit=REASON, required="reason.missing")
    with transaction.atomic():
        above = Ticket.objects.values_list("parent_id", flat=True).get(pk=part.pk)
        if above is None:
            raise DomainError("ticket.not_a_part")
        found = family.locked({part.pk, above})
        fresh, whole = found[part.pk], found[above]
        if fresh.parent_id != above or fresh.state not in WORKING_STATES:
            raise DomainError("part.over", number=fresh.number)
        fresh.parent = None
        fresh.version += 1
        fresh.save(update_fields=["parent", "version"])
        _owe_again(fresh)
        facts = {"department": fresh.department.code}
        journal.record_many(
            [
                NewEvent(events.PART_DETACHED, fresh, actor, {**facts, "whole": whole.number}, reason),
                NewEvent(events.PART_REMOVED, whole, actor, {**facts, "ticket": str(fresh.pk)}, reason),
            ]
        )
        return fresh


def _owe_again(ticket: Ticket) -> None:
    owed = [Metric.ANSWER] if ticket.first_responded_at else [Metric.FIRST_RESPONSE, Metric.ANSWER]
    running = {deadline.metric for deadline in deadlines.open_for(ticket)}
    clocks.start(ticket, *(metric for metric in owed if metric not in running), at=ticket.received_at)
    clocks.refresh(ticket)
