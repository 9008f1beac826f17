"""How often a door lets the same sender knock in vain. Counted in the cache; without the cache nobody is turned away."""

import hashlib
import logging
import time

from django.core.cache import cache

log = logging.getLogger(__name__)


def used_up(what: str, most: int, *, seconds: int = 60) -> bool:
    """Whether `what` has been counted `most` times in this window of `seconds`."""
    try:
        return int(cache.get(_key(what, seconds)) or 0) >= most
    except Exception:
        log.warning("the cache does not answer: doors are not limited")
        return False


def count(what: str, *, seconds: int = 60) -> None:
    key = _key(what, seconds)
    try:
        cache.add(key, 0, seconds)
        cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return
    except Exception:
        log.warning("the cache does not answer: doors are not limited")


def _key(what: str, seconds: int) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()[:32]
    return f"door-limit:{digest}:{int(time.time() // seconds)}"
