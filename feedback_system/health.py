"""`/healthz`: this process answers. `/readyz`: everything it needs does, each part with its own verdict."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import redis
from celery.schedules import crontab
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.core.models import Heartbeat
from apps.journal import selectors

# Beat asks for a heartbeat every 5 s and for a seal every 30 s; a head is due at least every 60 s (ARC-03).
MAX_HEARTBEAT_AGE = timedelta(seconds=60)
MAX_SEAL_AGE = timedelta(seconds=120)
MISSED = 3  # so many rounds of a periodic task, and this long besides, before it is called late
PATIENCE = timedelta(seconds=60)
DAILY = timedelta(hours=25)  # what beat's calendar asks for runs once a day at least


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process can answer at all; asks nothing of the database or the broker."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all parts are well, 503 otherwise; the body names each part. Ages are in seconds."""
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


def _beat() -> dict[str, Any]:
    last = Heartbeat.objects.filter(name="beat").values_list("at", flat=True).first()
    if last is None:
        return {"ok": False, "error": "no heartbeat yet"}
    return _aged(clock.now() - last, MAX_HEARTBEAT_AGE)


def _sealer() -> dict[str, Any]:
    return _aged(selectors.seal_age() or timedelta(0), MAX_SEAL_AGE)


def _deliveries() -> dict[str, Any]:
    """What was given up waits for a person, not for another instance: it is told, and takes nothing out of service."""
    return {"ok": True, "given_up": selectors.given_up()[:100].count()}


def _tasks() -> dict[str, Any]:
    """Periodic tasks that have not ended well for too long, with their ages; and those that never ran here. Told like
    what was given up: one that fails is no reason to send customers away.
    """
    now, last = clock.now(), dict(Heartbeat.objects.values_list("name", "at"))
    late, never = {}, []
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        name, every = str(entry["task"]), cast(crontab | float, entry["schedule"])
        allowed = DAILY if isinstance(every, crontab) else MISSED * timedelta(seconds=every) + PATIENCE
        if name not in last:
            never.append(name)
        elif now - last[name] > allowed:
            late[name] = round((now - last[name]).total_seconds(), 1)
    return {"ok": True, "late": late, "never": sorted(never)}


def _aged(age: timedelta, limit: timedelta) -> dict[str, Any]:
    return {"ok": age <= limit, "age": round(age.total_seconds(), 1)}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "database": _database,
    "broker": _broker,
    "beat": _beat,
    "sealer": _sealer,
    "deliveries": _deliveries,
    "tasks": _tasks,
}
