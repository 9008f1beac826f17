"""The REST side of `core.bulk`: `{"rows": […]}` in, one result per row out, at most 200 rows a request."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import bulk
from apps.core.bulk import MOST_ROWS, Result, Taken
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer

BULK = (
    f"At most {MOST_ROWS} rows. Each row is taken or refused on its own, so the answer is 200 even where rows were refused: "
    "look at each `outcome`. Sent again, a row that says the same is `same` and changes nothing."
)


class RowError(serializers.Serializer[Any]):
    """One thing that is wrong with a row."""

    pointer = serializers.CharField(help_text="RFC 6901, into the row.")
    code = serializers.CharField()
    detail = serializers.CharField()


class RowResult(serializers.Serializer[Any]):
    """How one row fared."""

    index = serializers.IntegerField(help_text="Place in `rows`, from 0.")
    outcome = serializers.ChoiceField(choices=bulk.OUTCOMES)
    id = serializers.UUIDField(allow_null=True)
    errors = RowError(many=True)  # type: ignore[assignment]


class BulkAnswer(serializers.Serializer[Any]):
    """Results in the order of the rows."""

    results = RowResult(many=True)


def take(request: Request, shape: StrictSerializer, work: Callable[[dict[str, Any]], Taken[Any]]) -> Response:
    """Check each row against `shape` and do `work`. Raises DomainErrors for a body that is no list of 1 to 200 rows."""
    results = bulk.each(rows_of(request.data), lambda row: work(shape.run_validation(row)))
    return Response({"results": [_row(result) for result in results]})


def rows_of(body: Any) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"rows"} or not isinstance(body["rows"], list):
        raise DomainErrors([DomainError("core.rows", field="rows", limit=MOST_ROWS)])
    if not 1 <= len(body["rows"]) <= MOST_ROWS:
        raise DomainErrors([DomainError("core.rows", field="rows", limit=MOST_ROWS)])
    return body["rows"]


def _row(result: Result) -> dict[str, Any]:
    return {
        "index": result.index, "outcome": result.outcome, "id": result.row.pk if result.row else None,
        "errors": [{"pointer": f"/{e.field or ''}", "code": e.code, "detail": e.words} for e in result.errors],
    }  # fmt: skip
