"""The figures of the way from complaint to refund, worked out together and kept for a moment like the dashboard's (LNK-05)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.billing import figures
from apps.billing.figures import BY_HAND, GOAL, STAGES, Cycle, Errors, Mood, Row, Span
from apps.core import clock
from apps.desk.snapshot import FRESH, OLDEST, asked

SEES = "billing.view_refund"
SHAPE = 1  # raise it when the fields below change
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything as it was at the moment `at`."""

    at: datetime
    span: Span
    cycle: Cycle
    before: Cycle
    errors: Errors
    mood: Mood
    departments: list[Row]
    months: list[Row]


def of(span: Span) -> Figures:
    """At most OLDEST seconds old; they are the same for all who may see refunds."""
    key = f"desk.money.{SHAPE}.{span.month:%Y%m}.{span.department or 0}"
    kept: Figures | None = asked(lambda: cache.get(key))
    if kept is not None:
        age = (clock.now() - kept.at).total_seconds()
        if age < FRESH or (age < OLDEST and not asked(lambda: cache.add(f"{key}.next", 1, FRESH))):
            return kept
    found = Figures(
        clock.now(), span, figures.cycle(span), figures.cycle(Span(figures.months_on(span.month, -1), span.department)),
        figures.errors(span), figures.mood(span), figures.by_department(span), figures.by_month(span),
    )  # fmt: skip
    asked(lambda: cache.set(key, found, OLDEST))
    return found


def this_month() -> date:
    return clock.local(clock.now()).date().replace(day=1)


def address(span: Span, **more: Any) -> str:
    """The page of these figures; the rows behind them stand on it."""
    department = f"&department={span.department}" if span.department else ""
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{reverse('desk:money_figures')}?month={span.month:%Y-%m}{department}{rest}"


def words(duration: timedelta | None) -> str:
    """`10.5 h`, in days from a week on."""
    if duration is None:
        return "—"
    hours = duration / HOUR
    return (
        _("%(days)s d") % {"days": f"{hours / 24:.1f}"}
        if hours >= 168
        else _("%(hours)s h") % {"hours": f"{hours:.1f}"}
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its share of the longest one, in percent."""

    name: str
    value: str
    width: int
    link: str = ""
    note: str = ""


def stage_bars(cycle: Cycle) -> list[Bar]:
    longest = max(cycle.stages.values(), default=timedelta()) or HOUR
    return [Bar(str(STAGES[name]), words(mean), round(100 * (mean / longest))) for name, mean in cycle.stages.items()]


def row_bars(rows: list[Row], link: Any) -> list[Bar]:
    longest = max((row.mean for row in rows), default=timedelta()) or HOUR
    return [
        Bar(row.name, words(row.mean), round(100 * (row.mean / longest)), link(row), _("%(n)s refunds") % {"n": row.count})
        for row in rows
    ]  # fmt: skip


def finding(cycle: Cycle) -> str:
    """The title of the chart says what was found."""
    if cycle.mean is None:
        return _("No refund has reached a customer this month")
    facts = {"mean": words(cycle.mean), "goal": words(GOAL), "stage": str(STAGES[cycle.slowest])}
    if cycle.mean <= GOAL:
        return _("Complaint to refund: %(mean)s, within the goal of %(goal)s") % facts
    return _("Complaint to refund: %(mean)s instead of %(goal)s; “%(stage)s” takes the most") % facts


def counted(cycle: Cycle) -> str:
    facts = {
        "count": cycle.count, "goal": cycle.in_goal, "p90": words(cycle.p90), "hours": round(GOAL / HOUR),
        "hand": round(BY_HAND / HOUR),
    }  # fmt: skip
    said = _(
        "%(count)s refunds, %(goal)s of them within %(hours)s h; nine of ten within %(p90)s; by hand it took %(hand)s h"
    )
    return said % facts


def panel() -> dict[str, Any]:
    """What the dashboard shows of this month; one query, kept for a minute."""
    span = Span(this_month())
    key = f"desk.money.panel.{SHAPE}.{span.month:%Y%m}"
    cycle: Cycle | None = asked(lambda: cache.get(key))
    if cycle is None:
        cycle = figures.cycle(span)
        asked(lambda: cache.set(key, cycle, OLDEST))
    return {
        "money_title": finding(cycle),
        "money_note": counted(cycle),
        "money_stages": stage_bars(cycle),
        "money_link": address(span),
    }
