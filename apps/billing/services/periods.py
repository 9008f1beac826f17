"""Accounting months: what is booked, when a month may be closed, and who opens it again (ARC-07).

A posting is written in the transaction of what it books. It counts on the day it happened, by the calendar of Shanghai;
where that month is closed already, on the day it became known. A month that is not over can't be closed, so that day is
always open. The database refuses postings in a closed month, whoever writes them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import ExtractMonth, ExtractYear

from apps.billing.models import (
    Difference,
    HandPayment,
    Period,
    Posting,
    Refund,
    RefundAttempt,
    TaxOperation,
    VoidRequest,
)
from apps.billing.states import (
    OPEN_ATTEMPTS,
    Act,
    AttemptState,
    DifferenceState,
    PayChannel,
    PeriodState,
    PostingKind,
    RefundKind,
)
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import transitions

LISTED = 20  # of what blocks a closing, of each kind
NO_MONEY = (RefundKind.COUPON, RefundKind.POINTS, RefundKind.MEMBERSHIP)
REASON_AT_LEAST = 10  # characters of why a month is opened again


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that keeps a month from being closed: `kind` is operation, attempt, difference or month."""

    kind: str
    number: str
    what: str
    at: datetime | None
    subject: object


@dataclass(frozen=True, slots=True)
class Figures:
    """What a month holds: yuan and count by kind, and how many were booked late."""

    amounts: dict[str, Decimal]
    counts: dict[str, int]
    late: int

    @property
    def undone(self) -> Decimal:
        """Yuan of invoices voided and red-lettered. Never added to money: a return is both, and would count twice."""
        return self._sum(PostingKind.VOID, PostingKind.RED)

    @property
    def paid(self) -> Decimal:
        """Yuan that went out, less what came back."""
        return self._sum(PostingKind.PAID, PostingKind.BACK)

    def _sum(self, *kinds: str) -> Decimal:
        return sum((self.amounts.get(kind, Decimal(0)) for kind in kinds), Decimal("0.00"))

    @property
    def count(self) -> int:
        return sum(self.counts.values())


NOTHING = Figures({}, {}, 0)


def first_day(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def start_of(month: date) -> datetime:
    """The first moment of the month in Shanghai, aware."""
    return datetime(month.year, month.month, 1, tzinfo=clock.SHANGHAI)


def undone(request: VoidRequest) -> Posting:
    """Book a voided or red-lettered invoice. Inside the transaction that finishes the request."""
    kind = PostingKind.VOID if request.act == Act.VOID else PostingKind.RED
    moment = request.executed_at or clock.now()
    return _book(Posting(kind=kind, amount=-request.amount, happened_at=moment, void_request=request))


def paid(refund: Refund, attempt: RefundAttempt) -> Posting | None:
    """Book money that left. Coupons, points and memberships move no money. What a person paid outside happened when they
    say it did, whenever it is confirmed.
    """
    if refund.kind in NO_MONEY:
        return None
    moment = clock.now()
    if attempt.channel == PayChannel.MANUAL:
        said = HandPayment.objects.filter(attempt=attempt).values_list("paid_at", flat=True).first()
        moment = said or moment
    return _book(
        Posting(kind=PostingKind.PAID, amount=-attempt.amount, happened_at=moment, refund=refund, attempt=attempt)
    )


def came_back(refund: Refund, attempt: RefundAttempt) -> Posting | None:
    """Book money that a bank sent back."""
    if refund.kind in NO_MONEY:
        return None
    return _book(
        Posting(kind=PostingKind.BACK, amount=attempt.amount, happened_at=clock.now(), refund=refund, attempt=attempt)
    )


def _book(posting: Posting) -> Posting:
    happened, today = clock.local(posting.happened_at).date(), clock.local(clock.now()).date()
    posting.posting_date = happened if _takes(happened) else today
    if posting.posting_date != happened and not _takes(today):
        raise DomainError("period.closed", month=f"{today:%Y-%m}")
    posting.save(force_insert=True)
    return posting


def _takes(day: date) -> bool:
    """Whether the month of this day is open. It stays so until the transaction ends: nobody closes it meanwhile."""
    month = first_day(day)
    Period.objects.bulk_create([Period(month=month)], ignore_conflicts=True)
    period = locks.shared(Period, month=month)
    return period.state == PeriodState.OPEN


def months() -> list[date]:
    """Every month from the first posting to the present one, the newest first; made as rows where they are missing."""
    today = first_day(clock.local(clock.now()).date())
    first = Posting.objects.order_by("posting_date").values_list("posting_date", flat=True).first()
    earliest = Period.objects.order_by("month").values_list("month", flat=True).first()
    month = min(first_day(first) if first else today, earliest or today)
    found = []
    while month <= today:
        found.append(month)
        month = month_after(month)
    return found[::-1]


def figures() -> dict[date, Figures]:
    """What each month holds, by its first day; one query."""
    by_month = Posting.objects.order_by().values_list("posting_date__year", "posting_date__month", "kind")
    month, year = ExtractMonth("happened_at", tzinfo=clock.SHANGHAI), ExtractYear("happened_at", tzinfo=clock.SHANGHAI)
    moved = ~Q(posting_date__month=month, posting_date__year=year)
    rows = by_month.annotate(sum=Sum("amount"), n=Count("id"), late=Count("id", filter=moved))
    found: dict[date, Figures] = {}
    for year, month, kind, amount, count, late in rows:
        first = date(year, month, 1)
        had = found.get(first, Figures({}, {}, 0))
        found[first] = Figures({**had.amounts, kind: amount}, {**had.counts, kind: count}, had.late + late)
    return found


def blocks(month: date) -> list[Block]:
    """What must be settled before this month can be closed: it began in the month, or before it, and its end is unknown."""
    until = start_of(month_after(month))
    operations = TaxOperation.objects.filter(state__in=OPEN_ATTEMPTS, created_at__lt=until)
    attempts = RefundAttempt.objects.filter(state__in=OPEN_ATTEMPTS, created_at__lt=until)
    unowned = Difference.objects.filter(state=DifferenceState.OPEN, owner=None, day__lt=month_after(month))
    found = [
        Block("operation", op.request.number, op.get_verb_display(), op.created_at, op.request)
        for op in operations.select_related("request").order_by("created_at")[:LISTED]
    ]
    for attempt in attempts.select_related("refund").order_by("created_at")[:LISTED]:
        kind = "unknown" if attempt.state == AttemptState.UNKNOWN else "attempt"
        found.append(Block(kind, attempt.refund.number, attempt.number, attempt.created_at, attempt.refund))
    for row in unowned.order_by("day")[:LISTED]:
        found.append(Block("difference", row.number, row.get_kind_display(), row.created_at, row))
    known = dict(Period.objects.filter(month__lt=month).values_list("month", "state"))
    for earlier in months():
        if earlier < month and known.get(earlier, PeriodState.OPEN) == PeriodState.OPEN:
            found.append(Block("month", f"{earlier:%Y-%m}", "", None, None))
    return found


def close(month: date, *, actor: Actor) -> Period:
    """Close a month that is over: it takes no postings any more.

    Raises DomainError `core.not_allowed`, `period.not_over`, `period.blocked` (`count`), `transition.impossible`.
    """
    if actor.user_id is None or not actor.can("billing.close_period"):
        raise DomainError("core.not_allowed")
    month = first_day(month)
    if month_after(month) > clock.local(clock.now()).date():
        raise DomainError("period.not_over", month=f"{month:%Y-%m}")
    with transaction.atomic():
        Period.objects.bulk_create([Period(month=month)], ignore_conflicts=True)
        period = locks.row(Period, Period.objects.values_list("pk", flat=True).get(month=month))
        if found := blocks(month):
            raise DomainError("period.blocked", month=f"{month:%Y-%m}", count=len(found))
        sums = Posting.objects.filter(posting_date__gte=month, posting_date__lt=month_after(month)).aggregate(
            total=Sum("amount"), count=Count("id")
        )
        total = sums["total"] or Decimal("0.00")
        return transitions.apply(period, "close", actor=actor, by=actor.user_id, count=sums["count"], total=total)


def reopen(month: date, *, actor: Actor, reason: str) -> Period:
    """Open the newest closed month again: another person than who closed it, with a reason.

    Raises DomainError `core.not_allowed`, `period.own`, `period.not_newest`, `reason.missing`, `period.reason_short`,
    `transition.impossible`.
    """
    if actor.user_id is None or not actor.can("billing.reopen_period"):
        raise DomainError("core.not_allowed")
    because = words.checked(reason, "reason", required="reason.missing")
    if len(because) < REASON_AT_LEAST:
        raise DomainError("period.reason_short", field="reason", least=REASON_AT_LEAST)
    month = first_day(month)
    with transaction.atomic():
        pk = Period.objects.filter(month=month).values_list("pk", flat=True).first()
        if pk is None:
            raise DomainError("transition.impossible", transition="reopen", state=str(PeriodState.OPEN.label))
        period = locks.row(Period, pk)
        if period.closed_by_id == actor.user_id:
            raise DomainError("period.own")
        if Period.objects.filter(month__gt=month, state=PeriodState.CLOSED).exists():
            raise DomainError("period.not_newest")
        return transitions.apply(
            period, "reopen", actor=actor, reason=because, by=actor.user_id, because=because
        )  # fmt: skip
