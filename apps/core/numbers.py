"""Gap-free numbers from one locked counter row per series (INT-02)."""

from datetime import datetime
from functools import cache

from django.db import connection, models

from apps.core import clock

_TAKE = (
    "INSERT INTO core_counter AS c (series, last) VALUES (%s, %s)"
    " ON CONFLICT (series) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING last"
)


def take(series: str, count: int = 1) -> int:
    """Take `count` numbers; returns the last one. Call it as the last but one statement before commit.

    The counter row stays locked until the transaction ends: a rollback gives the numbers back, so there is no gap,
    and everyone else in the series waits for the commit.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("numbers.take must run inside the transaction that uses the number")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [series, count])
        return int(cursor.fetchone()[0])


def insert(row: models.Model, prefix: str, moment: datetime | None = None, *, mark: str = "") -> None:
    """Insert a new row with the next number of its month in its field `number`, both by one statement.

    Numbers have the form `202405-001`; the serial restarts each month of Shanghai and grows past 999.

    `mark` stands before the number of a series that must not be taken for another (`D202405-001`).

    The series is locked only from here to the commit, while nothing but the commit is left to do.
    """
    month = clock.local(moment or clock.now()).strftime("%Y%m")
    fields = [f for f in row._meta.concrete_fields if f.name != "number"]
    values = [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(type(row)), [f"{prefix}:{month}", 1, f"{mark}{month}-", *values])
        row.number = cursor.fetchone()[0]  # type: ignore[attr-defined]
    row._state.adding, row._state.db = False, connection.alias


@cache
def _insertion(model: type[models.Model]) -> str:
    columns = [str(f.column) for f in model._meta.concrete_fields if f.name != "number"]
    return (
        f"WITH taken AS ({_TAKE}) INSERT INTO {model._meta.db_table} (number, {', '.join(columns)})"
        " VALUES (%s || (SELECT lpad(last::text, greatest(3, length(last::text)), '0') FROM taken),"
        f" {', '.join(['%s'] * len(columns))}) RETURNING number"
    )
