"""How often a door lets the same sender knock in vain. Counted in the cache; without the cache nobody is turned away."""

import hashlib
import logging
import time
from collections.abc import Iterable

from django.core.cache import cache

log = logging.getLogger(__name__)


def used_up(what: str, most: int, *, seconds: int = 60) -> bool:
    """Whether `what` has been counted `most` times in this window of `seconds`."""
    try:
        return int(cache.get(_key(what, seconds)) or 0) >= most
    except Exception:
        log.warning("the cache does not answer: doors are not limited")
        return False


def count(what: str, *, seconds: int = 60, keep: int = 0) -> None:
    """Once more in this window; `keep` (seconds): for how long, where `counted` looks back."""
    key = _key(what, seconds)
    try:
        cache.add(key, 0, keep or seconds)
        cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return
    except Exception:
        log.warning("the cache does not answer: doors are not limited")


def counted(whats: Iterable[str], *, seconds: int, windows: int) -> dict[str, int]:
    """How often each was counted in the present window and those before it; 0 where the cache does not answer."""
    now = time.time()
    keys = {what: [_key(what, seconds, now - seconds * back) for back in range(windows)] for what in whats}
    try:
        found = cache.get_many([key for own in keys.values() for key in own])
    except Exception:
        log.warning("the cache does not answer: nothing is known of what doors refused")
        found = {}
    return {what: sum(int(found.get(key) or 0) for key in own) for what, own in keys.items()}


def _key(what: str, seconds: int, at: float | None = None) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()[:32]
    return f"door-limit:{digest}:{int((time.time() if at is None else at) // seconds)}"
