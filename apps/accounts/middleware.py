"""The second step of a log-in (ADM-03)."""

from collections.abc import Callable
from functools import cache

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from apps.accounts import second_look
from apps.accounts.login import DUE
from apps.core import clock

Handler = Callable[[HttpRequest], HttpResponse]


def second_step(get_response: Handler) -> Handler:
    """Who has a second factor and hasn't shown it in this session gets to the page that asks for it, and nowhere else;
    who should have set one up by now, to the page for that. To the API they are strangers.

    It costs no query: what it needs stands on the person's row and in the session.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            if request.user.is_authenticated and not _may_pass(request):
                request.user = AnonymousUser()
        elif request.path.startswith(_staff()) and request.path not in _free() and request.user.is_authenticated:
            if not second_look.is_through(request):
                return _send(request, "admin:second_factor_check")
            if _is_overdue(request) and request.path != reverse("admin:second_factor"):
                return _send(request, "admin:second_factor")
        return get_response(request)

    return middleware


def _may_pass(request: HttpRequest) -> bool:
    return second_look.is_through(request) and not _is_overdue(request)


def _is_overdue(request: HttpRequest) -> bool:
    last: str = request.session.get(DUE) or ""
    has_one = getattr(request.user, "second_factor_at", None) is not None
    return bool(last) and not has_one and last < clock.local(clock.now()).date().isoformat()


def _send(request: HttpRequest, name: str) -> HttpResponse:
    wanted = request.get_full_path() if request.method == "GET" and not request.headers.get("HX-Request") else ""
    address = reverse(name) + (f"?{urlencode({'next': wanted})}" if wanted else "")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


@cache
def _staff() -> tuple[str, ...]:
    """Where pages of staff are."""
    return reverse("admin:index"), reverse("desk:approvals")


@cache
def _free() -> frozenset[str]:
    names = ("login", "logout", "second_factor_check", "jsi18n")
    return frozenset(reverse(f"admin:{name}") for name in names)
