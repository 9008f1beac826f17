"""Live figures for the dashboard (RPT-04). Every one looks at a stretch of time or at open tickets, never at all rows.

Days are days of Shanghai. A figure that can be clicked leads to the queue with the same condition (`FIGURES`). Figures
count people's issues: a repeat (INT-08) is counted once, a drill never; how many tickets that were stands beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Q
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate

from apps.core.actors import Actor
from apps.core.clock import SHANGHAI, local
from apps.feedback.models import Survey, Ticket
from apps.feedback.models.ticket import ONCE, OPEN, TicketQuerySet
from apps.sla.models import Deadline
from apps.sla.states import Metric, Purpose, State

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
TOP = 5


def _seen(actor: Actor) -> TicketQuerySet:
    """What this actor may know of, without drills (TRN-01)."""
    return Ticket.objects.visible_to(actor).real()


def _answers() -> Any:
    """What customers said of real tickets. A score that its comment contradicts is nobody's satisfaction (HND-12), and no
    answer is none either (SUR-04): it has no score."""
    return Survey.objects.filter(score__isnull=False, contradiction="", ticket__is_drill=False)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


# The rows behind a figure --------------------------------------------------------------------------------------------


def _first_responses() -> Any:
    return Deadline.objects.filter(subject_id=OuterRef("pk"), metric=Metric.FIRST_RESPONSE)


def answered_in_time(tickets: TicketQuerySet, now: datetime) -> TicketQuerySet:
    """Received in the last seven days and answered in time."""
    met = _first_responses().filter(state=State.MET, breached_at=None)
    return tickets.filter(Exists(met), received_at__gte=now - WEEK)


def rated(tickets: TicketQuerySet, now: datetime) -> TicketQuerySet:
    """Rated by the customer in the last thirty days."""
    answers = _answers().filter(ticket_id=OuterRef("pk"), answered_at__gte=now - MONTH)
    return tickets.filter(Exists(answers), received_at__gte=now - 6 * MONTH)


def due_today(tickets: TicketQuerySet, now: datetime) -> TicketQuerySet:
    """The next deadline falls between now and midnight."""
    tomorrow = midnight(local(now).date() + timedelta(days=1))
    return tickets.filter(queue_at__lt=tomorrow, next_due_at__gte=now, next_due_at__lt=tomorrow)


FIGURES: dict[str, Callable[[TicketQuerySet, datetime], TicketQuerySet]] = {
    "answered_in_time": answered_in_time,
    "rated": rated,
    "due_today": due_today,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """`people`: issues, the same customer's same one once; `all`: tickets, repeats and parts too."""

    people: int
    all: int


_PEOPLE = Count("pk", filter=ONCE)


def _tally(tickets: TicketQuerySet) -> Tally:
    return Tally(**tickets.order_by().aggregate(people=_PEOPLE, all=Count("pk")))


# The strip -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """`hit` of `total`; `percent` is None where there is nothing to count."""

    hit: int
    total: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.hit / self.total) if self.total else None


def open_count(actor: Actor) -> Tally:
    return _tally(_seen(actor).open())


def open_count_at(actor: Actor, now: datetime, moment: datetime, open_now: int) -> int:
    """How many issues were open at `moment`, counted back from now: what came in since is taken off, what ended put back."""
    seen = Ticket.objects.visible_to(actor).counted()
    ended = seen.filter(closed_at__gte=moment, closed_at__lt=now).count()
    return open_now - seen.filter(received_at__gte=moment, received_at__lt=now).count() + ended


def due_today_count(actor: Actor, now: datetime) -> Tally:
    return _tally(due_today(_seen(actor).open(), now))


def late_count(actor: Actor, now: datetime) -> Tally:
    return _tally(_seen(actor).open().filter(queue_at__lt=now, next_due_at__lt=now))


def owed_at(actor: Actor, moment: datetime) -> tuple[int, int]:
    """Issues (due later that day, late) as they stood at a past moment, from the recorded deadlines of what was open then."""
    seen = Ticket.objects.visible_to(actor).counted()
    alive = seen.filter(OPEN | Q(closed_at__gt=moment), received_at__lte=moment).order_by()
    owed = Deadline.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=moment), subject_id__in=alive.values("pk"), purpose=Purpose.OBLIGATION,
        started_at__lte=moment,
    )  # fmt: skip
    midnight_after = midnight(local(moment).date() + timedelta(days=1))
    found = owed.aggregate(
        today=Count("subject_id", distinct=True, filter=Q(due_at__gte=moment, due_at__lt=midnight_after)),
        late=Count("subject_id", distinct=True, filter=Q(due_at__lt=moment)),
    )
    return found["today"], found["late"]


def first_response_share(actor: Actor, start: datetime, end: datetime, now: datetime) -> Share:
    """Of the issues received in [start, end) that were answered or should have been: those answered in time (SLA-01)."""
    received = Ticket.objects.visible_to(actor).counted().filter(received_at__gte=start, received_at__lt=end).order_by()
    due = Deadline.objects.filter(subject_id__in=received.values("pk"), metric=Metric.FIRST_RESPONSE)
    found = due.aggregate(
        hit=Count("pk", filter=Q(state=State.MET, breached_at=None)),
        total=Count(
            "pk", filter=Q(state=State.MET) | Q(breached_at__isnull=False) | Q(state=State.OPEN, due_at__lt=now)
        ),
    )
    return Share(found["hit"], found["total"])


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Mean score from 1 to 5, or None without answers."""

    mean: float | None
    answers: int


def satisfaction(actor: Actor, start: datetime, end: datetime) -> Satisfaction:
    """What customers answered in [start, end). No reply counts nowhere (SUR-04)."""
    answers = _answers().filter(answered_at__gte=start, answered_at__lt=end)
    if not actor.can("feedback.view_all_tickets"):
        answers = answers.filter(ticket__in=_seen(actor))
    found = answers.aggregate(mean=Avg("score"), answers=Count("pk"))
    return Satisfaction(float(found["mean"]) if found["mean"] is not None else None, found["answers"])


def process_satisfaction(actor: Actor, start: datetime, end: datetime) -> Satisfaction:
    """How satisfied customers were with the handling itself, of those who said so in [start, end) (LAW-06)."""
    answers = Survey.objects.filter(
        process_score__isnull=False, ticket__is_drill=False, answered_at__gte=start, answered_at__lt=end
    )
    if not actor.can("feedback.view_all_tickets"):
        answers = answers.filter(ticket__in=_seen(actor))
    found = answers.aggregate(mean=Avg("process_score"), answers=Count("pk"))
    return Satisfaction(float(found["mean"]) if found["mean"] is not None else None, found["answers"])


# Charts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trend:
    """Issues per day; `all_received` and `all_closed` are all tickets of the whole time."""

    days: list[date]
    received: list[int]
    closed: list[int]
    all_received: int
    all_closed: int


def trend(actor: Actor, now: datetime, days: int = 30) -> Trend:
    """Received and closed per day, today included."""
    today = local(now).date()
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    received = _per_day(actor, "received_at", span[0])
    closed = _per_day(actor, "closed_at", span[0])
    return Trend(
        span,
        [received[day].people if day in received else 0 for day in span],
        [closed[day].people if day in closed else 0 for day in span],
        sum(tally.all for tally in received.values()),
        sum(tally.all for tally in closed.values()),
    )


def _per_day(actor: Actor, column: str, first: date) -> dict[date, Tally]:
    tickets = _seen(actor).filter(**{f"{column}__gte": midnight(first)}).order_by()
    rows = tickets.values(day=TruncDate(column, tzinfo=SHANGHAI)).annotate(people=_PEOPLE, n=Count("pk"))
    return {row["day"]: Tally(row["people"], row["n"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart, counting issues; `before` is the count of the stretch of time before."""

    id: Any
    name: str
    count: int
    before: int = 0


def top_categories(actor: Actor, now: datetime) -> tuple[list[Bar], Tally]:
    """The five most frequent categories of the last thirty calendar days (as in `trend`) with the thirty before, and how
    many came in at all."""
    first = local(now).date() - MONTH + timedelta(days=1)
    tickets = _seen(actor).filter(received_at__gte=midnight(first - MONTH)).order_by()
    recent = Q(received_at__gte=midnight(first))
    rows = list(
        tickets.values("category_id", "category__name").annotate(
            n=Count("pk", filter=recent & ONCE),
            before=Count("pk", filter=~recent & ONCE),
            all=Count("pk", filter=recent),
        )
    )
    rows.sort(key=lambda row: (-row["n"], row["category__name"]))
    bars = [Bar(r["category_id"], r["category__name"], r["n"], r["before"]) for r in rows[:TOP] if r["n"]]
    return bars, Tally(sum(row["n"] for row in rows), sum(row["all"] for row in rows))


def late_by_department(actor: Actor, now: datetime) -> list[Bar]:
    """Open issues past their next deadline, by responsible department, the worst first."""
    late = Ticket.objects.visible_to(actor).counted().open().filter(queue_at__lt=now, next_due_at__lt=now).order_by()
    rows = late.values("department_id", "department__name").annotate(n=Count("pk")).order_by("-n", "department__name")
    return [Bar(row["department_id"], row["department__name"], row["n"]) for row in rows]


def arrivals_by_hour(actor: Actor, now: datetime) -> list[list[int]]:
    """Issues received in the last four weeks: seven rows from Monday, 24 hours each."""
    tickets = Ticket.objects.visible_to(actor).counted().filter(received_at__gte=now - timedelta(days=28)).order_by()
    rows = tickets.values(
        weekday=ExtractIsoWeekDay("received_at", tzinfo=SHANGHAI), hour=ExtractHour("received_at", tzinfo=SHANGHAI)
    ).annotate(n=Count("pk"))
    grid = [[0] * 24 for _ in range(7)]
    for row in rows:
        grid[row["weekday"] - 1][row["hour"]] = row["n"]
    return grid
