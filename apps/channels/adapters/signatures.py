"""Is a request really the platform's? Signature, age and nonce, as WeChat and Weibo have them."""

import hashlib
import hmac
import logging

from django.core.cache import cache
from django.http import HttpRequest

from apps.channels.adapters.base import Refused
from apps.channels.models import Door
from apps.core import clock

log = logging.getLogger(__name__)
MOST_SECONDS = 300  # how far a request's clock may be from ours


def sorted_sha1(*parts: str) -> str:
    """SHA-1, hexadecimal, of the parts in dictionary order."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def check_query(door: Door, request: HttpRequest, secret: str, body: bytes) -> None:
    """`signature`, `timestamp` (seconds or milliseconds) and `nonce` of the query. Raises Refused."""
    given = {name: request.GET.get(name, "") for name in ("signature", "timestamp", "nonce")}
    if not secret or not all(given.values()):
        raise Refused("the request carries no signature")
    if not same(sorted_sha1(secret, given["timestamp"], given["nonce"]), given["signature"]):
        raise Refused("wrong signature")
    check_age(given["timestamp"])
    check_nonce(door, given["timestamp"], given["nonce"], body)


def check_age(timestamp: str) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 13):
        raise Refused("no time in the request")
    seconds = int(timestamp) / (1000 if len(timestamp) > 11 else 1)
    if abs(clock.now().timestamp() - seconds) > MOST_SECONDS:
        raise Refused("the request is too old")


def check_nonce(door: Door, timestamp: str, nonce: str, body: bytes) -> None:
    """A nonce is for one body: the signature of WeChat's plain mode and of Weibo does not cover it.

    The very same request again is no attack but the platform's second attempt, and finds its row. Without the cache
    nobody is turned away: age and the sender's id still stand.
    """
    name = hashlib.sha256(f"{door.pk}\x1f{timestamp}\x1f{nonce}".encode()).hexdigest()
    digest = hashlib.sha256(body).hexdigest()
    try:
        first = cache.add(f"door-nonce:{name}", digest, 2 * MOST_SECONDS)
        known = digest if first else cache.get(f"door-nonce:{name}", digest)
    except Exception:
        log.warning("the cache does not answer: nonces are not compared")
        return
    if known != digest:
        raise Refused("this nonce was used before")
