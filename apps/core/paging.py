"""Pages by key: the next page begins after the last row seen, so page 1,000 costs what page 1 does."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from rest_framework.request import Request

from apps.core.errors import DomainError

DEFAULT_SIZE = 50
MAX_SIZE = 200
K = TypeVar("K", UUID, int)
PARAMETERS = frozenset({"cursor", "page_size"})


def size_of(request: Request) -> int:
    """How many rows a page has. Raises DomainError `core.page_size`."""
    text = request.query_params.get("page_size")
    if text is None:
        return DEFAULT_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_SIZE):
        raise DomainError("core.page_size", field="page_size", limit=MAX_SIZE)
    return int(text)


def after(request: Request, kind: type[K]) -> K | None:
    """The key of the last row seen, or None for the first page. Raises DomainError `core.cursor`."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        return kind(base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii"))
    except ValueError as error:
        raise DomainError("core.cursor", field="cursor") from error


def page(request: Request, results: Sequence[Any], last: UUID | int | None) -> dict[str, Any]:
    """The answer: rows, and the address of the next page, which begins after the key `last`; None on the last page."""
    return {"results": results, "next": None if last is None else _address(request, last)}


def _address(request: Request, last: UUID | int) -> str:
    cursor = base64.urlsafe_b64encode(str(last).encode()).rstrip(b"=").decode()
    query = [(name, value) for name, values in request.query_params.lists() for value in values if name != "cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*query, ('cursor', cursor)])}")
