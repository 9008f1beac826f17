"""The monthly look at the keyword library (CLS-02): made once a month, ticked off by a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal.events import record
from apps.triage import events, rulebook, sources
from apps.triage.models import Keyword, LibraryReview, LibraryVersion
from apps.triage.services.classify import classify_with
from apps.triage.services.models import check_right

LOOKS_BACK_DAYS = 90  # for what keywords are met, and how often they are wrong
BATCH = 1_000
SHOWN = 20
LEAST_MET = 3  # to be called wrong rather than unlucky


@dataclass(slots=True)
class _Use:
    """How often each keyword decided something, and how often a person put another category."""

    tickets: int = 0
    met: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


def due(now: datetime) -> LibraryReview | None:
    """The review of this month (by Shanghai's calendar) if there is none yet; None where it is there already.

    What hears of `library.review_due` tells service and product leads.
    """
    month = clock.local(now).date().replace(day=1)
    if LibraryReview.objects.filter(month=month).exists():
        return None
    found = _figures(now, month)
    with transaction.atomic():
        review, is_new = LibraryReview.objects.get_or_create(month=month, defaults={"figures": found})
        if not is_new:  # another worker was quicker
            return None
        data = {"month": f"{month:%Y-%m}", "changes": found["changes"]}
        record(events.REVIEW_DUE, subject=review, actor=system("triage"), data=data, at=now)
        return review


def finish(review: LibraryReview, *, actor: Actor, note: str = "") -> LibraryReview:
    """Tick the review off. Raises DomainError `core.not_allowed`, `review.done`."""
    check_right(actor)
    with transaction.atomic():
        fresh = locks.row(LibraryReview, review.pk)
        if fresh.done_at is not None:
            raise DomainError("review.done")
        fresh.done_at, fresh.done_by_id, fresh.note = clock.now(), actor.user_id, note.strip()
        fresh.save(update_fields=["done_at", "done_by", "note"])
        record(events.REVIEW_DONE, subject=fresh, actor=actor, data={"month": f"{fresh.month:%Y-%m}"})
        return fresh


def _figures(now: datetime, month: date) -> dict[str, Any]:
    use = _use(now)
    active = list(Keyword.objects.filter(active=True, weight__gt=0).values_list("text", flat=True))
    never = sorted((text for text in active if not use.met[text]), key=lambda text: (-len(text), text))
    wrong = [text for text in use.wrong if use.judged[text] >= LEAST_MET]
    wrong.sort(key=lambda text: (-use.wrong[text] / use.judged[text], -use.wrong[text], text))
    return {
        "days": LOOKS_BACK_DAYS,
        "tickets": use.tickets,
        "keywords": len(active),
        "changes": LibraryVersion.objects.filter(created_at__gte=_month_before(month), created_at__lt=now).count(),
        "since": f"{_month_before(month):%Y-%m-%d}",
        "never_met": len(never),
        "least_used": [{"text": t, "count": use.met[t]} for t in _rarest(active, use)],
        "most_wrong": [{"text": t, "wrong": use.wrong[t], "judged": use.judged[t]} for t in wrong[:SHOWN]],
    }


def _rarest(active: list[str], use: _Use) -> list[str]:
    """The keywords that were met least, but met: those never met are counted, being thousands in a young library."""
    met = [text for text in active if use.met[text]]
    return sorted(met, key=lambda text: (use.met[text], text))[:SHOWN]


def _month_before(month: date) -> datetime:
    first = (month - timedelta(days=1)).replace(day=1)
    return datetime(first.year, first.month, 1, tzinfo=clock.SHANGHAI)


def _use(now: datetime) -> _Use:
    """Past tickets, read by today's library."""
    book = rulebook.current()
    roots = book.branches.roots()
    source, actor = sources.current(), system("triage")
    use, after = _Use(), ""
    since = now - timedelta(days=LOOKS_BACK_DAYS)
    while batch := source.batch(since, now, after, actor=actor, limit=BATCH):
        for past in batch:
            use.tickets += 1
            spoke = {hit.text: hit.category for hit in classify_with(book, past.text).hits if hit.weight}
            use.met.update(spoke.keys())
            if past.by_person and past.category in roots:
                use.judged.update(spoke.keys())
                right = roots[past.category]
                use.wrong.update(text for text, category in spoke.items() if roots.get(category) != right)
        after = str(batch[-1].id)
    return use
