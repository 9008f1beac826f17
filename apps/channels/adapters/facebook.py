"""Facebook pages: Messenger's webhook (signed over the whole body, several entries at once) and its Send API."""

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.channels.adapters import base, http, signatures
from apps.channels.adapters.base import Field, Platform, Received, Refused, Said, Unreachable
from apps.channels.models import Conversation, Door, DoorKind
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.notifications.adapters.base import Outcome, Result

OFFICIAL = "https://graph.facebook.com"
VERSION = "v21.0"
MEDIA_HOSTS = (".fbcdn.net", ".fbsbx.com", ".facebook.com")  # where Messenger keeps what people send
TOO_LATE = 2018278  # error_subcode: more than 24 hours since their last word
NEVER = (10, 100, 200, 551)  # not allowed, wrong recipient, blocked, not available
OUR_KEYS = (190, 102)
PATIENCE = (1, 2, 4, 17, 32, 613, 1200)
MOST_AT_ONCE = 500


class Facebook(Platform):
    kind = DoorKind.FACEBOOK
    window = timedelta(hours=24)
    longest = 2000
    fields = (
        Field("page_id", _("page ID")),
        Field("api_url", _("address of the API"), required=False, help=_("Empty: Facebook's own. “simulator”: the local one.")),
        base.DAYS,
        Field("verify_token", _("Verify Token"), secret=True),
        Field("app_secret", _("App Secret"), secret=True),
        Field("page_token", _("Page Access Token"), secret=True),
    )  # fmt: skip

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        return base.common_problems(values)

    def receive(self, door: Door, request: HttpRequest, body: bytes) -> Received:
        keys = base.secrets_of(door)
        if request.method == "GET":
            return Received(answer=self._challenge(request, keys.get("verify_token", "")))
        given = request.headers.get("X-Hub-Signature-256", "")
        secret = keys.get("app_secret", "")
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not secret or not signatures.same(expected, given):
            raise Refused("wrong signature")
        said = _read(door, body)
        return Received(said, HttpResponse("EVENT_RECEIVED", content_type="text/plain"))

    def _challenge(self, request: HttpRequest, token: str) -> HttpResponse:
        query = request.GET
        if query.get("hub.mode") != "subscribe" or not token:
            raise Refused("no subscription")
        if not signatures.same(token, query.get("hub.verify_token", "")):
            raise Refused("wrong verify token")
        return HttpResponse(query.get("hub.challenge", ""), content_type="text/plain; charset=utf-8")

    def fetch(self, door: Door, ref: str, name: str) -> SimpleUploadedFile:
        """`ref` is an address that the signed message named; only Facebook's own hosts are asked."""
        own = urlsplit(base.api_url(door, OFFICIAL))
        parts = urlsplit(ref)
        host = parts.hostname or ""
        near = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        theirs = parts.scheme == "https" and parts.port in (None, 443) and f".{host}".endswith(MEDIA_HOSTS)
        if not near and not theirs:
            raise Unreachable("the file lies on a foreign host", code="foreign", lasting=True)
        return http.download(ref, name)[0]

    def send(self, conversation: Conversation, text: str) -> Outcome:
        body = {"recipient": {"id": conversation.peer}, "messaging_type": "RESPONSE", "message": {"text": text}}
        try:
            status, answer = self._call(conversation.door, "POST", "/me/messages", json=body)
        except Unreachable as error:
            return Outcome(Result.UNKNOWN if error.sent else Result.NOT_SENT, error=str(error))
        error_part = answer.get("error")
        if not error_part:
            known = status == 200 and "message_id" in answer
            return Outcome(
                Result.SENT if known else Result.UNKNOWN, provider_id=str(answer.get("message_id", ""))[:200]
            )
        code, subcode = _codes(error_part)
        if subcode == TOO_LATE:
            return Outcome(Result.REFUSED, error=base.WINDOW_CLOSED)
        if code in NEVER:
            return Outcome(Result.REFUSED, error=f"error {code}/{subcode}")
        return Outcome(Result.NOT_SENT, error=f"error {code}/{subcode}")

    def check(self, door: Door) -> str:
        status, answer = self._call(door, "GET", "/me", params={"fields": "id,name"})
        if "error" in answer or status != 200:
            raise Unreachable("error {}/{}".format(*_codes(answer.get("error"))))
        if str(answer.get("id")) != str(door.settings.get("page_id", "")):
            raise Unreachable("the token belongs to another page")
        return str(answer.get("name", ""))[:80]

    def _call(self, door: Door, method: str, path: str, **how: Any) -> tuple[int, dict[str, Any]]:
        token = base.secrets_of(door).get("page_token", "")
        headers = {"Authorization": f"Bearer {token}"}  # in the address it would stand in logs on the way
        return http.call(method, f"{base.api_url(door, OFFICIAL)}/{VERSION}{path}", headers=headers, **how)


def _codes(error: Any) -> tuple[int, int]:
    try:
        return int(error.get("code", 0)), int(error.get("error_subcode", 0))
    except (AttributeError, TypeError, ValueError):
        return 0, 0


def _read(door: Door, body: bytes) -> list[Said]:
    try:
        data = json.loads(body)
        entries = data["entry"] if data.get("object") == "page" else []
        events = [event for entry in entries for event in entry.get("messaging", [])]
        said = [_said(door, event) for event in events[:MOST_AT_ONCE]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("the message cannot be read", 400) from None
    return [each for each in said if each is not None]


def _said(door: Door, event: dict[str, Any]) -> Said | None:
    """One messaging event; what our own page said, deliveries and reads are passed over."""
    message, peer = event.get("message") or {}, str(event["sender"]["id"])
    page = str(door.settings.get("page_id", ""))
    if not re.fullmatch(r"\d{1,40}", peer) or message.get("is_echo") or peer == page:
        return None
    if str(event.get("recipient", {}).get("id", page)) != page:
        return None  # of another page that the same app serves
    moment = datetime.fromtimestamp(int(event.get("timestamp", 0)) / 1000, UTC)
    if postback := event.get("postback"):
        unique = str(postback.get("mid") or blind_index(f"{peer}:{moment.timestamp()}:{postback.get('payload', '')}"))
        return Said(id=unique[:120], peer=peer, at=moment, event="postback")
    if not message.get("mid"):
        return None
    said = Said(id=str(message["mid"])[:120], peer=peer, text=str(message.get("text") or ""), at=moment)
    for number, attachment in enumerate(message.get("attachments") or [], start=1):
        _attach(said, number, attachment)
    return said


def _attach(said: Said, number: int, attachment: dict[str, Any]) -> None:
    kind, payload = str(attachment.get("type", "")), attachment.get("payload") or {}
    url = str(payload.get("url") or "")
    if kind in ("image", "video", "audio", "file") and url:
        last = urlsplit(url).path.rsplit("/", 1)[-1]
        said.media.append({"ref": url, "name": last if "." in last else f"{kind}-{number}"})
    elif kind == "location":
        where = payload.get("coordinates") or {}
        said.text = f"{said.text}\n📍 {where.get('lat')}, {where.get('long')}".strip()
    else:
        said.text = "\n".join(filter(None, [said.text, str(attachment.get("title") or ""), url or f"[{kind}]"]))
