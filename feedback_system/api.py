"""`/api/`: the rooms' REST interfaces, their description, and problems in JSON for whatever no view answers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import defaults
from django.views.generic import RedirectView
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import DomainError, catalogue
from apps.core.problems import problem
from apps.core.wire import JSONRenderer

PROBLEM_TYPE = "application/problem+json"
PROBLEMS = {
    "400": "The body is not JSON, or not in UTF-8.",
    "401": "No API key, or one that is unknown, expired or revoked.",
    "403": "The key lacks a scope for this.",
    "404": "There is no such record, or you may not know of it.",
    "409": "The present state does not allow this, or the first request with this Idempotency-Key is still running.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "The input is wrong; `errors` has a row for each field.",
    "429": "Too many requests; `Retry-After` says for how many seconds to wait.",
}
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457. `title` and `detail` are in the language of `Accept-Language`; `code` never changes.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:problem:core.invalid"},
        "title": {"type": "string", "example": "This value is not valid."},
        "status": {"type": "integer", "example": 422},
        "code": {"type": "string", "example": "core.invalid"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901, into the body or the query.",
                        "example": "/contact/phone",
                    },
                    "code": {"type": "string", "example": "crm.phone_invalid"},
                    "detail": {"type": "string", "example": "This is not a complete phone number."},
                },
            },
        },
    },
}


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: every operation may answer with a problem, and all problems have one shape."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in result["paths"].values():
        for method, operation in methods.items():
            for status, words in PROBLEMS.items():
                if method == "get" and status in ("400", "409", "413", "415"):
                    continue
                operation["responses"].setdefault(status, {"description": words, "content": content})
    return result


class NoSuchAddress(APIView):
    """Anything else below `/api/`."""

    permission_classes = ()
    throttle_classes = ()

    @extend_schema(exclude=True)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise DomainError("core.no_such_address")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: a problem in JSON for clients of the API, the usual page for people."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    answer: Response = problem(500, "core.server_error", str(catalogue()["core.server_error"].words))
    return HttpResponse(JSONRenderer().render(answer.data), status=500, content_type=PROBLEM_TYPE)


urlpatterns = [
    path("v1/", include("apps.feedback.api.urls")),
    path("v1/", include("apps.sla.api.urls")),
    path("v1/", include("apps.casework.api.urls")),
    path("v1/", include("apps.channels.calls.urls")),
    path("v1/", include("apps.crm.api.urls")),
    path("v1/", include("apps.billing.api.urls")),
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("", RedirectView.as_view(pattern_name="api-docs")),  # who knows only `/api/` finds the description
    re_path("", NoSuchAddress.as_view()),
]
