"""Text messages that customers send to our number, as the gateway hands them on (its "MO" push).

`POST …/hooks/sms/` with `{"id": "…", "from": "+86138…", "text": "5", "at": "2026-05-01T10:00:00+08:00"}` (`at` may be
missing), `X-Sms-Timestamp: <seconds since 1970>` and `X-Sms-Signature: <hex HMAC-SHA256 of "timestamp.body" under
SMS_GATEWAY_KEY>`. 200 means taken (also the second time): the gateway stops. Anything else: it sends again.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from apps.core import clock
from apps.core.errors import DomainError

CLOCKS_DIFFER = timedelta(minutes=5)
MAX_BODY = 20_000
_ID, _FROM, _TEXT = 120, 60, 5_000


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message of the gateway that proved to be its own."""

    id: str
    sender: str
    text: str
    at: datetime


def sign(key: str, timestamp: str, body: bytes) -> str:
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def opened(body: bytes, *, timestamp: str, signature: str) -> Pushed:
    """The message in a signed push.

    Raises DomainError `sms.not_set_up` (no key), `sms.signature`, `sms.clock` (more than five minutes off, so that a push
    overheard once can't be played again later), `sms.unreadable`.
    """
    if not settings.SMS_GATEWAY_KEY:
        raise DomainError("sms.not_set_up")
    expected = sign(settings.SMS_GATEWAY_KEY, timestamp, body)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise DomainError("sms.signature")
    now = clock.now()
    if (
        not timestamp.isascii()
        or not timestamp.isdigit()
        or abs(now.timestamp() - int(timestamp)) > CLOCKS_DIFFER.seconds
    ):
        raise DomainError("sms.clock")
    return _read(body, now)


def _read(body: bytes, now: datetime) -> Pushed:
    try:
        told: Any = json.loads(body)
        found = [told["id"], told["from"], told["text"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DomainError("sms.unreadable") from None
    if (
        not all(isinstance(value, str) for value in found)
        or not found[0]
        or len(found[0]) > _ID
        or len(found[1]) > _FROM
    ):
        raise DomainError("sms.unreadable")
    return Pushed(found[0].replace("\x00", ""), found[1].replace("\x00", ""), found[2][:_TEXT], _moment(told, now))


def _moment(told: dict[str, Any], now: datetime) -> datetime:
    """When it was sent; what is missing, naive, absurd or in the future is now."""
    try:
        at = parse_datetime(told.get("at") or "")
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None or not now - timedelta(days=7) <= at <= now:
        return now
    return at
