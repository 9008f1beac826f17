"""Many rows in one request or sheet: each is taken or refused on its own, and each tells how it fared (LNK-04)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models, transaction
from rest_framework.exceptions import ValidationError

from apps.core.errors import DomainError, DomainErrors

M = TypeVar("M", bound=models.Model)
NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"
OUTCOMES = [(name, name) for name in (NEW, CHANGED, SAME, REFUSED)]
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Taken(Generic[M]):
    """What a row came to. `outcome` is NEW, CHANGED or SAME."""

    row: M
    outcome: str


@dataclass(frozen=True, slots=True)
class Result:
    """Of the row with this index, counted from 0; `errors` where it was refused."""

    index: int
    outcome: str
    row: models.Model | None = None
    errors: tuple[DomainError, ...] = ()


def each(rows: Sequence[Any], work: Callable[[Any], Taken[Any]]) -> list[Result]:
    """Do `work` for each row in a savepoint of its own: a refused one leaves no trace and the others alone."""
    return [_one(index, row, work) for index, row in enumerate(rows)]


def _one(index: int, row: Any, work: Callable[[Any], Taken[Any]]) -> Result:
    try:
        with transaction.atomic():
            taken = work(row)
    except DomainError as error:
        return Result(index, REFUSED, errors=(error,))
    except DomainErrors as found:
        return Result(index, REFUSED, errors=tuple(found.errors))
    except ValidationError as error:
        return Result(index, REFUSED, errors=tuple(_flat(error.detail)))
    return Result(index, taken.outcome, taken.row)


def _flat(detail: Any, place: str = "") -> list[DomainError]:
    """DRF's nested complaints, each with its place in the row."""
    if isinstance(detail, dict):
        return [error for name, value in detail.items() for error in _flat(value, f"{place}/{name}".strip("/"))]
    if isinstance(detail, list):
        found: list[DomainError] = []
        for at, value in enumerate(detail):
            found += _flat(value, f"{place}/{at}" if isinstance(value, dict) else place)
        return found
    code = getattr(detail, "code", "")
    known = {"required": "core.required", "blank": "core.required", "unknown_field": "core.unknown_field"}
    return [DomainError(known.get(code, "core.invalid"), field=place.removesuffix("/non_field_errors") or None)]
