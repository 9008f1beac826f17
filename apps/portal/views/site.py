"""Pages of the site itself: errors that speak plainly, and robots.txt."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.feedback.services.words import TEXT_LIMIT

# Read this much of a request that was refused, so that the browser has sent it all and shows the answer.
_DRAIN_BYTES = 16 * 1024 * 1024


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400. A text of megabytes is refused before it is a form: say so, and how to go on."""
    too_big = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    if too_big:
        _drain(request)
    status = 413 if too_big else 400
    return render(request, "400.html", {"too_big": too_big, "limit": f"{TEXT_LIMIT:,}"}, status=status)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    rules = ["User-agent: *", *(f"Disallow: /{part}/" for part in ("t", "s", "admin", "api", "hooks", "i18n")), ""]
    return HttpResponse("\n".join(rules), content_type="text/plain")


def _drain(request: HttpRequest) -> None:
    left = _DRAIN_BYTES
    try:
        while left > 0 and (chunk := request.read(65536)):
            left -= len(chunk)
    except Exception:  # the browser went away, or the body cannot be read twice: there is nobody to wait for
        pass
