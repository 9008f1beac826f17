"""Differences between a provider's statement and our books: found, owned, worked off with words (REF-06)."""

from datetime import date
from decimal import Decimal

from django.db import transaction

from apps.accounts.models import User
from apps.billing import events
from apps.billing.models import Difference, RefundAttempt, StatementRun
from apps.billing.states import DifferenceKind, DifferenceState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import events as journal

RECONCILER = system("reconciliation")


def found(
    run: StatementRun, number: str, kind: str, *, ours: Decimal | None, theirs: Decimal | None, explained: str = ""
) -> Difference:
    """Keep a difference, once for each day, number and kind. `explained` where the query answered it already."""
    row, new = Difference.objects.get_or_create(
        channel=run.channel, day=run.day, number=number, kind=kind,
        defaults={
            "run": run, "ours": ours, "theirs": theirs, "detail": explained,
            "state": DifferenceState.EXPLAINED if explained else DifferenceState.OPEN,
            "resolved_at": clock.now() if explained else None,
        },
    )  # fmt: skip
    if new:
        data = {"number": number, "kind": kind, "channel": run.channel, "day": run.day, "explained": bool(explained)}
        journal.record(events.DIFFERENCE_FOUND, subject=row, actor=RECONCILER, data=data)
    return row


def paid_twice(attempt: RefundAttempt) -> Difference:
    """A failure was taken back after another way had been tried: a person must look, and perhaps fetch money back."""
    day: date = clock.local(clock.now()).date()
    with transaction.atomic():
        row, new = Difference.objects.get_or_create(
            channel=attempt.channel, day=day, number=attempt.number, kind=DifferenceKind.TWICE,
            defaults={"ours": Decimal(0), "theirs": attempt.amount},
        )  # fmt: skip
        if new:
            data = {"number": attempt.number, "kind": row.kind, "channel": row.channel, "day": day}
            journal.record(events.DIFFERENCE_FOUND, subject=row, actor=RECONCILER, data=data)
    return row


def assign(difference: Difference, owner: User, *, actor: Actor) -> Difference:
    """Somebody sees to it from now on. Raises DomainError `core.not_allowed`, `difference.settled`."""
    with transaction.atomic():
        row = _open(difference, actor)
        row.owner = owner
        row.save(update_fields=["owner"])
        data = {"owner": owner.staff_number or owner.get_username()}
        journal.record(events.DIFFERENCE_ASSIGNED, subject=row, actor=actor, data=data)
    return row


def resolve(difference: Difference, resolution: str, *, actor: Actor) -> Difference:
    """Settled, with words that say how. Raises DomainError `core.not_allowed`, `difference.settled`, `reason.missing`."""
    text = words.checked(resolution, "resolution", required="reason.missing")
    with transaction.atomic():
        row = _open(difference, actor)
        row.state, row.resolution, row.resolved_at = DifferenceState.RESOLVED, text, clock.now()
        row.resolved_by_id = actor.user_id
        row.owner_id = row.owner_id or actor.user_id
        row.save()
        journal.record(events.DIFFERENCE_RESOLVED, subject=row, actor=actor, reason=text)
    return row


def _open(difference: Difference, actor: Actor) -> Difference:
    if not actor.can("billing.pay_refund"):
        raise DomainError("core.not_allowed")
    row = locks.row(Difference, difference.pk)
    if row.state != DifferenceState.OPEN:
        raise DomainError("difference.settled")
    return row
