"""Check-lists on tickets (HND-11): put on by rule or by hand, ticked by name, holding the ticket back while open."""

from django.db import transaction

from apps.casework import events, matching
from apps.casework.models import Checklist, ChecklistItem, ChecklistTemplate
from apps.casework.services import work
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import words

RULES = system("checklists")
REASON_LENGTH = 300


def add(ticket: Ticket, template: ChecklistTemplate, *, actor: Actor) -> Checklist:
    """Put a check-list on by hand.

    Raises DomainError `core.not_allowed`, `casework.ticket_over`, `checklist.there_already`, `checklist.retired`.
    """
    with transaction.atomic():
        fresh = work.ticket(ticket, actor)
        if not template.active:
            raise DomainError("checklist.retired", field="template", name=template.name)
        if Checklist.objects.filter(ticket=fresh, template=template, removed_at=None).exists():
            raise DomainError("checklist.there_already", field="template", name=template.name)
        return _put_on(fresh, template, actor, by_rule=False)


def _put_on(ticket: Ticket, template: ChecklistTemplate, actor: Actor, *, by_rule: bool) -> Checklist:
    added = Checklist.objects.create(
        ticket=ticket, template=template, name=template.name, by_rule=by_rule, author_id=actor.user_id, at=clock.now()
    )
    ChecklistItem.objects.bulk_create(
        [
            ChecklistItem(checklist=added, position=n, text=item.text, required=item.required)
            for n, item in enumerate(template.items.all())
        ]
    )
    work.note(
        events.CHECKLIST_ADDED, ticket, actor, {"checklist": str(added.pk), "name": added.name, "by_rule": by_rule}
    )
    return added


def follow_rules(ticket: Ticket) -> None:
    """After intake or a reclassification: put on what the rules say, take off what they say no more.

    Only a list that nobody has touched comes off; one that somebody took off stays off.
    """
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not fresh.is_open:
            return
        rules = list(ChecklistTemplate.objects.filter(active=True, automatic=True).prefetch_related("items"))
        wanted = {t.pk: t for t in rules if matching.fits(t, fresh) and t.items.all()}
        known = Checklist.objects.filter(ticket=fresh).prefetch_related("items")
        for checklist in known:
            wanted_still = checklist.template_id in wanted
            wanted.pop(checklist.template_id, None)  # type: ignore[arg-type]
            untouched = not any(item.settled_at for item in checklist.items.all())
            if checklist.by_rule and checklist.removed_at is None and not wanted_still and untouched:
                _take_off(fresh, checklist, RULES, "")
        for template in wanted.values():
            _put_on(fresh, template, RULES, by_rule=True)


def remove(checklist: Checklist, *, actor: Actor, reason: str) -> Checklist:
    """Take a check-list off. One that a rule put on, with required items, is answered instead.

    Raises DomainError `core.not_allowed`, `reason.missing`, `casework.ticket_over`, `checklist.taken_off`,
    `checklist.required_stays`.
    """
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = work.ticket(checklist.ticket, actor)
        row = locks.row(Checklist, checklist.pk)
        if row.removed_at is not None:
            raise DomainError("checklist.taken_off")
        if row.by_rule and row.items.filter(required=True).exists():
            raise DomainError("checklist.required_stays")
        return _take_off(fresh, row, actor, reason)


def _take_off(ticket: Ticket, checklist: Checklist, actor: Actor, reason: str) -> Checklist:
    checklist.removed_at, checklist.removed_by_id, checklist.removal_reason = clock.now(), actor.user_id, reason
    checklist.save(update_fields=["removed_at", "removed_by", "removal_reason"])
    work.note(events.CHECKLIST_REMOVED, ticket, actor, {"checklist": str(checklist.pk), "name": checklist.name}, reason)
    return checklist


def tick(item: ChecklistItem, *, actor: Actor) -> ChecklistItem:
    """It is done. Raises DomainError `core.not_allowed`, `casework.ticket_over`, `checklist.taken_off`, `checklist.settled`."""
    return _settle(item, actor, "")


def not_applicable(item: ChecklistItem, *, actor: Actor, reason: str) -> ChecklistItem:
    """It does not apply here, and why. Raises as `tick`, and DomainError `reason.missing`, `core.too_long`."""
    return _settle(item, actor, words.checked(reason, "reason", limit=REASON_LENGTH, required="reason.missing"))


def _settle(item: ChecklistItem, actor: Actor, reason: str) -> ChecklistItem:
    with transaction.atomic():
        ticket, row = _item(item, actor)
        if row.settled_at is not None:
            raise DomainError("checklist.settled")
        row.settled_at, row.settled_by_id = clock.now(), actor.user_id
        row.not_applicable, row.reason = bool(reason), reason
        row.save(update_fields=["settled_at", "settled_by", "not_applicable", "reason"])
        data = {"item": str(row.pk), "name": row.text, "applies": not reason}
        work.note(events.CHECKLIST_ITEM_SETTLED, ticket, actor, data, reason)
        return row


def untick(item: ChecklistItem, *, actor: Actor) -> ChecklistItem:
    """Open again. Who had settled it stays in the events. Raises as `tick`."""
    with transaction.atomic():
        ticket, row = _item(item, actor)
        if row.settled_at is None:
            return row
        row.settled_at, row.settled_by_id, row.not_applicable, row.reason = None, None, False, ""
        row.save(update_fields=["settled_at", "settled_by", "not_applicable", "reason"])
        work.note(events.CHECKLIST_ITEM_REOPENED, ticket, actor, {"item": str(row.pk), "name": row.text})
        return row


def _item(item: ChecklistItem, actor: Actor) -> tuple[Ticket, ChecklistItem]:
    checklist = item.checklist
    ticket = work.ticket(checklist.ticket, actor)
    if Checklist.objects.filter(pk=checklist.pk, removed_at__isnull=False).exists():
        raise DomainError("checklist.taken_off")
    return ticket, locks.row(ChecklistItem, item.pk)
