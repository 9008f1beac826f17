"""PostgreSQL cannot store NUL: it is dropped from the query of a page's address before any query meets it."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse


class DropNul:
    """No page lies behind a path with a NUL (404); in a query it is passed over. Forms and the API check their own fields."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):  # the API names the parameter in its own answer
            if "\x00" in request.path_info:
                raise Http404
            request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        return self.get_response(request)
