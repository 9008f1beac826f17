"""Who is on a ticket's page right now (HND-08). A hint kept in the cache: without a cache nobody is seen, nothing breaks."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.cache import cache

from apps.accounts.models import User
from apps.core import clock

SECONDS = 60  # a page reports every 10 s
logger = logging.getLogger(__name__)


def _key(ticket_id: UUID) -> str:
    return f"desk.presence.{ticket_id}"


def enter(ticket_id: UUID, user: User) -> list[str]:
    """Note that the user is here; returns the names of the others."""
    now = clock.now().timestamp()
    try:
        here: dict[int, Any] = cache.get(_key(ticket_id)) or {}
        here = {pk: seen for pk, seen in here.items() if seen[1] > now - SECONDS}
        others = [name for pk, (name, _at) in here.items() if pk != user.pk]
        cache.set(_key(ticket_id), {**here, user.pk: (str(user), now)}, SECONDS)
    except Exception:  # the cache is not there: any client error, none of them worth a broken page
        logger.warning("presence is not known: the cache does not answer", exc_info=True)
        return []
    return others


def on(ticket_ids: Sequence[UUID], but: int) -> dict[UUID, list[str]]:
    """Who is on each of these tickets, except for one user."""
    now = clock.now().timestamp()
    try:
        found = cache.get_many([_key(pk) for pk in ticket_ids])
    except Exception:
        logger.warning("presence is not known: the cache does not answer", exc_info=True)
        return {}
    return {
        pk: names
        for pk in ticket_ids
        if (names := [n for user, (n, at) in found.get(_key(pk), {}).items() if user != but and at > now - SECONDS])
    }
