"""What every room's REST interface is made of: strict input, and one answer per `Idempotency-Key`."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import idempotency
from apps.core.errors import catalogue
from apps.core.wire import JSONRenderer, body_of

Handler = TypeVar("Handler", bound=Callable[..., Response])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200},
    OpenApiParameter.HEADER,
    description="A key of your own for this request, e.g. a UUID. Within 24 hours a repeat gets the first answer again, "
    "with the header `Idempotency-Replayed: true`, and does nothing. With another body it answers 422.",
)


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
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + body_of(request)).hexdigest()
