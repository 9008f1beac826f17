"""Differences between a provider's statement and our books: found, owned, worked off with words in time (REF-06)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Count

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import events
from apps.billing.models import Difference, RefundAttempt, StatementRun
from apps.billing.states import DifferenceKind, DifferenceState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import events as journal
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

RECONCILER = system("reconciliation")
ANY = Facts(kind="", urgency="", channel="", tier="", department_id=None)  # the policy of differences asks for nothing


@dataclass(frozen=True, slots=True)
class Found:
    """What doesn't agree. Yuan; None where one side has no such refund. `explained` where the query answered it already."""

    number: str
    kind: str
    ours: Decimal | None = None
    theirs: Decimal | None = None
    explained: str = ""


def found(run: StatementRun, what: Found) -> Difference:
    """Keep a difference, once for each day, number and kind."""
    return _keep(run.channel, run.day, what, run)


def paid_twice(attempt: RefundAttempt) -> Difference:
    """A failure was taken back after another way had been tried: a person must look, and perhaps fetch money back."""
    what = Found(attempt.number, DifferenceKind.TWICE, Decimal(0), attempt.amount)
    return _keep(attempt.channel, clock.local(clock.now()).date(), what, None)


def _keep(channel: str, day: date, what: Found, run: StatementRun | None) -> Difference:
    """An open one has an owner and a deadline from the first moment."""
    now, owner = clock.now(), None if what.explained else _least_burdened()
    with transaction.atomic():
        row, new = Difference.objects.get_or_create(
            channel=channel, day=day, number=what.number, kind=what.kind,
            defaults={
                "run": run, "ours": what.ours, "theirs": what.theirs, "detail": what.explained, "owner": owner,
                "state": DifferenceState.EXPLAINED if what.explained else DifferenceState.OPEN,
                "resolved_at": now if what.explained else None,
            },
        )  # fmt: skip
        if new:
            data = {
                "number": what.number, "kind": row.kind, "channel": channel, "day": day,
                "explained": bool(what.explained), "owner": _called(owner),
            }  # fmt: skip
            journal.record(events.DIFFERENCE_FOUND, subject=row, actor=RECONCILER, data=data)
            if row.state == DifferenceState.OPEN:
                deadlines.start(row, [Metric.DIFFERENCE], ANY, at=now)
    return row


def _least_burdened() -> User | None:
    """The finance officer with the fewest open differences; a manager where there is none."""
    people = with_role(Role.FINANCE_OFFICER) or with_role(Role.FINANCE_MANAGER)
    open_ones = Difference.objects.filter(state=DifferenceState.OPEN, owner__in=people).order_by()
    burden = dict(open_ones.values_list("owner").annotate(n=Count("id")))
    return min(people, key=lambda user: burden.get(user.pk, 0), default=None)


def _called(owner: User | None) -> str:
    return (owner.staff_number or owner.get_username()) if owner else ""


def assign(difference: Difference, owner: User, *, actor: Actor) -> Difference:
    """Somebody sees to it from now on. Raises DomainError `core.not_allowed`, `difference.settled`."""
    with transaction.atomic():
        row = _open(difference, actor)
        row.owner = owner
        row.save(update_fields=["owner"])
        data = {"owner": _called(owner)}
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
        deadlines.meet(row, Metric.DIFFERENCE, at=row.resolved_at)
    return row


def _open(difference: Difference, actor: Actor) -> Difference:
    if not actor.can("billing.pay_refund"):
        raise DomainError("core.not_allowed")
    row = locks.row(Difference, difference.pk)
    if row.state != DifferenceState.OPEN:
        raise DomainError("difference.settled")
    return row
