"""The product's only clock. Aware datetimes in UTC; shown in Asia/Shanghai.

Everything asks `now()`, so demo data and drills can be lived through in another moment with `at()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

SHANGHAI = ZoneInfo("Asia/Shanghai")
_travelled: ContextVar[datetime | None] = ContextVar("travelled", default=None)


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _travelled.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Live through `moment` (aware) inside the block. Raises ValueError for a naive datetime."""
    if timezone.is_naive(moment):
        raise ValueError("clock.at needs an aware datetime")
    token = _travelled.set(moment)
    try:
        yield
    finally:
        _travelled.reset(token)


def local(moment: datetime) -> datetime:
    """The same moment on the wall clock of Shanghai (SLA-02)."""
    return moment.astimezone(SHANGHAI)
