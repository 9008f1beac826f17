"""WeChat official accounts (服务号): push with signature or AES, media, customer-service messages.

Messages are decrypted and parsed by wechatpy; its HTTP client is left aside: it fetches tokens without a time-out, from
one fixed address, and retries without end.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from apps.channels.adapters import base, http, signatures, xml
from apps.channels.adapters.base import Field, Platform, Received, Refused, Said, Unreachable
from apps.channels.models import Conversation, Door, DoorKind
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.notifications.adapters.base import Outcome, Result

OFFICIAL = "https://api.weixin.qq.com"
STALE_TOKEN = (40001, 40014, 42001)
TOO_LATE = (45015, 45047)  # more than 48 hours since their last word; too many answers to it
NEVER = (*TOO_LATE, 40003, 43004, 43019, 48002, 50005)  # not a follower any more, blocked, switched off
PATIENCE = (-1, 45009, 45011)  # their system is busy, or our quota is used up: later
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class WeChat(Platform):
    kind = DoorKind.WECHAT
    window = timedelta(hours=48)
    longest = 600  # 2,048 bytes of UTF-8
    fields = (
        Field("app_id", _("AppID")),
        Field("mode", _("message encryption"), choices=(("aes", _("safe mode (AES)")), ("plain", _("plain mode")))),
        Field("api_url", _("address of the API"), required=False, help=_("Empty: WeChat's own. “simulator”: the local one.")),
        base.DAYS,
        Field("token", _("Token"), secret=True),
        Field("aes_key", _("EncodingAESKey"), secret=True, required=False, help=_("Needed in safe mode.")),
        Field("app_secret", _("AppSecret"), secret=True),
    )  # fmt: skip

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        errors = base.common_problems(values)
        if values["mode"] not in ("", "aes", "plain"):
            errors.append(DomainError("channels.bad_mode", field="mode"))
        if values["mode"] == "aes" and not values["aes_key"]:
            errors.append(DomainError("channels.key_missing", field="aes_key"))
        if values["aes_key"] and not _AES_KEY.fullmatch(values["aes_key"]):
            errors.append(DomainError("channels.bad_aes_key", field="aes_key"))
        return errors

    # In --------------------------------------------------------------------------------------------------------------

    def receive(self, door: Door, request: HttpRequest, body: bytes) -> Received:
        keys = base.secrets_of(door)
        signatures.check_query(door, request, keys.get("token", ""), body)
        if request.method == "GET":
            return Received(answer=_plain(request.GET.get("echostr", "")))
        text = _decoded(body)
        if door.settings.get("mode") == "aes":
            text = self._decrypted(door, request, text, keys)
        xml.check(text)
        try:
            message = parse_message(text)._data
        except (KeyError, TypeError, AttributeError, ValueError):
            raise Refused("the message cannot be read", 400) from None
        return Received([_said(message)], _plain("success"))

    def _decrypted(self, door: Door, request: HttpRequest, text: str, keys: dict[str, str]) -> str:
        xml.check(text)
        query = request.GET
        crypto = WeChatCrypto(keys["token"], keys["aes_key"], door.settings["app_id"])
        try:
            return str(crypto.decrypt_message(text, query.get("msg_signature", ""), query["timestamp"], query["nonce"]))
        except Exception:  # wrong signature, padding, app id, or no Encrypt part: all the same to whoever asks
            raise Refused("wrong signature") from None

    # Out -------------------------------------------------------------------------------------------------------------

    def fetch(self, door: Door, ref: str, name: str) -> SimpleUploadedFile:
        for fresh in (False, True):
            url = f"{base.api_url(door, OFFICIAL)}/cgi-bin/media/get"
            params = {"access_token": self._token(door, fresh=fresh), "media_id": ref}
            file, kind = http.download(url, name, params=params)
            if kind not in ("text/plain", "application/json"):
                return file
            code = _errcode(file)
            if code not in STALE_TOKEN:
                break
        raise Unreachable(f"errcode {code}", code=str(code), lasting=code not in (*STALE_TOKEN, *PATIENCE))

    def send(self, conversation: Conversation, text: str) -> Outcome:
        body = {"touser": conversation.peer, "msgtype": "text", "text": {"content": text}}
        try:
            answer = self._post(conversation.door, "/cgi-bin/message/custom/send", body)
        except Unreachable as error:
            return Outcome(Result.UNKNOWN if error.sent else Result.NOT_SENT, error=str(error))
        code = answer.get("errcode", 0)
        if code == 0:
            return Outcome(Result.SENT, provider_id=str(answer.get("msgid", ""))[:200])
        if code in TOO_LATE:
            return Outcome(Result.REFUSED, error=base.WINDOW_CLOSED)
        return Outcome(Result.REFUSED if code in NEVER else Result.NOT_SENT, error=f"errcode {code}")

    def check(self, door: Door) -> str:
        answer = self._token(door, fresh=True)
        return str(door.settings.get("app_id", "")) if answer else ""

    def _post(self, door: Door, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call; a token that has run out or was replaced is renewed once (40001, 42001)."""
        answer: dict[str, Any] = {}
        for fresh in (False, True):
            params = {"access_token": self._token(door, fresh=fresh)}
            status, answer = http.call("POST", f"{base.api_url(door, OFFICIAL)}{path}", params=params, json=body)
            if status != 200:
                raise Unreachable(f"HTTP {status}", code=str(status), sent=status >= 500)
            if answer.get("errcode", 0) not in STALE_TOKEN:
                break
        return answer

    def _token(self, door: Door, *, fresh: bool) -> str:
        """The access_token that all our processes share, renewed when it runs out or `fresh` is asked for."""
        now = clock.now()
        held = Door.objects.only("token", "token_until").get(pk=door.pk)
        if not fresh and held.token and held.token_until and held.token_until > now:
            return held.token
        keys = base.secrets_of(door)
        query = {
            "grant_type": "client_credential", "appid": door.settings.get("app_id", ""),
            "secret": keys.get("app_secret", ""),
        }  # fmt: skip
        try:
            status, answer = http.call("GET", f"{base.api_url(door, OFFICIAL)}/cgi-bin/token", params=query)
        except Unreachable as error:
            raise Unreachable(str(error), code=error.code) from None  # nothing of the message has left
        token = answer.get("access_token")
        if status != 200 or not token:
            raise Unreachable(f"no access_token: errcode {answer.get('errcode', status)}")
        until = now + timedelta(seconds=max(60, int(answer.get("expires_in", 7200)) - 300))
        Door.objects.filter(pk=door.pk).update(token=str(token), token_until=until)
        return str(token)


def _plain(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the message is not UTF-8", 400) from None


def _errcode(file: SimpleUploadedFile) -> int:
    found = re.search(rb'"errcode"\s*:\s*(-?\d+)', file.read(2000))
    return int(found[1]) if found else 0


def _said(message: dict[str, Any]) -> Said:
    """A push in our shape. Repeats carry the same MsgId; events have none and are told by who, when and what."""
    kind, peer = str(message.get("MsgType", "")).lower(), str(message.get("FromUserName") or "")
    moment = str(message.get("CreateTime") or "")
    if not peer or not moment.isdigit() or len(moment) > 11:
        raise Refused("the message has no sender or time", 400)
    event = str(message.get("Event") or "").lower() if kind == "event" else ""
    number = str(message.get("MsgId") or "")
    unique = number or "event:" + blind_index(f"{peer}:{moment}:{event}:{message.get('EventKey') or ''}")
    said = Said(id=unique[:120], peer=peer[:64], at=datetime.fromtimestamp(int(moment), UTC), event=event[:40])
    if kind != "event":
        said.text, said.media = _words(kind, message), _media(kind, message)
    return said


def _words(kind: str, message: dict[str, Any]) -> str:
    def get(name: str) -> str:
        return str(message.get(name) or "").strip()

    if kind == "text":
        return get("Content")
    if kind == "voice":
        return get("Recognition")
    if kind == "location":
        return f"📍 {get('Label')} ({get('Location_X')}, {get('Location_Y')})"
    if kind in ("link", "miniprogrampage"):
        return "\n".join(filter(None, [get("Title"), get("Description"), get("Url")]))
    return "" if kind in ("image", "video", "shortvideo") else f"[{kind or '?'}]"


def _media(kind: str, message: dict[str, Any]) -> list[dict[str, str]]:
    """The temporary file of a message; it can be fetched for three days."""
    number = str(message.get("MediaId") or "")
    if not number:
        return []
    extension = {"voice": str(message.get("Format") or "amr").lower(), "video": "mp4", "shortvideo": "mp4"}.get(kind)
    return [{"ref": number, "name": f"{kind}.{extension}" if extension else kind}]
