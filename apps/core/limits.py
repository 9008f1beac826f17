"""How often something may be done: counted in the cache, in fixed windows.

While the cache is down nothing is limited: feedback goes first.
"""

import hashlib
import ipaddress
import logging
import math
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from apps.core import network

logger = logging.getLogger(__name__)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def minutes_to_wait(name: str, key: str) -> int:
    """Count one use of the limit `settings.PUBLIC_LIMITS[name]` by `key`; 0 when it is within it."""
    count, _, unit = settings.PUBLIC_LIMITS[name].partition("/")
    seconds = _SECONDS[unit]
    left = seconds - time.time() % seconds
    if _used(_window(name, key, seconds), math.ceil(left)) > int(count):
        return math.ceil(left / 60)
    return 0


def is_spent(name: str, key: str) -> bool:
    """Whether `key` has used up the limit in this window; counts nothing. For what only counts when it fails."""
    count, _, unit = settings.PUBLIC_LIMITS[name].partition("/")
    try:
        return int(cache.get(_window(name, key, _SECONDS[unit])) or 0) >= int(count)
    except Exception:
        logger.warning("The cache does not answer: nothing is limited by %s", name, exc_info=True)
        return False


def _window(name: str, key: str, seconds: int) -> str:
    """The name in the cache of what `key` has used in the present window."""
    return f"limit:{name}:{digest(key)}:{int(time.time() // seconds)}"


def address(request: HttpRequest) -> str:
    """The sender's network: the address that our outermost proxy saw, for IPv6 its /64."""
    found = network.sender(request)
    return str(ipaddress.ip_network((found, 64), strict=False)) if ":" in found else found


def digest(key: str) -> str:
    """A key of any length and content as a name in the cache."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def _used(key: str, seconds: int) -> int:
    try:
        cache.add(key, 0, seconds)
        return cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return 1
    except Exception:
        logger.warning("The cache does not answer: public pages are not limited", exc_info=True)
        return 0
