"""Calls to the platforms. What goes wrong is told without addresses and keys: they stand in each other."""

import json
from typing import Any

import requests
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.channels.adapters.base import Unreachable
from apps.core import http

TIMEOUT_SECONDS = 8
MOST_BYTES = 20 * 1024 * 1024
MOST_JSON_BYTES = 1_000_000
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "audio/amr": "amr",
    "voice/amr": "amr", "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/mp4": "m4a", "audio/x-m4a": "m4a",
    "video/mp4": "mp4", "video/mpeg4": "mp4", "video/quicktime": "mov", "application/pdf": "pdf",
}  # fmt: skip


def call(method: str, url: str, **how: Any) -> tuple[int, dict[str, Any]]:
    """HTTP status and the JSON object of the answer, whatever the status.

    Raises Unreachable when there is no such answer; `sent` unless it is proven that nothing left.
    """
    answer = fetch(method, url, MOST_JSON_BYTES, timeout=TIMEOUT_SECONDS, **how)
    try:
        body = json.loads(answer.content)
    except ValueError:
        raise Unreachable(f"HTTP {answer.status} without JSON", code="unreadable", sent=True) from None
    if not isinstance(body, dict):
        raise Unreachable(f"HTTP {answer.status} without a JSON object", code="unreadable", sent=True)
    return answer.status, body


def download(url: str, name: str, **how: Any) -> tuple[SimpleUploadedFile, str]:
    """A file of at most 20 MB and its content type, named after it where the name has no extension. Raises Unreachable."""
    answer = fetch("GET", url, MOST_BYTES, timeout=TIMEOUT_SECONDS, **how)
    if answer.status != 200:
        gone = answer.status in (403, 404, 410)
        raise Unreachable(f"HTTP {answer.status}", code=str(answer.status), lasting=gone)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if "." not in name and kind in _EXTENSIONS:
        name = f"{name}.{_EXTENSIONS[kind]}"
    return SimpleUploadedFile(name, answer.content, content_type=kind or "application/octet-stream"), kind


def fetch(method: str, url: str, most_bytes: int, **how: Any) -> http.Answer:
    """The bare answer. Raises Unreachable; `sent` unless it is proven that nothing left."""
    try:
        return http.call(method, url, most_bytes=most_bytes, **how)
    except http.TooLarge:
        raise Unreachable("the answer is too large", code="too_large", lasting=True, sent=True) from None
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__, sent=not http.never_left(error)) from None
