"""The first page: five figures with their change, and what lies behind them (RPT-04)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.desk import money_figures, snapshot
from apps.desk.snapshot import Snapshot
from apps.desk.views.frame import framed
from apps.feedback.selectors.figures import Bar, Satisfaction, Tally
from apps.feedback.selectors.queue import Tab, Without
from apps.sla.states import Weekday


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the strip. `good`: whether its change is welcome; None where it is neither."""

    label: str
    value: str
    link: str
    change: str
    good: bool | None
    level: str = "quiet"
    note: str = ""


def dashboard(request: HttpRequest) -> HttpResponse:
    actor = actor_for(request)
    found = snapshot.of(actor)
    context = {
        "strip": _strip(found),
        **_trend(found),
        **_categories(found),
        **_late(found),
        **_hours(found),
        **(money_figures.panel() if actor.can(money_figures.SEES) else {}),
        "as_of": found.at,
        "age": int((clock.now() - found.at).total_seconds()),
    }
    return framed(request, "desk/dashboard.html", _("Dashboard"), context)


def _queue(without: Sequence[str] = tuple(Without.values), **query: str) -> str:
    """The rows behind a figure: just those that it counted."""
    return f"{reverse('admin:desk_queue')}?{urlencode([*query.items(), *(('without', each) for each in without)])}"


def _both(tally: Tally) -> str:
    return _("%(all)s tickets with repeats") % {"all": tally.all}


def _strip(found: Snapshot) -> list[Figure]:
    before, share, mood = found.before, found.answered, found.mood
    return [
        Figure(
            _("Open now"),
            str(found.open.people),
            _queue(tab=Tab.ALL),
            *_since_yesterday(found.open.people, before.open),
            note=_both(found.open),
        ),
        Figure(
            _("Due today"),
            str(found.today.people),
            _queue(tab=Tab.ALL, figure="due_today"),
            *_since_yesterday(found.today.people, before.today),
            note=_both(found.today),
        ),
        Figure(
            _("Late"),
            str(found.late.people),
            _queue(tab=Tab.LATE),
            *_since_yesterday(found.late.people, before.late),
            "late" if found.late.people else "done",
            note=_both(found.late),
        ),
        Figure(
            _("Answered in time, 7 days"),
            "—" if share.percent is None else f"{share.percent}%",
            _queue(tab=Tab.ANY, figure="answered_in_time"),
            *_points(share.percent, before.answered, _("%(change)s points on the week before"), 0),
            note=_("%(hit)s of %(total)s") % {"hit": share.hit, "total": share.total},
        ),
        Figure(
            _("Satisfaction, 30 days"),
            "—" if mood.mean is None else f"{mood.mean:.1f}",
            _queue([Without.DRILLS], tab=Tab.ANY, figure="rated"),
            *_points(mood.mean, before.mood, _("%(change)s on the 30 days before"), 1),
            note=_answers(mood, found.process),
        ),
    ]


def _answers(mood: Satisfaction, process: Satisfaction) -> str:
    """How many said so, and what they said of the handling itself (LAW-06)."""
    words = ngettext("%(count)s answer", "%(count)s answers", mood.answers) % {"count": mood.answers}
    if process.mean is None:
        return words
    return " · ".join([words, _("handling %(mean)s") % {"mean": f"{process.mean:.1f}"}])


def _since_yesterday(now: int, before: int) -> tuple[str, bool | None]:
    if now == before:
        return _("as yesterday at this time"), None
    return _("%(change)s since yesterday") % {"change": f"{now - before:+d}"}, now < before


def _points(now: float | None, before: float | None, words: str, places: int) -> tuple[str, bool | None]:
    if now is None or before is None:
        return _("nothing to compare with"), None
    change = round(now - before, places)
    if not change:
        return _("unchanged"), None
    return words % {"change": f"{change:+.{places}f}"}, change > 0


# Charts: the title says what was found ---------------------------------------------------------------------------------


def _trend(found: Snapshot) -> dict[str, Any]:
    trend = found.trend
    received, closed = sum(trend.received), sum(trend.closed)
    days = [f"{d:%m-%d}" for d in trend.days]
    links = [_queue(tab=Tab.ANY, received=d.isoformat()) for d in trend.days]
    data = {"days": days, "received": trend.received, "closed": trend.closed, "links": links,
            "words": [_("Received"), _("Closed")]}  # fmt: skip
    if not received and not closed:
        title = _("Nothing came in during the last 30 days")
    elif received > closed:
        title = _("The pile grew by %(more)s in 30 days") % {"more": received - closed}
    elif received < closed:
        title = _("The pile shrank by %(less)s in 30 days") % {"less": closed - received}
    else:
        title = _("As many closed as came in within 30 days")
    return {
        "trend": data,
        "trend_title": title,
        "trend_note": _(
            "%(received)s issues received (%(all_received)s tickets with repeats), %(closed)s closed (%(all_closed)s); per day"
        )
        % {
            "received": received,
            "all_received": trend.all_received,
            "closed": closed,
            "all_closed": trend.all_closed,
        },
        "trend_empty": not (received or closed),
        "trend_rows": list(zip(days, trend.received, trend.closed, links, strict=True))[::-1],
    }


@dataclass(frozen=True, slots=True)
class BarLine:
    """A bar with its share of the longest one, in percent, and where it leads."""

    name: str
    count: int
    width: int
    link: str
    change: str = ""


def _lines(bars: list[Bar], link: Callable[[Bar], str], *, changes: bool) -> list[BarLine]:
    longest = max((bar.count for bar in bars), default=1)
    return [
        BarLine(
            bar.name,
            bar.count,
            round(100 * bar.count / longest),
            link(bar),
            f"{bar.count - bar.before:+d}" if changes else "",
        )
        for bar in bars
    ]


def _categories(found: Snapshot) -> dict[str, Any]:
    bars, total = found.categories
    today = clock.local(found.at).date()
    days = f"{today - timedelta(days=29)}~{today}"
    title = _("No feedback in the last 30 days")
    if bars:
        share = round(100 * bars[0].count / total.people)
        title = _("“%(category)s” leads with %(share)s%%") % {"category": bars[0].name, "share": share}
    return {
        "categories": _lines(bars, lambda bar: _queue(tab=Tab.ANY, category=bar.id, received=days), changes=True),
        "categories_title": title,
        "categories_note": _(
            "top 5 of %(people)s issues (%(all)s tickets with repeats) in 30 days; change on the 30 days before"
        )
        % {"people": total.people, "all": total.all},
    }


def _late(found: Snapshot) -> dict[str, Any]:
    bars = found.late_departments
    title = _("No department is late")
    if bars:
        title = _("%(department)s has the most late tickets") % {"department": bars[0].name}
    return {
        "late": _lines(bars, lambda bar: _queue(tab=Tab.LATE, department=bar.id), changes=False),
        "late_title": title,
        "late_note": _("open issues past their next deadline: %(people)s (%(all)s tickets with repeats)")
        % {"people": found.late.people, "all": found.late.all},
    }


@dataclass(frozen=True, slots=True)
class HourCell:
    count: int
    shade: int  # 0 to 5
    words: str


def _hours(found: Snapshot) -> dict[str, Any]:
    grid = found.hours
    most, weekday, hour = max((n, d, h) for d, row in enumerate(grid) for h, n in enumerate(row))
    days = [str(label) for label in Weekday.labels]
    title = _("No arrivals in four weeks")
    if most:
        title = _("Most comes in on %(day)s at %(hour)s") % {"day": days[weekday], "hour": f"{hour:02d}:00"}
    cells = [
        [HourCell(n, _shade(n, most), f"{days[d]} {h:02d}:00–{h:02d}:59: {n}") for h, n in enumerate(row)]
        for d, row in enumerate(grid)
    ]
    return {
        "hours": list(zip(days, cells, strict=True)),
        "hours_title": title,
        "hours_note": _("issues received by weekday and hour, four weeks: %(total)s") % {"total": sum(map(sum, grid))},
        "hours_most": most,
    }


def _shade(count: int, most: int) -> int:
    return -(-5 * count // most) if most else 0
