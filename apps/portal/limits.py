"""How often the public pages may be used: per network address, per contact, per ticket (INT-11).

Counted in the cache in fixed windows. While the cache is down nothing is limited: feedback goes first.
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
from apps.core.errors import DomainError
from apps.feedback.selectors import rules

logger = logging.getLogger(__name__)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def take(name: str, key: str, *, field: str | None = None) -> None:
    """Count one use of the limit `settings.PUBLIC_LIMITS[name]` by `key`. Raises DomainError `portal.too_often`."""
    count, _, unit = settings.PUBLIC_LIMITS[name].partition("/")
    seconds = _SECONDS[unit]
    now = time.time()
    left = seconds - now % seconds
    if _used(f"limit:{name}:{_digest(key)}:{int(now // seconds)}", math.ceil(left)) > int(count):
        raise DomainError("portal.too_often", field=field, minutes=math.ceil(left / 60), hotline=rules().hotline)


def first_time(key: str) -> bool:
    """Whether this key is new within the last ten minutes: a double click on a button sends once."""
    try:
        return cache.add(f"once:{_digest(key)}", 1, 600)
    except Exception:
        logger.warning("The cache does not answer: double clicks are not recognised", exc_info=True)
        return True


def forget(key: str) -> None:
    """The act with this key failed and may be tried again."""
    try:
        cache.delete(f"once:{_digest(key)}")
    except Exception:
        logger.warning("The cache does not answer", exc_info=True)


def address(request: HttpRequest) -> str:
    """The sender's network: the address that our outermost proxy saw, for IPv6 its /64."""
    found = network.sender(request)
    return str(ipaddress.ip_network((found, 64), strict=False)) if ":" in found else found


def _used(key: str, seconds: int) -> int:
    try:
        cache.add(key, 0, seconds)
        return cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return 1
    except Exception:
        logger.warning("The cache does not answer: public pages are not limited", exc_info=True)
        return 0


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
