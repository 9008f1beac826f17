"""Merging a ticket into another one, and taking it out again (INT-08, LAW-03). Nothing moves: messages and files stay
with the ticket they were written on, and the one that answers for it shows them (`selectors.workspace`)."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Merge, Message, Ticket
from apps.feedback.services import clocks, closure, family, words
from apps.feedback.states import WORKING_STATES, MessageKind, TicketState
from apps.journal import events as journal
from apps.journal import transitions
from apps.sla.services import handover
from apps.sla.services.handover import Because
from apps.sla.states import Metric

# What was promised about the issue itself: the stricter of both holds.
PROMISES = (Metric.FIRST_RESPONSE, Metric.ANSWER, Metric.RESOLUTION)
ACROSS = "feedback.merge_across_customers"
REASON = 500  # characters


@dataclass(slots=True)
class Preview:
    """What merging would do; `refusal` says why it cannot be done."""

    ticket: Ticket
    into: Ticket
    refusal: DomainError | None = None
    reopens: bool = False  # the other one has its result already, this one not
    other_customer: bool = False
    members: list[Ticket] = field(default_factory=list)  # come along, because they were merged into this one
    earlier: list[str] = field(default_factory=list)  # metrics that become due earlier there
    undecided: bool = False  # a solution of this one waits for a decision


def merge(
    ticket: Ticket, into: Ticket, *, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Ticket:
    """Let `into` answer for `ticket`; what was merged into it before comes along. Returns the merged ticket.

    Its clocks end; where `into` still owes the same, it is due when the earlier of both was. Where `into` has its result
    already and this one does not, `into` is reopened. Raises DomainError `core.not_allowed`, `core.stale`,
    `transition.impossible`, `merge.itself`, `merge.target_over`, `merge.other_customer`, `merge.part`, `part.open`,
    `ticket.duplicate_unknown`.
    """
    reason = words.checked(reason, "reason", limit=REASON)
    with transaction.atomic():
        own, target, members = _both(ticket, into)
        if expected_version is not None and own.version != expected_version:
            raise DomainError("core.stale")
        if error := _refusal(own, target, actor):
            raise error
        former = own.state
        undo: dict[str, Any] = {"repeats": _counted_once(own, target)}
        if _reopens(own, target):
            target = closure.reopen(target, actor=actor, reason=reason or _because(own, target))
        because = Because(actor, clock.now(), _because(own, target))
        undo["tightened"] = handover.take_over(target, own, PROMISES, because)
        undo["stopped"] = [str(deadline.pk) for deadline in handover.stop(own, because.at)]
        merged = transitions.apply(own, "merge", actor=actor, reason=reason, into=target)
        Merge.objects.create(ticket=own, into=target, former_state=former, undo=undo, at=because.at)
        for member in members:
            member.merged_into = target
            member.save(update_fields=["merged_into"])
        facts = {"ticket": own.number, "members": [m.number for m in members]}
        journal.record(events.MERGED_IN, subject=target, actor=actor, reason=reason, data=facts)
        clocks.refresh(merged)
        clocks.refresh(target)
        return merged


def _both(ticket: Ticket, into: Ticket) -> tuple[Ticket, Ticket, list[Ticket]]:
    """The ticket, the one that shall answer for it, and the ticket's members, all locked at once."""
    target = Ticket.objects.values_list("merged_into_id", flat=True).get(pk=into.pk) or into.pk
    members = set(Ticket.objects.filter(merged_into=ticket).values_list("pk", flat=True))
    repeats = set(Ticket.objects.filter(repeat_of=ticket).values_list("pk", flat=True))
    found = family.locked({ticket.pk, target, *members, *repeats})
    own = found[ticket.pk]
    return own, found[target], [found[pk] for pk in sorted(members) if found[pk].merged_into_id == own.pk]


def _because(own: Ticket, target: Ticket) -> str:
    return f"{own.number} → {target.number}"


def _refusal(own: Ticket, target: Ticket, actor: Actor) -> DomainError | None:
    if target.pk == own.pk:
        return DomainError("merge.itself", field="into")
    if actor.can("feedback.handle_ticket") and not Ticket.objects.visible_to(actor).filter(pk=target.pk).exists():
        # A ticket one may see can have been merged into one that one may not know of (ADM-02). Who may not merge at all
        # hears that from the transition.
        return DomainError("ticket.duplicate_unknown", field="into")
    if not target.is_open:
        return DomainError("merge.target_over", field="into", number=target.number, state=target.get_state_display())
    if own.parent_id is not None or target.parent_id is not None:
        return DomainError("merge.part", field="into")
    if own.customer_id != target.customer_id and not actor.can(ACROSS):
        return DomainError("merge.other_customer", field="into", number=target.number)
    return None


def _reopens(own: Ticket, target: Ticket) -> bool:
    return own.state in WORKING_STATES and target.state not in WORKING_STATES


def _counted_once(own: Ticket, target: Ticket) -> dict[str, str | None]:
    """The same customer's issue counts once; what repeated this one points to the first, too. What it was before, by id."""
    root = target.repeat_of_id or target.pk
    if own.customer_id != target.customer_id or root == own.pk:
        return {}
    changed = [own] if own.repeat_of_id is None else []
    changed += [t for t in Ticket.objects.filter(repeat_of=own) if t.pk != root]
    before = {str(t.pk): str(t.repeat_of_id) if t.repeat_of_id else None for t in changed}
    for repeat in changed:
        repeat.repeat_of_id = root
        repeat.save(update_fields=["repeat_of"])
    return before


def preview(ticket: Ticket, into: Ticket, *, actor: Actor) -> Preview:
    """What `merge` would do, without doing it."""
    target = family.leader(into)
    found = Preview(ticket, target, other_customer=ticket.customer_id != target.customer_id)
    offer = next((o for o in transitions.available(ticket, actor) if o.name == "merge"), None)
    found.refusal = _refusal(ticket, target, actor)
    if found.refusal is None:
        found.refusal = offer.refusal if offer else DomainError("merge.over", state=ticket.get_state_display())
    found.reopens = _reopens(ticket, target)
    found.members = list(Ticket.objects.filter(merged_into=ticket).order_by("pk"))
    found.earlier = handover.stricter(target, ticket, PROMISES) if not found.reopens else []
    found.undecided = ticket.state == TicketState.SOLUTION_APPROVAL
    return found


def unmerge(ticket: Ticket, *, actor: Actor, reason: str) -> Ticket:
    """Take a ticket out again: it is in the state it was merged in, its clocks run as if they had never stopped.

    What was written since stays where it was written. A customer who has answered meanwhile is not waited for any more.
    Raises DomainError `core.not_allowed`, `reason.missing`, `merge.none`.
    """
    reason = words.checked(reason, "reason", limit=REASON, required="reason.missing")
    with transaction.atomic():
        own, leader, members = _family(ticket)
        merged = Merge.objects.get(ticket=own, undone_at=None)
        answered = merged.former_state == TicketState.WAITING and _has_answered(own, merged)
        back_to = TicketState.IN_PROGRESS.value if answered else merged.former_state
        fresh = transitions.apply(own, "unmerge", actor=actor, reason=reason, back_to=back_to)
        fresh = _as_before(fresh, merged, Because(actor, clock.now(), _because(leader, own)))
        for member in members:
            member.merged_into = fresh
            member.save(update_fields=["merged_into"])
        if answered:
            clocks.resume(fresh)
        merged.undone_at = clock.now()
        merged.save(update_fields=["undone_at"])
        facts = {"ticket": own.number, "members": [m.number for m in members]}
        journal.record(events.MERGED_OUT, subject=leader, actor=actor, reason=reason, data=facts)
        clocks.refresh(fresh)
        clocks.refresh(leader)
        return fresh


def _family(ticket: Ticket) -> tuple[Ticket, Ticket, list[Ticket]]:
    """A merged ticket, the one that answers for it, and those that came with it, all locked at once."""
    seen = Ticket.objects.get(pk=ticket.pk)
    if seen.merged_into_id is None:
        raise DomainError("merge.none", number=seen.number)
    below = family.below(seen)
    found = family.locked({seen.pk, seen.merged_into_id, *below})
    own = found[seen.pk]
    if own.merged_into_id != seen.merged_into_id:  # somebody was quicker
        raise DomainError("core.stale")
    return own, found[seen.merged_into_id], [found[pk] for pk in sorted(below)]


def _as_before(ticket: Ticket, merged: Merge, because: Because) -> Ticket:
    """Clocks and counting as they were, as far as nobody changed them since."""
    undo: dict[str, Any] = merged.undo
    handover.revive(ticket, [UUID(pk) for pk in undo["stopped"]], because.at)
    handover.give_back(undo["tightened"], because)
    root = merged.into.repeat_of_id or merged.into_id
    for repeat in family.locked(UUID(pk) for pk in undo["repeats"]).values():
        if repeat.repeat_of_id == root:
            before = undo["repeats"][str(repeat.pk)]
            repeat.repeat_of_id = UUID(before) if before else None
            repeat.save(update_fields=["repeat_of"])
    return family.locked({ticket.pk})[ticket.pk]


def _has_answered(own: Ticket, merged: Merge) -> bool:
    return Message.objects.filter(ticket=own, kind=MessageKind.CUSTOMER, at__gte=merged.at).exists()
