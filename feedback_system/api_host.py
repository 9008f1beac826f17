"""A request to the API under a name that is not ours is answered as every other error of the API is: by a problem."""

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from apps.core.errors import catalogue
from apps.core.problems import problem
from apps.core.wire import JSONRenderer

Handler = Callable[[HttpRequest], HttpResponse]


def problem_for_wrong_host(get_response: Handler) -> Handler:
    """Outermost, since several layers below ask for the host's name."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            try:
                request.get_host()
            except DisallowedHost:
                code = "core.wrong_host"
                answer = problem(400, code, str(catalogue()[code].words))
                body = JSONRenderer().render(answer.data)
                return HttpResponse(body, status=400, content_type="application/problem+json")
        return get_response(request)

    return middleware
