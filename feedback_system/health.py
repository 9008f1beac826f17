"""`/healthz`: this process answers. `/readyz`: everything it needs does, each part with its own verdict."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

MAX_HEARTBEAT_AGE = timedelta(seconds=60)
MAX_SEAL_AGE = timedelta(seconds=120)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process can answer at all; asks nothing of the database or the broker."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all parts are well, 503 otherwise; the body names each part."""
    parts = {name: _verdict(check) for name, check in PARTS.items()}
    ok = all(part["ok"] for part in parts.values())
    return JsonResponse({"ok": ok, "parts": parts}, status=200 if ok else 503)


def _verdict(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return check()
    except Exception as error:  # whatever is wrong with a part is its verdict, never an error page
        return {"ok": False, "error": type(error).__name__}


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True}


def _broker() -> dict[str, Any]:
    seconds = settings.BROKER_TIMEOUT_SECONDS
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds) as client:
        return {"ok": bool(client.ping())}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"database": _database, "broker": _broker}
