"""Reading what slowed handlers down (SUR-05). Months are months of Shanghai."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.db.models.functions import TruncMonth

from apps.core.clock import SHANGHAI
from apps.feedback.models import ProcessFeedback, Ticket

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """`counts` in the order of `ProcessFeedback.Obstacle`."""

    first: date
    total: int
    counts: list[int]


def of_ticket(ticket: Ticket, user_id: int) -> ProcessFeedback | None:
    """What this person said of the present round."""
    return ProcessFeedback.objects.filter(ticket=ticket, round=ticket.reopen_count, author_id=user_id).first()


def by_month() -> list[Month]:
    """The last twelve months that have any, the newest first."""
    rows = (
        ProcessFeedback.objects.order_by()
        .values("obstacle", month=TruncMonth("at", tzinfo=SHANGHAI))
        .annotate(n=Count("pk"))
    )
    found: dict[date, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["month"].date(), {})[row["obstacle"]] = row["n"]
    kinds = ProcessFeedback.Obstacle.values
    months = [Month(first, sum(counts.values()), [counts.get(k, 0) for k in kinds]) for first, counts in found.items()]
    return sorted(months, key=lambda month: month.first, reverse=True)[:MONTHS]
