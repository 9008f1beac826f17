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
    exceptions.PermissionDenied: "core.not_allowed",
    exceptions.NotFound: "core.not_found",
    exceptions.Throttled: "core.too_many_requests",
    Http404: "core.not_found",
    PermissionDenied: "core.not_allowed",
}


def _problem(status: int, code: str, title: str, errors: list[dict[str, Any]] | None = None) -> Response:
    body: dict[str, Any] = {"type": f"urn:problem:{code}", "title": title, "status": status, "code": code}
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type="application/problem+json")


def _fields(detail: Any, prefix: str = "") -> list[dict[str, Any]]:
    """Flatten DRF's nested error detail into rows with a JSON pointer each."""
    if isinstance(detail, dict):
        return [row for key, value in detail.items() for row in _fields(value, f"{prefix}/{key}")]
    if isinstance(detail, list):
        rows: list[dict[str, Any]] = []
        for index, value in enumerate(detail):
            rows += _fields(value, f"{prefix}/{index}" if isinstance(value, dict) else prefix)
        return rows
    return [{"pointer": prefix or "/", "code": getattr(detail, "code", "invalid"), "detail": str(detail)}]


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: domain errors by their code, DRF's own errors in the same shape."""
    if isinstance(exc, DomainErrors):
        rows = [{"pointer": f"/{e.field or ''}", "code": e.code, "detail": e.words} for e in exc.errors]
        return _problem(422, "core.invalid", str(catalogue()["core.invalid"].words), rows)
    if isinstance(exc, DomainError):
        rows = [{"pointer": f"/{exc.field}", "code": exc.code, "detail": exc.words}] if exc.field else None
        return _problem(exc.status, exc.code, exc.words, rows)
    response = drf_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        problem = _problem(422, "core.invalid", str(catalogue()["core.invalid"].words), _fields(exc.detail))
    else:
        code = CODES.get(type(exc), getattr(exc, "default_code", "error"))
        title = str(catalogue()[code].words) if code in catalogue() else str(getattr(exc, "detail", exc))
        problem = _problem(response.status_code, code, title)
    for header in ("WWW-Authenticate", "Retry-After"):
        if header in response:
            problem[header] = response[header]
    return problem
