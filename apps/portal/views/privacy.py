"""Pages behind a private link: not cached, not indexed, their address not told to others, in the customer's language."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import add_never_cache_headers

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    @wraps(view)
    def wrapper(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        response = view(request, *arguments, **options)
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex, nofollow"
        # Not "no-referrer": with it browsers send `Origin: null`, and no form on the page would pass the CSRF check.
        # "same-origin" tells other sites nothing either.
        response["Referrer-Policy"] = "same-origin"
        return response

    return wrapper


def speak(request: HttpRequest, language: str) -> None:
    """Use the language that the customer wrote in, unless this browser has chosen one."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and language in dict(settings.LANGUAGES):
        translation.activate(language)
