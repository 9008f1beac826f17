"""Calls to the platforms. What goes wrong is told without addresses and keys: they stand in each other."""

import json
from typing import Any

import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from urllib3.exceptions import NewConnectionError

from apps.channels.adapters.base import Unreachable

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
    try:
        with requests.request(
            method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True, auth=_no_netrc, **how
        ) as response:
            status = response.status_code
            body = json.loads(_limited(response, MOST_JSON_BYTES))
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__, sent=not _never_connected(error)) from None
    except ValueError:
        raise Unreachable(f"HTTP {status} without JSON", code="unreadable", sent=True) from None
    if not isinstance(body, dict):
        raise Unreachable(f"HTTP {status} without a JSON object", code="unreadable", sent=True)
    return status, body


def download(url: str, name: str, **how: Any) -> tuple[SimpleUploadedFile, str]:
    """A file of at most 20 MB and its content type, named after it where the name has no extension. Raises Unreachable."""
    try:
        with requests.get(
            url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True, auth=_no_netrc, **how
        ) as response:
            if response.status_code != 200:
                gone = response.status_code in (403, 404, 410)
                raise Unreachable(f"HTTP {response.status_code}", code=str(response.status_code), lasting=gone)
            content = _limited(response, MOST_BYTES)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from None
    if "." not in name and kind in _EXTENSIONS:
        name = f"{name}.{_EXTENSIONS[kind]}"
    return SimpleUploadedFile(name, content, content_type=kind or "application/octet-stream"), kind


def _limited(response: requests.Response, most: int) -> bytes:
    data = bytearray()
    for chunk in response.iter_content(65_536):
        data += chunk
        if len(data) > most:
            raise Unreachable("the answer is too large", code="too_large", lasting=True, sent=True)
    return bytes(data)


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` of our own, so that a .netrc of the machine adds nothing."""
    return request


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)
