"""The REST side of every room: JSON in and out, strict input, one answer per `Idempotency-Key`, a rate limit."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.utils.functional import Promise
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.core import idempotency
from apps.core.errors import DomainError, catalogue

Handler = TypeVar("Handler", bound=Callable[..., Response])

# JSON ----------------------------------------------------------------------------------------------------------------


class JSONParser(BaseParser):
    """Strict JSON in UTF-8: no NaN, no broken encodings, at most 1,024 levels deep, at most the size set for forms."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            body = parser_context["request"].body
        except RequestDataTooBig as error:
            raise DomainError("core.body_too_large", limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000) from error
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError from error


class JSONRenderer(BaseRenderer):
    """Moments are written in UTC (`2024-05-01T08:00:00Z`), decimals as text, so that no digit is lost."""

    media_type = "application/json"
    format = "json"
    charset = None  # type: ignore[assignment]

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> str:
    if isinstance(value, Promise | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class JSONOnly(DefaultContentNegotiation):
    """Whatever `Accept` says, the answer is JSON."""

    def select_renderer(self, request: Request, renderers: Sequence[Any], format_suffix: Any = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


# Input ---------------------------------------------------------------------------------------------------------------


class StrictSerializer(serializers.Serializer[Any]):
    """Checks the shape of input: a name it does not know is an error, not a wish overheard.

    One instance may check any number of inputs at once with `run_validation`; making one copies all its fields, which
    costs more than the checking.
    """

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ValidationError({"non_field_errors": [_detail("not_an_object")]})
        errors = {name: [_detail("unknown_field")] for name in sorted(data.keys() - self.fields.keys())}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **errors}) from error  # type: ignore[dict-item]
        if errors:
            raise ValidationError(errors)
        return values


def _detail(code: str) -> ErrorDetail:
    return ErrorDetail(str(catalogue()[f"core.{code}"].words), code)


class TextField(serializers.CharField):
    """Text as it was sent: numbers are not taken for text, surrounding space is kept for the services to judge."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


# One answer per key --------------------------------------------------------------------------------------------------


def idempotent(handler: Handler) -> Handler:
    """A view's handler that honours the header `Idempotency-Key`; see `core.idempotency`."""

    @wraps(handler)
    def answer(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)

        def work() -> idempotency.Answer:
            try:
                with transaction.atomic():
                    response = handler(view, request, *args, **kwargs)
            except Exception as error:  # what is no answer but a fault is raised again by `handle_exception`
                response = view.handle_exception(error)
            return idempotency.Answer(response.status_code, orjson.loads(JSONRenderer().render(response.data)))

        given = idempotency.once(str(request.user.pk), key, _fingerprint(request), work)
        problem = "application/problem+json" if given.status >= 400 else None
        headers = {"Idempotency-Replayed": "true"} if given.replayed else None
        return Response(given.body, given.status, headers=headers, content_type=problem)

    return answer  # type: ignore[return-value]


def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    try:
        digest.update(request.body)
    except RequestDataTooBig as error:
        raise DomainError("core.body_too_large", limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000) from error
    return digest.hexdigest()


# Rate limit ----------------------------------------------------------------------------------------------------------

LEASES_PER_LIMIT = 50
QUIET_SECONDS = 10  # how long a process leaves a dead cache alone


class ClientThrottle(BaseThrottle):
    """`API_REQUESTS_PER_MINUTE` for each client, counted by the clock's minutes in the shared cache; 0 is no limit.

    A process takes requests from the shared count in leases of 2 % of the limit, so that most requests ask nobody; what
    a process leaves unused at the end of a minute is lost. Without the cache nobody is refused.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
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
