"""Where the platforms knock: checked, kept, answered at once; a worker makes something of it (INT-01)."""

import logging
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.channels import limits
from apps.channels.adapters import base
from apps.channels.adapters.base import Received, Refused
from apps.channels.models import Door
from apps.channels.services import doors, inbound
from apps.core import network

log = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024  # a push holds words and addresses of files, never files
REFUSALS_A_MINUTE = 30  # from one address; what is signed is never turned away


@csrf_exempt
@require_http_methods(["GET", "POST"])
def knock(request: HttpRequest, door_id: UUID) -> HttpResponse:
    """One request of a platform to one door. 404: no such door; 403: not signed; 413: too large; 429: many of these.

    An answer of 200 means that every message of the request is committed; anything else, that the platform should come
    again.
    """
    door = Door.objects.filter(pk=door_id, active=True).first()
    if door is None or not base.platform(door.kind).hears:
        raise Http404
    try:
        received = base.platform(door.kind).receive(door, request, _body(request))
    except Refused as error:
        return _refuse(door, request, error)
    return _keep(door, received)


def _refuse(door: Door, request: HttpRequest, error: Refused) -> HttpResponse:
    """Noted and logged, but not without end: a flood from one address costs a signature and nothing more."""
    sender = f"refused:{network.sender(request)}"
    doors.count_refused(door)
    if limits.used_up(sender, REFUSALS_A_MINUTE):
        return _short(429)
    limits.count(sender)
    log.warning("door %s refused a request: %s", door.pk, error)
    doors.refused(door)
    return _short(error.status)


def _keep(door: Door, received: Received) -> HttpResponse:
    for said in received.said:
        inbound.keep(door, said.id, said.payload(), thread=said.peer)
    if received.said:
        doors.heard(door)
    return received.answer or _short(200)


def _body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise Refused("the request is too large", 413)
    body = request.read(MOST_BYTES + 1) if request.method == "POST" else b""
    if len(body) > MOST_BYTES:
        raise Refused("the request is too large", 413)
    return body


def _short(status: int) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain")
