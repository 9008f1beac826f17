"""The broker as a doorbell: it says that rows wait, it never holds anything that could be lost.

`ring` is called inside a transaction and publishes after commit, at most once until the task has started, so that a
thousand events cost one message. A broker that is down costs one short time-out and then nothing for a while; beat
finds the rows anyway.
"""

import logging
import time
from collections.abc import Callable
from functools import cache as cache_forever
from functools import partial

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

log = logging.getLogger(__name__)

RUNG_SECONDS = 5  # a bell whose task got lost may be rung again after this long
QUIET_SECONDS = 10  # how long a process leaves a dead broker alone
_quiet_until = 0.0


def ring(task: str) -> None:
    """Have `task` run soon after this transaction commits. Never raises."""
    bell = _bell(task)
    if not any(entry[1] is bell for entry in connection.run_on_commit):
        transaction.on_commit(bell, robust=True)


@cache_forever
def _bell(task: str) -> Callable[[], None]:
    return partial(_publish, task)


def answered(task: str) -> None:
    """The task has started and will look at the rows: whatever commits from now on may ring again."""
    try:
        cache.delete(f"bell:{task}")
    except Exception:
        log.debug("the cache is away; the bell clears by itself", exc_info=True)


def _send(task: str) -> None:
    try:
        current_app.send_task(task, retry=False, expires=60)
    except Exception:
        cache.delete(f"bell:{task}")  # nothing rang: the next one may try
        raise


def _publish(task: str) -> None:
    global _quiet_until
    if not settings.CELERY_BROKER_URL or time.monotonic() < _quiet_until:
        return
    try:
        if cache.add(f"bell:{task}", 1, timeout=RUNG_SECONDS):
            _send(task)
    except Exception as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("the broker does not answer (%s); beat will find the rows", error)
