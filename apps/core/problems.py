"""`application/problem+json` (RFC 9457) for every error of the API."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from apps.core.errors import DomainError, DomainErrors, catalogue

CODES = {
    exceptions.ParseError: "core.invalid_json",
    exceptions.NotAuthenticated: "core.not_signed_in",
    exceptions.MethodNotAllowed: "core.method",
    exceptions.UnsupportedMediaType: "core.media_type",
    exceptions.PermissionDenied: "core.not_allowed",
    exceptions.NotFound: "core.not_found",
    exceptions.Throttled: "core.too_many_requests",
    Http404: "core.not_found",
    PermissionDenied: "core.not_allowed",
}
# DRF's names for what is wrong with a field, where the catalogue has the same error. The words are DRF's own.
FIELD_CODES = {
    "required": "core.required",
    "blank": "core.required",
    "null": "core.required",
    "max_length": "core.too_long",
    "invalid_choice": "core.invalid_choice",
    "not_an_object": "core.not_an_object",
    "unknown_field": "core.unknown_field",
    "null_characters_not_allowed": "core.control_characters",
    "surrogate_characters_not_allowed": "core.control_characters",
}


def problem(status: int, code: str, title: str, errors: list[dict[str, Any]] | None = None) -> Response:
    """The answer for an error of the catalogue; `errors` has a row per field with its JSON pointer (RFC 6901)."""
    body: dict[str, Any] = {"type": f"urn:problem:{code}", "title": title, "status": status, "code": code}
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type="application/problem+json")


def _fields(detail: Any, prefix: str = "") -> list[dict[str, Any]]:
    """Flatten DRF's nested error detail into rows with a JSON pointer each."""
    if isinstance(detail, dict):
        return [row for key, value in detail.items() for row in _fields(value, f"{prefix}/{_escaped(key)}")]
    if isinstance(detail, list):
        rows: list[dict[str, Any]] = []
        for index, value in enumerate(detail):
            rows += _fields(value, f"{prefix}/{index}" if isinstance(value, dict) else prefix)
        return rows
    code = FIELD_CODES.get(getattr(detail, "code", ""), "core.invalid")
    return [{"pointer": prefix.removesuffix("/non_field_errors"), "code": code, "detail": str(detail)}]


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: domain errors by their code, DRF's own errors in the same shape."""
    if isinstance(exc, DomainErrors):
        rows = [{"pointer": f"/{e.field or ''}", "code": e.code, "detail": e.words} for e in exc.errors]
        return problem(422, "core.invalid", str(catalogue()["core.invalid"].words), rows)
    if isinstance(exc, DomainError):
        place = [{"pointer": f"/{exc.field}", "code": exc.code, "detail": exc.words}] if exc.field else None
        return problem(exc.status, exc.code, exc.words, place)
    response = drf_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        answer = problem(422, "core.invalid", str(catalogue()["core.invalid"].words), _fields(exc.detail))
    else:
        # An API key's refusal brings its own code; everything else goes by the kind of exception.
        code = CODES.get(type(exc)) or str(getattr(getattr(exc, "detail", None), "code", "core.invalid"))
        title = str(catalogue()[code].words) if code in catalogue() else str(getattr(exc, "detail", exc))
        answer = problem(response.status_code, code, title)
    for header in ("WWW-Authenticate", "Retry-After"):
        if header in response:
            answer[header] = response[header]
    return answer
