"""How many requests a client may send."""

import threading
import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

LEASES_PER_LIMIT = 50
QUIET_SECONDS = 10  # how long a process leaves a dead cache alone


class ClientThrottle(BaseThrottle):
    """`API_REQUESTS_PER_MINUTE` for each client, counted by the clock's minutes in the shared cache; 0 is no limit.

    A process takes requests from the shared count in leases of 2 % of the limit, so that most requests ask nobody; what
    a process leaves unused at the end of a minute is lost. Without the cache nobody is refused.
    """

    def allow_request(self, request: Request, view: object) -> bool:
        limit = settings.API_REQUESTS_PER_MINUTE
        return not limit or request.user is None or _leases.take(str(request.user.pk), limit)

    def wait(self) -> float:
        """Seconds until the next minute."""
        return 60 - time.time() % 60


class _Leases:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._minute = 0
        self._left: dict[str, int] = {}
        self._quiet_until = 0.0

    def take(self, client: str, limit: int) -> bool:
        minute = int(time.time() // 60)
        with self._guard:
            if minute != self._minute:
                self._minute, self._left = minute, {}
            if self._left.get(client, 0) > 0:
                self._left[client] -= 1
                return True
        size = max(1, limit // LEASES_PER_LIMIT)
        granted = min(size, limit - self._taken_before(f"api:{client}:{minute}", size))
        if granted > 0:
            with self._guard:
                self._left[client] = self._left.get(client, 0) + granted - 1
        return granted > 0

    def _taken_before(self, key: str, size: int) -> int:
        if time.monotonic() < self._quiet_until:
            return 0
        try:
            cache.add(key, 0, timeout=120)
            return int(cache.incr(key, size)) - size
        except Exception:  # a limit that cannot be counted must not turn anybody away
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            return 0


_leases = _Leases()
