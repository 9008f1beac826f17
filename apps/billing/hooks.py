"""Where the payment providers knock: public, signed, answered at once."""

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.billing.services import callbacks
from apps.channels import limits
from apps.core import network

log = logging.getLogger(__name__)

MOST_BYTES = 100_000
REFUSALS_A_MINUTE = 30  # from one address; what is signed is never turned away
NO_FORM = (BadRequest, MultiPartParserError, SuspiciousOperation)  # Django would log a traceback of each


@csrf_exempt
@require_POST
def wechat(request: HttpRequest) -> HttpResponse:
    """WeChat Pay: 204 when it is heard; 401 forged, old or repeated; 429 too many of those."""
    return _hear(request, lambda body: callbacks.wechat(request.headers, body), HttpResponse(status=204))


@csrf_exempt
@require_POST
def alipay(request: HttpRequest) -> HttpResponse:
    """Alipay wants the word `success`."""
    done = HttpResponse("success", content_type="text/plain")
    return _hear(request, lambda body: callbacks.alipay(request.POST.dict()), done)


def _hear(request: HttpRequest, work: Callable[[bytes], None], done: HttpResponse) -> HttpResponse:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return _refusal(413)
        work(request.body)
    except (callbacks.Refused, *NO_FORM) as error:
        sender = f"refund-callback:{network.sender(request)}"
        if limits.used_up(sender, REFUSALS_A_MINUTE):
            return _refusal(429)
        limits.count(sender)
        log.warning("a callback about a refund was refused: %s", error)
        return _refusal(401)
    return done


def _refusal(status: int) -> HttpResponse:
    return JsonResponse({"code": "FAIL", "message": "refused"}, status=status)
