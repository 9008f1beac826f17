"""The merchant's API for complaints. Every request is signed by us, every answer by WeChat Pay; both are checked."""

import hashlib
import json
import mimetypes
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.channels.adapters.base import Unreachable, secrets_of
from apps.channels.adapters.http import fetch
from apps.channels.models import Door
from apps.channels.pay import protocol
from apps.core import clock
from apps.core.http import Answer

OFFICIAL = "https://api.mch.weixin.qq.com"
TIMEOUT_SECONDS = (5, 10)  # to connect, between two pieces of the answer
MOST_BYTES, MOST_JSON_BYTES = 20 * 1024 * 1024, 2_000_000
PAGE = 50
MOST_LOGS = 300
BASE = "/v3/merchant-service"
LATER = (401, 403, 408, 425, 429)  # keys, rights or pace: corrected by an operator or by waiting, then it works


class Gateway:
    """One door's way to the API. All methods raise Unreachable; `sent` unless it is proven that nothing arrived."""

    def __init__(self, door: Door) -> None:
        keys = secrets_of(door)
        self.mchid = str(door.settings.get("mchid", ""))
        self._merchant = (self.mchid, str(door.settings.get("serial_no", "")))
        self._base = str(door.settings.get("api_url") or OFFICIAL).rstrip("/")
        self._platform = platform_keys(door)
        try:
            self._key = protocol.private_key(keys.get("private_key", ""))
        except ValueError:
            raise Unreachable("the merchant's private key is missing or cannot be read", lasting=False) from None

    def complaint(self, complaint_id: str) -> dict[str, Any]:
        return self._json("GET", f"{BASE}/complaints-v2/{quote(complaint_id)}")

    def history(self, complaint_id: str) -> list[dict[str, Any]]:
        """What was said and done, the oldest first; at most 300 entries."""
        found: list[dict[str, Any]] = []
        while len(found) < MOST_LOGS:
            query = urlencode({"limit": PAGE, "offset": len(found)})
            page = self._json("GET", f"{BASE}/complaints-v2/{quote(complaint_id)}/negotiation-historys?{query}")
            rows = page.get("data") or []
            found += rows
            if not rows or len(found) >= int(page.get("total_count") or 0):
                break
        return sorted(found, key=lambda row: str(row.get("operate_time", "")))

    def complaints(self, since: date, offset: int) -> dict[str, Any]:
        """A page of the complaints made since a day (Shanghai's calendar), at most 30 days back."""
        today = clock.local(clock.now()).date()
        first = max(since, today - timedelta(days=29))
        query = {
            "limit": PAGE,
            "offset": offset,
            "begin_date": first,
            "end_date": today,
            "complainted_mchid": self.mchid,
        }
        return self._json("GET", f"{BASE}/complaints-v2?{urlencode(query)}")

    def reply(self, complaint_id: str, text: str, images: list[str]) -> None:
        body = {
            "complainted_mchid": self.mchid,
            "response_content": text,
            **({"response_images": images} if images else {}),
        }
        self._json("POST", f"{BASE}/complaints-v2/{quote(complaint_id)}/response", body)

    def complete(self, complaint_id: str) -> None:
        self._json("POST", f"{BASE}/complaints-v2/{quote(complaint_id)}/complete", {"complainted_mchid": self.mchid})

    def upload(self, name: str, content: bytes) -> str:
        """Give the platform a picture for an answer; its id there. Only its description is signed."""
        suffix = "png" if content[:4] == b"\x89PNG" else "jpg"
        safe = f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.{suffix}"
        meta = json.dumps({"filename": safe, "sha256": hashlib.sha256(content).hexdigest()})
        files = {
            "meta": (None, meta, "application/json"),
            "file": (safe, content, "image/png" if suffix == "png" else "image/jpeg"),
        }
        answer = self._json("POST", f"{BASE}/images/upload", signed_body=meta, files=files)
        return str(answer["media_id"])

    def picture(self, url: str) -> SimpleUploadedFile:
        """A picture of a complaint; its address expires, so it is fetched at once. Only the platform's own are asked for."""
        here, there = urlsplit(self._base), urlsplit(url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise Unreachable("a picture's address leads elsewhere", code="elsewhere", lasting=True)
        path = there.path + (f"?{there.query}" if there.query else "")
        answer = self._call("GET", path, "", MOST_BYTES)
        if answer.status != 200:
            gone = answer.status in (400, 403, 404, 410)
            raise Unreachable(f"HTTP {answer.status}", code=str(answer.status), lasting=gone)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        suffix = mimetypes.guess_extension(kind) or ".jpg"
        name = f"{there.path.rsplit('/', 1)[-1][:40] or 'picture'}{suffix}"
        return SimpleUploadedFile(name, answer.content, content_type=kind or "image/jpeg")

    # ------------------------------------------------------------------------------------------------------------------

    def _json(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, signed_body: str = "", files: Any = None
    ) -> dict[str, Any]:
        text = json.dumps(body, ensure_ascii=False) if body is not None else signed_body
        data = None if files else text.encode() if text else None
        status, headers, content = self._call(method, path, text, MOST_JSON_BYTES, data=data, files=files)
        if status >= 300:
            raise _refusal(status, content)
        try:
            protocol.check(headers, content, self._platform, now=clock.now().timestamp())
            found = json.loads(content) if content else {}
        except protocol.Unsigned as error:
            raise Unreachable(f"the answer is not WeChat Pay's: {error}", code="unsigned", sent=True) from None
        except ValueError:
            raise Unreachable(f"HTTP {status} without JSON", code="unreadable", sent=True) from None
        if not isinstance(found, dict):
            raise Unreachable(f"HTTP {status} without a JSON object", code="unreadable", sent=True)
        return found

    def _call(self, method: str, path: str, signed: str, most: int, **how: Any) -> Answer:
        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = protocol.authorization(self._key, self._merchant, method, path, signed)
            return request

        headers = {"Accept": "application/json", "User-Agent": "feedback-system"}
        if how.get("data") is not None:
            headers["Content-Type"] = "application/json"
        return fetch(method, f"{self._base}{path}", most, timeout=TIMEOUT_SECONDS, headers=headers, auth=sign, **how)


def platform_keys(door: Door) -> dict[str, str]:
    """WeChat Pay's public keys by their ids."""
    keys = secrets_of(door)
    pairs = [("platform_key_id", "platform_key"), ("platform_key_id_2", "platform_key_2")]
    return {str(door.settings[i]): keys[k] for i, k in pairs if door.settings.get(i) and keys.get(k)}


def _refusal(status: int, content: bytes) -> Unreachable:
    """What the platform refused: its code, never its words, which may hold what a customer wrote."""
    try:
        code = str(json.loads(content)["code"])[:60]
    except (ValueError, KeyError, TypeError):
        code = ""
    words = f"HTTP {status} {code}".strip()
    return Unreachable(words, code=code, lasting=400 <= status < 500 and status not in LATER, sent=status >= 500)
