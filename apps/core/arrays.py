"""PostgreSQL array literals: many rows as one value a column, which both ends handle much quicker than many parameters.

Use with `unnest(%s::uuid[], %s::text[], …)`.
"""

from collections.abc import Iterable
from typing import Any


def literal(values: Iterable[Any]) -> str:
    """`{"a","b",NULL}` for text, ids, numbers, aware datetimes, bytes and None."""
    return "{" + ",".join(["NULL" if value is None else _element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return f'"{value}"'
