"""Weibo: the message push of its fans service (粉丝服务平台), signed over time and nonce, and private replies."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.channels.adapters import base, http, signatures
from apps.channels.adapters.base import Field, Platform, Received, Refused, Said, Unreachable
from apps.channels.models import Conversation, Door, DoorKind
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.notifications.adapters.base import Outcome, Result

OFFICIAL = "https://m.api.weibo.com"
FILES = "https://upload.api.weibo.com"
OUR_KEYS = range(21314, 21333)  # the access token: wrong, out of date, withdrawn
PATIENCE = (10001, 10002, 10003, 10009, 10010, 10011, 10022, 10023, 10024)  # their system, our pace


class Weibo(Platform):
    kind = DoorKind.WEIBO
    window = timedelta(hours=48)
    longest = 300
    fields = (
        Field("uid", _("UID of our account")),
        Field("api_url", _("address of the API"), required=False, help=_("Empty: Weibo's own. “simulator”: the local one.")),
        base.DAYS,
        Field("app_secret", _("App Secret"), secret=True),
        Field("access_token", _("access token"), secret=True),
    )  # fmt: skip

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        return base.common_problems(values)

    def receive(self, door: Door, request: HttpRequest, body: bytes) -> Received:
        signatures.check_query(door, request, base.secrets_of(door).get("app_secret", ""), body)
        if request.method == "GET":
            return Received(
                answer=HttpResponse(request.GET.get("echostr", ""), content_type="text/plain; charset=utf-8")
            )
        try:
            said = _said(door, json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Refused("the message cannot be read", 400) from None
        return Received([said] if said else [], HttpResponse("", content_type="text/plain"))

    def fetch(self, door: Door, ref: str, name: str) -> SimpleUploadedFile:
        token = base.secrets_of(door).get("access_token", "")
        url = f"{base.api_url(door, FILES)}/2/mss/msget"
        file, kind = http.download(url, name, params={"fid": ref, "access_token": token})
        if kind == "application/json":
            raise Unreachable("the file is not given out", lasting=True)
        return file

    def send(self, conversation: Conversation, text: str) -> Outcome:
        door = conversation.door
        form = {
            "access_token": base.secrets_of(door).get("access_token", ""), "type": "text",
            "receiver_id": conversation.peer, "data": json.dumps({"text": text}, ensure_ascii=False),
        }  # fmt: skip
        try:
            status, answer = http.call("POST", f"{base.api_url(door, OFFICIAL)}/2/messages/reply.json", data=form)
        except Unreachable as error:
            return Outcome(Result.UNKNOWN if error.sent else Result.NOT_SENT, error=str(error))
        if answer.get("result") is True:
            return Outcome(Result.SENT, provider_id=str(answer.get("id", ""))[:200])
        code = answer.get("error_code", status)
        ours = code in OUR_KEYS or code in PATIENCE or status >= 500
        # What else they refuse is not documented well: not a follower any more, 48 hours are over, blocked.
        return Outcome(Result.NOT_SENT if ours else Result.REFUSED, error=f"error_code {code}")

    def check(self, door: Door) -> str:
        token = base.secrets_of(door).get("access_token", "")
        _status, answer = http.call(
            "GET", f"{base.api_url(door, OFFICIAL)}/2/account/get_uid.json", params={"access_token": token}
        )
        if "uid" not in answer:
            raise Unreachable(f"error_code {answer.get('error_code', '?')}")
        if str(answer["uid"]) != str(door.settings.get("uid", "")):
            raise Unreachable("the token belongs to another account")
        return str(answer["uid"])


def _said(door: Door, push: dict[str, Any]) -> Said | None:
    """A push in our shape. It has no id: repeats are the same sender, moment, type and content."""
    kind, peer = str(push.get("type", "")), str(int(push["sender_id"]))
    if str(push.get("receiver_id", "")) != str(door.settings.get("uid", "")):
        return None
    moment = datetime.strptime(str(push["created_at"]), "%a %b %d %H:%M:%S %z %Y")
    data = push.get("data") or {}
    content = json.dumps([push.get("text"), data], sort_keys=True, ensure_ascii=False)
    unique = blind_index(f"{peer}:{moment.timestamp()}:{kind}:{content}")
    said = Said(id=unique[:120], peer=peer, at=moment)
    if kind == "event":
        said.event = str(data.get("subtype") or "event")[:40]
        return said
    if kind == "position":
        said.text = f"📍 {data.get('latitude')}, {data.get('longitude')} {push.get('text') or ''}".strip()
    elif kind in ("image", "voice"):
        said.media = [{"ref": str(data["tovfid"]), "name": "image" if kind == "image" else "voice.amr"}]
    elif kind == "text":
        said.text = str(push.get("text") or "")
    else:  # "mention" and what may come: the words, if there are any
        said.text = str(push.get("text") or f"[{kind}]")
    return said
