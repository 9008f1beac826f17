"""JSON in and out of every room's REST interface: strict when reading, exact when writing."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.core.errors import DomainError


def body_of(request: Any) -> bytes:
    """The raw body. Raises DomainError `core.body_too_large` above `DATA_UPLOAD_MAX_MEMORY_SIZE`."""
    try:
        return bytes(request.body)
    except RequestDataTooBig as error:
        raise DomainError("core.body_too_large", limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000) from error


class JSONParser(BaseParser):
    """Strict JSON in UTF-8: no NaN, no broken encodings, at most 1,024 levels deep, at most the size set for forms."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return orjson.loads(body_of(parser_context["request"]))
        except orjson.JSONDecodeError as error:
            raise ParseError from error


class JSONRenderer(BaseRenderer):
    """Moments are written in UTC (`2024-05-01T08:00:00Z`), decimals as text, so that no digit is lost."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> str:
    if isinstance(value, Promise | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class JSONOnly(DefaultContentNegotiation):
    """Whatever `Accept` says, the answer is JSON."""

    def select_renderer(self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None) -> Any:
        first = next(iter(renderers))
        return first, first.media_type
