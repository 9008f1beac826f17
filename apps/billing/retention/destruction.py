"""Destruction lists: what is due is drawn up by one, witnessed by two others, carried out so that a crash loses nothing.

会计档案管理办法 art. 18: the list is drawn up, examined, witnessed by two, and kept for good with the proof that it was done.
"""

import hashlib
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from apps.billing import audit_events as events
from apps.billing.audit_states import ErasedFor, ListState, RecordKind
from apps.billing.models import (
    DestructionItem,
    DestructionList,
    DestructionWitness,
    Erasure,
    Invoice,
    LegalHold,
    Payment,
    Refund,
    StatementRun,
    VoidRequest,
)
from apps.billing.retention import terms, wiping
from apps.billing.retention.records import OVER, Kept, kept
from apps.billing.retention.terms import Term
from apps.core import clock, locks, numbers
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.crm.models import Order
from apps.feedback.models import Ticket
from apps.feedback.states import OPEN_STATES
from apps.journal import doorbell, transitions
from apps.journal.events import record, ref

DRAWS, WITNESSES = "billing.destroy_records", "billing.witness_destruction"
MOST = 500  # records in one list: two people have to look through it
ALIVE = [s.value for s in ListState if s != ListState.CANCELLED]
KINDS = [k for k in RecordKind if k != RecordKind.PERSON]  # people are anonymised, see `retention.people`


def due(covers: str, limit: int = MOST) -> list[tuple[models.Model, Kept]]:
    """The records of a kind whose time is up, oldest first, without those held, destroyed or on a living list."""
    in_force = terms.in_force()
    term = in_force.get(covers)
    if term is None:
        return []
    found: list[tuple[models.Model, Kept]] = []
    for rows in _rows(covers, term):
        for row in rows[: limit * 2]:
            state = kept(row, in_force)
            if state.is_due(terms.today()):
                found.append((row, state))
    return sorted(found, key=lambda pair: pair[1].until or terms.today())[:limit]


def _rows(covers: str, term: Term) -> "list[models.QuerySet[Any]]":
    day = term.cutoff(terms.today())
    before = datetime.combine(day, time(), clock.SHANGHAI)
    if covers == RecordKind.VOUCHER:
        return [
            _left(VoidRequest.objects.filter(state__in=OVER, created_at__lt=before).select_related("invoice")),
            _left(Refund.objects.filter(settled_at__lt=before)),
            _left(Invoice.objects.filter(issued_at__lt=before)),
            _left(Payment.objects.filter(paid_at__lt=before)),
        ]
    if covers == RecordKind.STATEMENT:
        return [_left(StatementRun.objects.filter(day__lt=day))]
    if covers == RecordKind.TRANSACTION:
        return [_left(Order.objects.filter(ordered_at__lt=before))]
    closed = Ticket.objects.exclude(state__in=[s.value for s in OPEN_STATES]).filter(customer__erased_at=None)
    return [_left(closed.filter(Q(closed_at__lt=before) | Q(closed_at=None, received_at__lt=before)))]


def _left(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
    listed = DestructionItem.objects.filter(subject_id=OuterRef("pk"), list__state__in=ALIVE, skipped="")
    gone = Erasure.objects.filter(subject_id=OuterRef("pk"))
    held = LegalHold.objects.filter(subject_id=OuterRef("pk"), lifted_at=None)
    return rows.filter(~Exists(listed), ~Exists(gone), ~Exists(held)).order_by("id")


def draw_up(covers: str, *, actor: Actor) -> DestructionList:
    """List what is due. Raises DomainError `core.not_allowed`, `core.invalid_choice`, `destruction.nothing_due`."""
    if not actor.can(DRAWS) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    if covers not in [k.value for k in KINDS]:
        raise DomainError("core.invalid_choice", field="covers", value=covers)
    with transaction.atomic():
        found = due(covers)
        if not found:
            raise DomainError("destruction.nothing_due", field="covers")
        items = [
            DestructionItem(
                position=position, subject_type=ref(row).type, subject_id=row.pk, label=wiping.label_of(row),
                until=state.until, why=state.why,
            )
            for position, (row, state) in enumerate(found, start=1)
        ]  # fmt: skip
        drawn = DestructionList(
            covers=covers,
            count=len(items),
            digest=digest_of(items),
            drawn_up_by_id=actor.user_id,
            drawn_up_at=clock.now(),
        )
        numbers.insert(drawn, "destruction", mark="X")
        for item in items:
            item.list = drawn
        DestructionItem.objects.bulk_create(items)
        data = {"number": drawn.number, "count": drawn.count, "digest": drawn.digest, "covers": covers}
        record(events.LIST_DRAWN_UP, subject=drawn, actor=actor, data=data)
        return drawn


def digest_of(items: "list[DestructionItem]") -> str:
    """SHA-256 over the rows as they were listed: position, type, id, date, one a line."""
    lines = [f"{i.position} {i.subject_type} {i.subject_id} {i.until}" for i in sorted(items, key=lambda i: i.position)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def witness(drawn: DestructionList, *, actor: Actor, seen: str) -> DestructionList:
    """Stand for the list as seen (`seen`: its digest on the page). The second witness releases it.

    Raises DomainError `core.not_allowed`, `destruction.own` (who drew it up witnesses nothing), `destruction.twice`,
    `destruction.changed`, `destruction.not_waiting`.
    """
    if not actor.can(WITNESSES) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(DestructionList, drawn.pk)
        if fresh.state != ListState.DRAWN_UP:
            raise DomainError("destruction.not_waiting")
        if fresh.drawn_up_by_id == actor.user_id:
            raise DomainError("destruction.own")
        if fresh.witnesses.filter(by_id=actor.user_id).exists():
            raise DomainError("destruction.twice")
        if seen != fresh.digest or digest_of(list(fresh.items.all())) != fresh.digest:
            raise DomainError("destruction.changed")
        place = fresh.witnesses.count() + 1
        DestructionWitness.objects.create(
            list=fresh, position=place, by_id=actor.user_id, at=clock.now(), digest=fresh.digest
        )
        record(events.LIST_SIGNED, subject=fresh, actor=actor, data={"digest": fresh.digest, "witness": place})
        if place < DestructionList.WITNESSES:
            return fresh
        return transitions.apply(fresh, "settle_witnesses", actor=actor)


def cancel(drawn: DestructionList, *, actor: Actor, reason: str) -> DestructionList:
    """Drop a list before it is carried out. Raises DomainError `reason.missing` and those of `transitions.apply`."""
    if not reason.strip():
        raise DomainError("reason.missing", field="reason")
    return transitions.apply(drawn, "cancel", actor=actor, reason=reason.strip())


def carry_out(drawn: DestructionList, *, actor: Actor) -> DestructionList:
    """Begin to destroy what two witnessed; `work_off` goes through the rows, after a crash too.

    Raises the errors of `transitions.apply`.
    """
    with transaction.atomic():
        begun = transitions.apply(drawn, "begin", actor=actor)
        doorbell.ring("billing.erase")
        return begun


def work_off(limit: int = 1_000) -> int:
    """Destroy the rows of lists that were begun, one transaction a row, then their files; returns how many rows."""
    wiping.finish_files()
    rows = DestructionItem.objects.filter(list__state=ListState.CARRIED_OUT, erasure=None, skipped="")
    done = 0
    for pk in list(rows.order_by("list", "position").values_list("pk", flat=True)[:limit]):
        done += _destroy_one(pk)
    for drawn in DestructionList.objects.filter(state=ListState.CARRIED_OUT):
        if not drawn.items.filter(erasure=None, skipped="").exists():
            _finish(drawn)
    return done


def _destroy_one(item_id: UUID) -> bool:
    with transaction.atomic():
        item = locks.row(DestructionItem, item_id)
        if item.erasure_id is not None or item.skipped:
            return False  # another worker was quicker
        actor = system(f"destruction {item.list.number}")
        model = apps.get_model(item.subject_type)
        row: Any = locks.row(model, item.subject_id)
        state = kept(row)
        if not state.is_due(terms.today()):  # held, reopened or kept longer since the list was drawn up
            reasons = [hold.reason for hold in state.holds] or [state.why]
            item.skipped = "; ".join(reasons)[:300]
        else:
            done = wiping.destroy(row, actor=actor, why=item.why)
            item.erasure = wiping.keep_record(row, done, actor=actor, because=ErasedFor.DESTRUCTION, why=item.why)
        item.save(update_fields=["skipped", "erasure"])
    return True


def _finish(drawn: DestructionList) -> None:
    rows = drawn.items.select_related("erasure").order_by("position")
    whole = hashlib.sha256()
    destroyed = skipped = 0
    for item in rows:
        destroyed += item.erasure_id is not None
        skipped += bool(item.skipped)
        kept_row = item.erasure
        contents = [*kept_row.digests, *(f["sha256"] for f in kept_row.files)] if kept_row else [item.skipped]
        whole.update(f"{item.position} {item.subject_id} {' '.join(contents)}\n".encode())
    try:
        transitions.apply(
            drawn, "finish", actor=system("retention"), digest=whole.hexdigest(), destroyed=destroyed, skipped=skipped
        )
    except DomainError as error:
        if error.code != "transition.impossible":  # another worker finished it
            raise
