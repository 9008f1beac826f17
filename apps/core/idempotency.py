"""Doing a request once, however often it is sent (`Idempotency-Key`).

The record of a key commits together with what its request did: after a crash there is both or neither. A second
request with the same key waits at the record's unique index until the first one has ended.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from apps.core import clock, locks
from apps.core.errors import DomainError
from apps.core.models import IdempotencyRecord

KEPT = timedelta(hours=24)
KEY_LENGTH = 200
WAIT_MILLISECONDS = 5_000  # how long a repeat waits for the first request before it is told to come back
PURGE_SECONDS = 600
PURGE_ROWS = 5_000
_LOCK_NOT_AVAILABLE = "55P03"

_next_purge = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and its body in plain JSON values; `replayed` when it is the answer to an earlier request."""

    status: int
    body: Any
    replayed: bool = False


def once(client: str, key: str, fingerprint: str, work: Callable[[], Answer]) -> Answer:
    """The answer of `work`, or the stored answer when this client used this key within 24 hours.

    `work` must undo its own changes when it answers with an error. Answers of 500 and more, like exceptions, undo
    everything and are not stored. Raises DomainError `core.idempotency_key_invalid`, `core.idempotency_mismatch` (the key
    came with another `fingerprint`), `core.idempotency_running` (the first request takes longer than five seconds).
    """
    if not key or len(key) > KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise DomainError("core.idempotency_key_invalid", limit=KEY_LENGTH)
    with transaction.atomic():
        record = _claim(client, key, fingerprint)
        if record is None:
            return _stored(client, key, fingerprint)
        answer = work()
        if answer.status < 500:
            _keep(record, answer)
        else:
            transaction.set_rollback(True)
    _purge_now_and_then()
    return answer


def _claim(client: str, key: str, fingerprint: str) -> int | None:
    """The id of a new record for this key, or None when another request has it. An outdated record is taken over."""
    now = clock.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS};"
                " INSERT INTO core_idempotencyrecord AS r (client, key, fingerprint, created_at) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (client, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,"
                " created_at = EXCLUDED.created_at, status = NULL, body = NULL WHERE r.created_at <= %s RETURNING id",
                [client, key, fingerprint, now, now - KEPT],
            )
            row = cursor.fetchone()
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == _LOCK_NOT_AVAILABLE:
            raise DomainError("core.idempotency_running") from error
        raise
    return int(row[0]) if row else None


def _stored(client: str, key: str, fingerprint: str) -> Answer:
    record = IdempotencyRecord.objects.get(client=client, key=key)
    if record.fingerprint != fingerprint:
        raise DomainError("core.idempotency_mismatch")
    if record.status is None:
        raise DomainError("core.idempotency_running")
    return Answer(record.status, record.body, replayed=True)


def _keep(record: int, answer: Answer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_idempotencyrecord SET status = %s, body = %s::jsonb WHERE id = %s",
            [answer.status, json.dumps(answer.body), record],
        )


def _purge_now_and_then() -> None:
    """Drop what is outdated, at most every ten minutes per process: without requests nothing needs to be dropped."""
    global _next_purge
    if time.monotonic() < _next_purge:
        return
    _next_purge = time.monotonic() + PURGE_SECONDS
    purge()


def purge() -> int:
    """Delete outdated records, at most 5,000; returns how many."""
    with transaction.atomic():
        outdated = IdempotencyRecord.objects.filter(created_at__lte=clock.now() - KEPT).order_by("created_at")
        ids = [record.pk for record in locks.claim(outdated, PURGE_ROWS)]
        return IdempotencyRecord.objects.filter(pk__in=ids).delete()[0]
