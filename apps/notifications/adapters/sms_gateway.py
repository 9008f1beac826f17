"""Text messages through an HTTP gateway.

`POST {SMS_GATEWAY_URL}/messages` with `Authorization: Bearer …`, `Idempotency-Key: <message id>` and
`{"to": "+86…", "text": "…"}` answers 200, 201 or 202 with `{"id": "…", "status": "accepted"}`.
`GET {SMS_GATEWAY_URL}/messages/<message id>` answers 200 with the same body (status accepted, delivered or rejected),
or 404 when the gateway never took it. `docs/adding-a-provider.md` says how to write an adapter for a vendor's own
protocol.
"""

import json
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.utils.translation import gettext_noop

from apps.core import http
from apps.notifications.adapters.base import Adapter, Outcome, Result
from apps.notifications.models import OutgoingMessage

TIMEOUT_SECONDS = 5
MOST_BYTES = 100_000  # of an answer
OUR_FAULT = (401, 403, 404, 429)  # key, address or pace: corrected by an operator or by waiting, then it works
STILL_OPEN = (408, 409, 425)  # the gateway may be working on the same key right now
# Stored in the source language, translated on screen.
UNREADABLE = gettext_noop("the gateway's answer cannot be read")
REJECTED = gettext_noop("rejected by the gateway")


class _Bearer(requests.auth.AuthBase):
    """Sets the key itself, so that a .netrc of the machine cannot replace it."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {settings.SMS_GATEWAY_KEY}"
        return request


class SmsGatewayAdapter(Adapter):
    name = gettext_noop("SMS gateway")

    def __init__(self) -> None:
        self._session = requests.Session()

    def send(self, message: OutgoingMessage) -> Outcome:
        try:
            status, content = self._call(
                "POST",
                "/messages",
                json={"to": message.recipient, "text": message.body},
                headers={"Idempotency-Key": str(message.pk)},
            )
        except requests.RequestException as error:
            return Outcome(Result.NOT_SENT if http.never_left(error) else Result.UNKNOWN, error=_words(error))
        if status in (200, 201, 202):
            return _read(content)
        error = f"HTTP {status}"
        if status in OUR_FAULT:
            return Outcome(Result.NOT_SENT, error=error)
        if 400 <= status < 500 and status not in STILL_OPEN:
            return Outcome(Result.REFUSED, error=error)
        return Outcome(Result.UNKNOWN, error=error)  # a 5xx says nothing about what happened before it broke

    def query(self, message: OutgoingMessage) -> Outcome:
        try:
            status, content = self._call("GET", f"/messages/{quote(str(message.pk))}")
        except requests.RequestException as error:
            return Outcome(Result.UNKNOWN, error=_words(error))
        if status == 200:
            return _read(content)
        if status == 404:
            return Outcome(Result.NOT_SENT)
        return Outcome(Result.UNKNOWN, error=f"HTTP {status}")

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, **how: Any) -> tuple[int, bytes]:
        # A redirect would carry the key and the text to another host.
        address = f"{settings.SMS_GATEWAY_URL.rstrip('/')}{path}"
        answer = http.call(
            method,
            address,
            most_bytes=MOST_BYTES,
            timeout=TIMEOUT_SECONDS,
            session=self._session,
            auth=_Bearer(),
            **how,
        )
        return answer.status, answer.content


def _read(content: bytes) -> Outcome:
    """The gateway's word on one message; a body that is not of the protocol says nothing."""
    try:
        body = json.loads(content)
        status, number = str(body["status"]), str(body["id"])[:200]
    except (ValueError, KeyError, TypeError):
        return Outcome(Result.UNKNOWN, error=UNREADABLE)
    if status == "rejected":
        return Outcome(Result.REFUSED, provider_id=number, error=REJECTED)
    return Outcome(Result.SENT, provider_id=number)


def _words(error: requests.RequestException) -> str:
    return type(error).__name__  # its text may hold the gateway's address with a key in it
