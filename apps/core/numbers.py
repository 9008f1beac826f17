"""Gap-free numbers from one locked counter row per series (INT-02)."""

from datetime import datetime

from django.db import connection

from apps.core import clock


def take(series: str, count: int = 1) -> int:
    """Take `count` numbers; returns the last one. Call it as the last but one statement before commit.

    The counter row stays locked until the transaction ends: a rollback gives the numbers back, so there is no gap,
    and everyone else in the series waits for the commit.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("numbers.take must run inside the transaction that uses the number")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_counter AS c (series, last) VALUES (%s, %s)"
            " ON CONFLICT (series) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING last",
            [series, count],
        )
        return int(cursor.fetchone()[0])


def monthly(prefix: str, moment: datetime | None = None) -> str:
    """The next number of the form `202405-001`; the serial restarts each month of Shanghai and grows past 999."""
    month = clock.local(moment or clock.now()).strftime("%Y%m")
    return f"{month}-{take(f'{prefix}:{month}'):03d}"
