"""The figures of the dashboard, worked out together and kept for a moment: the page says how old they are."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from apps.core import clock
from apps.core.actors import Actor
from apps.feedback.selectors import figures
from apps.feedback.selectors.figures import MONTH, WEEK, Bar, Satisfaction, Share, Tally, Trend

OLDEST = 60  # seconds that a snapshot may be old
FRESH = 30  # from this age on, one request works out the next while others still get this one
PAST_SECONDS = 600  # a figure of the past hardly changes
SHAPE = 1  # raise it when the fields below change: what an older release has kept is then passed over
DAY = timedelta(days=1)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Before:
    """What to compare with: yesterday at this time, the week before (percent), the thirty days before (1 to 5)."""

    open: int
    today: int
    late: int
    answered: int | None
    mood: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything on the dashboard as it was at the moment `at`."""

    at: datetime
    open: Tally
    today: Tally
    late: Tally
    answered: Share
    mood: Satisfaction
    process: Satisfaction
    before: Before
    trend: Trend
    categories: tuple[list[Bar], Tally]
    late_departments: list[Bar]
    hours: list[list[int]]


def of(actor: Actor) -> Snapshot:
    """The dashboard's figures for this actor, at most OLDEST seconds old. Whoever may see all shares one snapshot."""
    who = "all" if actor.can("feedback.view_all_tickets") else str(actor.user_id)
    key = f"desk.dashboard.{SHAPE}.{who}"
    kept: Snapshot | None = asked(lambda: cache.get(key))
    if kept is not None:
        age = (clock.now() - kept.at).total_seconds()
        if age < FRESH or (age < OLDEST and not asked(lambda: cache.add(f"{key}.next", 1, FRESH))):
            return kept
    found = work_out(actor, key)
    asked(lambda: cache.set(key, found, OLDEST))
    return found


def work_out(actor: Actor, key: str) -> Snapshot:
    """The figures of this moment, except for those of the past, which are kept under the key for some minutes."""
    now = clock.now()
    open_now = figures.open_count(actor)
    past: Before | None = asked(lambda: cache.get(f"{key}.past"))
    if past is None:
        past = _before(actor, now, open_now)
        asked(lambda: cache.set(f"{key}.past", past, PAST_SECONDS))
    return Snapshot(
        at=now,
        open=open_now,
        today=figures.due_today_count(actor, now),
        late=figures.late_count(actor, now),
        answered=figures.first_response_share(actor, now - WEEK, now, now),
        mood=figures.satisfaction(actor, now - MONTH, now),
        process=figures.process_satisfaction(actor, now - MONTH, now),
        before=past,
        trend=figures.trend(actor, now),
        categories=figures.top_categories(actor, now),
        late_departments=figures.late_by_department(actor, now),
        hours=figures.arrivals_by_hour(actor, now),
    )


def _before(actor: Actor, now: datetime, open_now: Tally) -> Before:
    today, late = figures.owed_at(actor, now - DAY)
    return Before(
        open=figures.open_count_at(actor, now, now - DAY, open_now.people),
        today=today,
        late=late,
        answered=figures.first_response_share(actor, now - 2 * WEEK, now - WEEK, now).percent,
        mood=figures.satisfaction(actor, now - 2 * MONTH, now - MONTH).mean,
    )


def asked(cached: Callable[[], Any]) -> Any:
    """The cache's answer; None where Redis is away: then everything is worked out anew, and the page still comes."""
    try:
        return cached()
    except (RedisError, OSError):
        logger.warning("the cache does not answer", exc_info=True)
        return None
