"""The signature of the open platform's JSON API: HMAC-SHA256 in both directions, over everything that counts.

An answer is bound to its question by the question's nonce: one that was recorded yesterday proves nothing today.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

APP_ID, TIMESTAMP, NONCE, SIGNATURE = "X-App-Id", "X-Timestamp", "X-Nonce", "X-Signature"
MOST_SECONDS_APART = 300


class Unsigned(Exception):
    """It is not signed by the other side, or not for this question, or too old. The text holds no secret."""


def _mac(secret: str, *parts: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), "\n".join(parts).encode(), "sha256")).decode()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def signed_request(
    who: tuple[str, str], method: str, path: str, body: bytes, *, nonce: str, now: float
) -> dict[str, str]:
    """Headers of a request; `who` is the application's id and secret, `path` with its query, `now` in Unix seconds."""
    app_id, secret = who
    at = str(int(now))
    mac = _mac(secret, app_id, method, path, at, nonce, _digest(body))
    return {APP_ID: app_id, TIMESTAMP: at, NONCE: nonce, SIGNATURE: mac}


def check_request(
    who: tuple[str, str], method: str, path: str, body: bytes, headers: Mapping[str, str], *, now: float
) -> str:
    """The nonce of a request that is signed by `who`. Raises Unsigned."""
    at, nonce = headers.get(TIMESTAMP) or "", headers.get(NONCE) or ""
    _compare(_mac(who[1], who[0], method, path, at, nonce, _digest(body)), headers)
    _fresh(at, now)
    return nonce


def signed_answer(secret: str, status: int, body: bytes, *, nonce: str, now: float) -> dict[str, str]:
    at = str(int(now))
    return {TIMESTAMP: at, NONCE: nonce, SIGNATURE: _mac(secret, str(status), at, nonce, _digest(body))}


def check_answer(secret: str, status: int, body: bytes, headers: Mapping[str, str], *, nonce: str, now: float) -> None:
    """Raises Unsigned for an answer that is not the platform's, or not to the question with this nonce."""
    at = headers.get(TIMESTAMP) or ""
    _compare(_mac(secret, str(status), at, nonce, _digest(body)), headers)
    _fresh(at, now)


def _compare(wanted: str, headers: Mapping[str, str]) -> None:
    if not hmac.compare_digest(wanted.encode(), (headers.get(SIGNATURE) or "").encode()):
        raise Unsigned("wrong signature")


def _fresh(at: str, now: float) -> None:
    if not at.isascii() or not at.isdigit() or abs(now - int(at)) > MOST_SECONDS_APART:
        raise Unsigned("too old, or from the future")
