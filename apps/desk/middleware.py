from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

Handler = Callable[[HttpRequest], HttpResponse]


def staff_language(get_response: Handler) -> Handler:
    """Pages under /admin/ and /desk/ speak the language chosen in the menu, else the person's own, else Chinese.

    What the browser asks for decides only on pages for customers: a company's computers are often set to English.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_ours()):
            language = _language(request)
            translation.activate(language)  # LocaleMiddleware, further out, ends it with the request
            request.LANGUAGE_CODE = language
        return get_response(request)

    return middleware


@cache
def _ours() -> tuple[str, str]:
    return reverse("admin:index"), reverse("desk:approvals")


def _language(request: HttpRequest) -> str:
    known = dict(settings.LANGUAGES)
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    own = getattr(request.user, "language", None)
    return next((code for code in (chosen, own) if code in known), settings.LANGUAGE_CODE)
