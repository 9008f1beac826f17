"""The only place that locks rows.

Order, always: payment → refund → void request → ticket → the rest. Whoever needs two takes the earlier one first.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def row(model: type[M], pk: Any) -> M:
    """The row, freshly read and locked until the transaction ends. Raises Model.DoesNotExist."""
    return model._default_manager.select_for_update(of=("self",)).get(pk=pk)


def rows(queryset: "models.QuerySet[M]") -> list[M]:
    """All rows of the queryset, freshly read and locked in the order of their keys: no two wait in a circle."""
    return list(queryset.select_for_update(of=("self",)).order_by("pk"))


def shared(model: type[M], **which: Any) -> M:
    """One row, freshly read and kept from being changed until the transaction ends; others may hold it so, too."""
    pk = model._default_manager.values_list("pk", flat=True).get(**which)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {model._meta.db_table} WHERE id = %s FOR SHARE", [pk])
    return model._default_manager.get(pk=pk)


def claim(queryset: "models.QuerySet[M]", limit: int) -> list[M]:
    """Up to `limit` rows that nobody else holds, locked until the transaction ends (`SKIP LOCKED`)."""
    return list(queryset.select_for_update(skip_locked=True, of=("self",))[:limit])


# One transaction at a time: put before another statement, both go to the database together. Parameter: `turn_of(…)`.
TAKE_TURN = "SELECT pg_advisory_xact_lock(%s); "


def turn_of(what: str) -> int:
    """The number under which transactions take turns at `what`."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)


@contextmanager
def alone(what: str) -> Iterator[bool]:
    """Whether this process is the only one that does `what` now; it stays so until the block, or the process, ends."""
    key = turn_of(what)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
