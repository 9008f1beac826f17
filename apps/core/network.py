"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def sender(request: HttpRequest) -> str:
    """The address that our outermost proxy saw (`PROXIES_IN_FRONT`), else whoever connected; "" when neither is one."""
    hops = settings.PROXIES_IN_FRONT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    found = [forwarded[-hops]] if hops and len(forwarded) >= hops else []
    for address in (*found, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            continue
    return ""
