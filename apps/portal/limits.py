"""How often the public pages may be used: per network address, per contact, per ticket (INT-11).

While the cache is down nothing is limited: feedback goes first.
"""

import logging

from django.core.cache import cache

from apps.core.errors import DomainError
from apps.core.limits import address, digest, minutes_to_wait
from apps.feedback.selectors import rules

__all__ = ["address", "first_time", "forget", "take"]

logger = logging.getLogger(__name__)


def take(name: str, key: str, *, field: str | None = None) -> None:
    """Count one use of the limit `settings.PUBLIC_LIMITS[name]` by `key`. Raises DomainError `portal.too_often`."""
    if minutes := minutes_to_wait(name, key):
        raise DomainError("portal.too_often", field=field, minutes=minutes, hotline=rules().hotline)


def first_time(key: str) -> bool:
    """Whether this key is new within the last ten minutes: a double click on a button sends once."""
    try:
        return cache.add(f"once:{digest(key)}", 1, 600)
    except Exception:
        logger.warning("The cache does not answer: double clicks are not recognised", exc_info=True)
        return True


def forget(key: str) -> None:
    """The act with this key failed and may be tried again."""
    try:
        cache.delete(f"once:{digest(key)}")
    except Exception:
        logger.warning("The cache does not answer", exc_info=True)
