"""The first page: five figures with their change, and what lies behind them (RPT-04)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.actors import Actor
from apps.desk.views.frame import framed
from apps.feedback.selectors import figures
from apps.feedback.selectors.figures import MONTH, WEEK, Bar
from apps.feedback.selectors.queue import Tab
from apps.sla.states import Weekday

DAY = timedelta(days=1)
PAST_SECONDS = 600  # a figure of the past hardly changes; those of now are never kept
logger = logging.getLogger(__name__)


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
    actor, now = actor_for(request), clock.now()
    context = {
        "strip": _strip(actor),
        **_trend(actor),
        **_categories(actor),
        **_late(actor),
        **_hours(actor),
        "now": now,
    }
    return framed(request, "desk/dashboard.html", _("Dashboard"), context)


def _queue(**query: str) -> str:
    return f"{reverse('admin:desk_queue')}?{urlencode(query)}"


def _strip(actor: Actor) -> list[Figure]:
    now = clock.now()
    open_now = figures.open_count(actor)
    today, late = figures.due_today_count(actor, now), figures.late_count(actor, now)
    before = _past(actor, "strip", lambda: _yesterday(actor, open_now))
    share = figures.first_response_share(actor, now - WEEK, now, now)
    mood = figures.satisfaction(actor, now - MONTH, now)
    return [
        Figure(_("Open now"), str(open_now), _queue(tab=Tab.ALL), *_since_yesterday(open_now, before["open"])),
        Figure(
            _("Due today"),
            str(today),
            _queue(tab=Tab.ALL, figure="due_today"),
            *_since_yesterday(today, before["today"]),
        ),
        Figure(
            _("Late"),
            str(late),
            _queue(tab=Tab.LATE),
            *_since_yesterday(late, before["late"]),
            "late" if late else "done",
        ),
        Figure(
            _("Answered in time, 7 days"),
            "—" if share.percent is None else f"{share.percent}%",
            _queue(tab=Tab.ANY, figure="answered_in_time"),
            *_points(share.percent, before["answered"], _("%(change)s points on the week before"), 0),
            note=_("%(hit)s of %(total)s") % {"hit": share.hit, "total": share.total},
        ),
        Figure(
            _("Satisfaction, 30 days"),
            "—" if mood.mean is None else f"{mood.mean:.1f}",
            _queue(tab=Tab.ANY, figure="rated"),
            *_points(mood.mean, before["mood"], _("%(change)s on the 30 days before"), 1),
            note=ngettext("%(count)s answer", "%(count)s answers", mood.answers) % {"count": mood.answers},
        ),
    ]


def _yesterday(actor: Actor, open_now: int) -> dict[str, Any]:
    now = clock.now()
    today, late = figures.owed_at(actor, now - DAY)
    return {
        "open": figures.open_count_at(actor, now, now - DAY, open_now),
        "today": today,
        "late": late,
        "answered": figures.first_response_share(actor, now - 2 * WEEK, now - WEEK, now).percent,
        "mood": figures.satisfaction(actor, now - 2 * MONTH, now - MONTH).mean,
    }


def _past(actor: Actor, name: str, work: Callable[[], Any]) -> Any:
    """Figures of the past, kept for some minutes; worked out anew where the cache does not answer."""
    key = f"desk.figures.{name}.{actor.user_id}"
    try:
        return cache.get_or_set(key, work, PAST_SECONDS)
    except Exception:
        logger.warning("the cache does not answer", exc_info=True)
        return work()


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


def _trend(actor: Actor) -> dict[str, Any]:
    trend = figures.trend(actor, clock.now())
    received, closed = sum(trend.received), sum(trend.closed)
    data = {"days": [f"{d:%m-%d}" for d in trend.days], "received": trend.received, "closed": trend.closed,
            "links": [_queue(tab=Tab.ANY, received=d.isoformat()) for d in trend.days],
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
        "trend_note": _("%(received)s received, %(closed)s closed; tickets per day")
        % {"received": received, "closed": closed},
        "trend_empty": not (received or closed),
        "trend_rows": list(zip(data["days"], trend.received, trend.closed, data["links"], strict=True))[::-1],
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


def _categories(actor: Actor) -> dict[str, Any]:
    now = clock.now()
    bars, total = figures.top_categories(actor, now)
    today = clock.local(now).date()
    days = f"{today - timedelta(days=29)}~{today}"
    title = _("No feedback in the last 30 days")
    if bars:
        share = round(100 * bars[0].count / total)
        title = _("“%(category)s” leads with %(share)s%%") % {"category": bars[0].name, "share": share}
    return {
        "categories": _lines(bars, lambda bar: _queue(tab=Tab.ANY, category=bar.id, received=days), changes=True),
        "categories_title": title,
        "categories_note": _("top 5 of %(total)s tickets in 30 days; change on the 30 days before") % {"total": total},
    }


def _late(actor: Actor) -> dict[str, Any]:
    bars = figures.late_by_department(actor, clock.now())
    title = _("No department is late")
    if bars:
        title = _("%(department)s has the most late tickets") % {"department": bars[0].name}
    return {
        "late": _lines(bars, lambda bar: _queue(tab=Tab.LATE, department=bar.id), changes=False),
        "late_title": title,
        "late_note": _("open tickets past their next deadline: %(total)s") % {"total": sum(bar.count for bar in bars)},
    }


@dataclass(frozen=True, slots=True)
class HourCell:
    count: int
    shade: int  # 0 to 5
    words: str


def _hours(actor: Actor) -> dict[str, Any]:
    grid = figures.arrivals_by_hour(actor, clock.now())
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
        "hours_note": _("tickets received by weekday and hour, four weeks: %(total)s") % {"total": sum(map(sum, grid))},
        "hours_most": most,
    }


def _shade(count: int, most: int) -> int:
    return -(-5 * count // most) if most else 0
