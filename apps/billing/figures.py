"""From the complaint to the money: how long, in which stage, with how many errors, how satisfied (LNK-05).

A month is one of Shanghai's calendar; a refund belongs to the month in which it reached the customer. Every function
needs one query, however many refunds there are. Drills never count.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, Greatest, Least, TruncMonth
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing import events
from apps.billing.models import Approval, Difference, Refund, RefundAttempt, VoidRequest
from apps.billing.states import DifferenceState, RefundKind, RefundState
from apps.core.clock import SHANGHAI
from apps.feedback.models import Survey
from apps.journal.models import Event

GOAL, BY_HAND = timedelta(hours=12), timedelta(hours=48)
MONTHS = 6
# The stages of the way, in their order: together they are the whole of it.
STAGES: dict[str, str | Promise] = {
    "asked": _("Until it was asked for"),
    "signed": _("Approval"),
    "undone": _("Voiding the invoice"),
    "sent": _("Waiting to be paid"),
    "paid": _("At the payment provider"),
}
FILED = (events.VOID_SUBMITTED, events.REFUND_REQUESTED)
# A case with one of these went wrong once: done again, refused after it was approved, or the money came back.
ERRORS: dict[str, str | Promise] = {
    events.VOID_DECIDED: _("decided again"),
    events.VOID_REJECTED: _("rejected after its approval"),
    events.VOID_FAILED: _("refused by the tax platform"),
    events.REFUND_FAILED: _("refund failed"),
    events.REFUND_BOUNCED: _("refund came back"),
}
_AGAIN = Q(kind=events.VOID_DECIDED, data__to="verification")
_LATE_NO = Q(kind=events.VOID_REJECTED, data__from__in=["verification", "ready"])
_WENT_WRONG = _AGAIN | _LATE_NO | Q(kind__in=(events.VOID_FAILED, events.REFUND_FAILED, events.REFUND_BOUNCED))


class P90(Aggregate):
    """What nine of ten do not exceed."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.9) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Span:
    """Whose refunds are looked at: a month by its first day, and a department's tickets, or all."""

    month: date
    department: int | None = None

    @property
    def start(self) -> datetime:
        return datetime.combine(self.month.replace(day=1), time(), SHANGHAI)

    @property
    def end(self) -> datetime:
        return datetime.combine(months_on(self.month, 1), time(), SHANGHAI)


def months_on(month: date, count: int) -> date:
    """The first day of the month so many months later; earlier with a negative count."""
    place = month.year * 12 + month.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Cycle:
    """From the complaint to the refund; `mean` and `p90` are None where there was none. `in_goal` of `count`."""

    count: int
    in_goal: int
    mean: timedelta | None
    p90: timedelta | None
    stages: dict[str, timedelta]

    @property
    def slowest(self) -> str:
        """The stage that eats the most time."""
        return max(self.stages, key=lambda name: self.stages[name]) if self.stages else ""


def paid(department: int | None = None) -> "QuerySet[Refund]":
    """Refunds that reached the customer of a complaint."""
    rows = Refund.objects.filter(
        kind=RefundKind.REFUND, state=RefundState.SUCCEEDED, ticket__isnull=False, ticket__is_drill=False
    )
    return rows.filter(ticket__department=department) if department else rows


def timed(rows: "QuerySet[Refund]") -> "QuerySet[Refund]":
    """With `whole` and the duration of each stage; the last way counts where the money went several."""
    signed = Approval.objects.filter(case_id=OuterRef("pk"), approved=True).order_by().values("case_id")
    sent = RefundAttempt.objects.filter(refund=OuterRef("pk")).order_by().values("refund")
    rows = rows.annotate(
        t_asked=Least("created_at", Coalesce("void_request__submitted_at", "created_at")),
        t_signed=Greatest("created_at", Coalesce(Subquery(signed.annotate(at=Max("at")).values("at")), "created_at")),
        t_sent=Coalesce(Subquery(sent.annotate(at=Max("created_at")).values("at")), "settled_at"),
    ).annotate(
        t_ready=Greatest("t_signed", Least(Coalesce("void_request__executed_at", "t_signed"), "t_sent")),
    )
    return rows.annotate(
        whole=_between("ticket__received_at", "settled_at"),
        asked=_between("ticket__received_at", "t_asked"),
        signed=_between("t_asked", "t_signed"),
        undone=_between("t_signed", "t_ready"),
        sent=_between("t_ready", "t_sent"),
        paid=_between("t_sent", "settled_at"),
    )


def _between(first: str, last: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(last) - F(first), output_field=DurationField())


def of_month(span: Span) -> "QuerySet[Refund]":
    return paid(span.department).filter(settled_at__gte=span.start, settled_at__lt=span.end)


def cycle(span: Span) -> Cycle:
    """Average, p90 and stages of what was paid in the month."""
    means = {f"mean_{name}": Avg(name) for name in STAGES}
    found: dict[str, Any] = timed(of_month(span)).aggregate(
        count=Count("pk"), in_goal=Count("pk", filter=Q(whole__lte=GOAL)), mean=Avg("whole"), p90=P90("whole"), **means
    )
    stages = {name: found[f"mean_{name}"] for name in STAGES if found[f"mean_{name}"] is not None}
    return Cycle(found["count"], found["in_goal"], found["mean"], found["p90"], stages)


@dataclass(frozen=True, slots=True)
class Row:
    """A department, or a month by its first day, with its refunds and their average."""

    key: Any
    name: str
    count: int
    mean: timedelta


def by_department(span: Span) -> list[Row]:
    """The slowest first."""
    rows = timed(of_month(Span(span.month))).order_by().values("ticket__department", "ticket__department__name")
    found = rows.annotate(count=Count("pk"), mean=Avg("whole")).order_by("-mean")
    return [Row(r["ticket__department"], r["ticket__department__name"], r["count"], r["mean"]) for r in found]


def by_month(span: Span, months: int = MONTHS) -> list[Row]:
    """The month and those before it that had refunds, the oldest first."""
    first = Span(months_on(span.month, 1 - months))
    rows = timed(paid(span.department).filter(settled_at__gte=first.start, settled_at__lt=span.end))
    found = rows.order_by().values(month=TruncMonth("settled_at", tzinfo=SHANGHAI))
    means = {r["month"].date(): r for r in found.annotate(count=Count("pk"), mean=Avg("whole"))}
    return [Row(month, f"{month:%Y-%m}", r["count"], r["mean"]) for month, r in sorted(means.items())]


@dataclass(frozen=True, slots=True)
class Errors:
    """Cases filed in the month, cases in which something went wrong in it, and how often what; open differences apart."""

    filed: int
    wrong: int
    kinds: dict[str, int]
    differences: int

    @property
    def percent(self) -> float | None:
        return 100 * self.wrong / self.filed if self.filed else None


def _told(span: Span) -> "QuerySet[Event]":
    told = Event.objects.filter(kind__in=[*FILED, *ERRORS], at__gte=span.start, at__lt=span.end)
    if span.department is None:
        return told
    mine = {"ticket__department": span.department}
    refunds, voids = Refund.objects.filter(**mine).values("pk"), VoidRequest.objects.filter(**mine).values("pk")
    return told.filter(Q(subject_id__in=refunds) | Q(subject_id__in=voids))


def errors(span: Span) -> Errors:
    """How much of the month's work was done twice."""
    kinds = {
        events.VOID_DECIDED: _AGAIN,
        events.VOID_REJECTED: _LATE_NO,
        **{kind: Q(kind=kind) for kind in (events.VOID_FAILED, events.REFUND_FAILED, events.REFUND_BOUNCED)},
    }
    counted = {f"n{i}": Count("subject_id", distinct=True, filter=which) for i, which in enumerate(kinds.values())}
    found = _told(span).aggregate(
        filed=Count("subject_id", distinct=True, filter=Q(kind__in=FILED)),
        wrong=Count("subject_id", distinct=True, filter=_WENT_WRONG), **counted,
    )  # fmt: skip
    by_kind = {kind: found[f"n{i}"] for i, kind in enumerate(kinds) if found[f"n{i}"]}
    return Errors(found["filed"], found["wrong"], by_kind, 0 if span.department else _differences(span))


def _differences(span: Span) -> int:
    rows = Difference.objects.filter(created_at__gte=span.start, created_at__lt=span.end)
    return rows.exclude(state=DifferenceState.EXPLAINED).count()


def gone_wrong(span: Span, limit: int = 100) -> list[Event]:
    """What went wrong in the month, the newest first."""
    return list(_told(span).filter(_WENT_WRONG).order_by("-id")[:limit])


@dataclass(frozen=True, slots=True)
class Mood:
    """What customers with a refund answered in the month, from 1 to 5; None without an answer."""

    mean: float | None
    answers: int


def mood(span: Span) -> Mood:
    """A score that its own comment contradicts is nobody's satisfaction (HND-12)."""
    answers = Survey.objects.filter(
        score__isnull=False, contradiction="", answered_at__gte=span.start, answered_at__lt=span.end,
        ticket__in=paid(span.department).values("ticket"),
    )  # fmt: skip
    found = answers.aggregate(mean=Avg("score"), answers=Count("pk"))
    return Mood(float(found["mean"]) if found["mean"] is not None else None, found["answers"])
