"""Legal holds: what must not be destroyed, whatever its time (ARC-05)."""

from collections.abc import Collection
from uuid import UUID

from django.db import models, transaction

from apps.billing import audit_events as events
from apps.billing.models import LegalHold
from apps.billing.retention.wiping import label_of
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal.events import Ref, record, ref

RIGHT = "billing.place_hold"
REASON = 2_000


def place(subject: models.Model, *, actor: Actor, reason: str) -> LegalHold:
    """Hold a record (ticket, customer, void request, refund, invoice, payment, order) from now on.

    Raises DomainError `core.not_allowed`, `reason.missing`.
    """
    if not actor.can(RIGHT) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    text = words.checked(reason, "reason", limit=REASON, required="reason.missing")
    about = ref(subject)
    with transaction.atomic():
        locks.row(type(subject), subject.pk)  # a destruction that runs now is waited for
        hold = LegalHold.objects.create(
            subject_type=about.type, subject_id=about.id, label=label_of(subject), reason=text,
            placed_by_id=actor.user_id, placed_at=clock.now(),
        )  # fmt: skip
        record(events.HOLD_PLACED, subject=subject, actor=actor, reason=text, data={"hold": str(hold.pk)})
    return hold


def lift(hold: LegalHold, *, actor: Actor, reason: str) -> LegalHold:
    """End a hold. Raises DomainError `core.not_allowed`, `reason.missing`, `hold.lifted`."""
    if not actor.can(RIGHT) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    text = words.checked(reason, "reason", limit=REASON, required="reason.missing")
    with transaction.atomic():
        fresh = locks.row(LegalHold, hold.pk)
        if fresh.lifted_at is not None:
            raise DomainError("hold.lifted")
        fresh.lifted_by_id, fresh.lifted_at, fresh.lift_reason = actor.user_id, clock.now(), text
        fresh.save()
        record(
            events.HOLD_LIFTED,
            subject=Ref(fresh.subject_type, fresh.subject_id),
            actor=actor,
            reason=text,
            data={"hold": str(fresh.pk)},
        )
    return fresh


def on(ids: Collection[UUID]) -> list[LegalHold]:
    """The holds that stand now on any of these records."""
    alive = LegalHold.objects.filter(subject_id__in=list(ids), lifted_at=None).select_related("placed_by")
    return list(alive.order_by("id"))
