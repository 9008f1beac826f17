import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from wechatpy.crypto import WeChatCrypto

from apps.channels.adapters.signatures import sorted_sha1
from apps.channels.adapters.simulated.peer import PICTURE, VOICE, Account, Answer, Knock, Peer

LONGEST_BYTES = 2048


class WeChatPeer(Peer):
    kind = "wechat"
    window_seconds = 48 * 3600.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tokens: dict[str, str] = {}  # access_token → app id; a new one takes the place of the old
        self._number = time.time_ns()

    # Pushes ----------------------------------------------------------------------------------------------------------

    def message(self, account: Account, person: str, *, forged: bool = False, shift: float = 0, **what: Any) -> Knock:
        self._number += 1
        now = int(time.time() + shift)
        fields = {"ToUserName": "gh_0123456789ab", "FromUserName": person, "CreateTime": now, **self._content(what)}
        if fields["MsgType"] != "event":
            fields["MsgId"] = what.get("number") or self._number
        xml = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
        return self.envelope(account, f"<xml>{xml}</xml>", now, forged=forged, openid=person)

    def envelope(self, account: Account, xml: str, now: int, *, forged: bool = False, openid: str = "") -> Knock:
        """Any XML, signed and, in safe mode, encrypted."""
        token = "another" if forged else account.secrets["token"]
        nonce = secrets.token_hex(5)
        query = {
            "signature": sorted_sha1(token, str(now), nonce),
            "timestamp": str(now),
            "nonce": nonce,
            "openid": openid,
        }
        if account.settings.get("mode") == "aes":
            crypto = WeChatCrypto(token, account.secrets["aes_key"], account.settings["app_id"])
            xml = crypto.encrypt_message(xml, nonce, str(now))
            signature = xml.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
            query |= {"encrypt_type": "aes", "msg_signature": signature}
        return Knock("POST", f"{account.url}?{urlencode(query)}", xml.encode(), {"Content-Type": "text/xml"})

    def handshake(self, account: Account, word: str) -> Knock:
        now, nonce = str(int(time.time())), secrets.token_hex(5)
        signature = sorted_sha1(account.secrets["token"], now, nonce)
        query = {"signature": signature, "timestamp": now, "nonce": nonce, "echostr": word}
        return Knock("GET", f"{account.url}?{urlencode(query)}")

    def _content(self, what: dict[str, Any]) -> dict[str, Any]:
        if event := what.get("event"):
            return {"MsgType": "event", "Event": event, "EventKey": ""}
        if "picture" in what:
            number = self.keep_file(what["picture"] or PICTURE, "image/png")
            return {"MsgType": "image", "PicUrl": f"http://mmbiz.example/{number}", "MediaId": number}
        if "voice" in what:
            number = self.keep_file(VOICE, "audio/amr")
            return {"MsgType": "voice", "MediaId": number, "Format": "amr", "Recognition": what["voice"]}
        return {"MsgType": "text", "Content": what["text"]}

    # Calls -----------------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        if path == "/cgi-bin/token":
            return self._token(query)
        if query.get("access_token") not in self.tokens:
            return self.failure(40001)
        if path == "/cgi-bin/media/get":
            found = self.files.get(query.get("media_id", ""))
            return (200, found) if found else self.failure(40007)
        if method == "POST" and path == "/cgi-bin/message/custom/send":
            return self._send(json.loads(body))
        return 404, {"errcode": 404, "errmsg": "no such address"}

    def failure(self, code: int) -> Answer:
        return 200, {"errcode": code, "errmsg": "simulated"}

    def _token(self, query: dict[str, str]) -> Answer:
        for account in self.accounts():
            if query.get("appid") == account.settings.get("app_id"):
                if query.get("secret") != account.secrets.get("app_secret"):
                    return self.failure(40125)
                token = secrets.token_urlsafe(40)
                self.tokens = {t: app for t, app in self.tokens.items() if app != query["appid"]} | {
                    token: query["appid"]
                }
                return 200, {"access_token": token, "expires_in": 7200}
        return self.failure(40013)

    def _send(self, message: dict[str, Any]) -> Answer:
        person, text = str(message.get("touser", "")), str(message.get("text", {}).get("content", ""))
        if message.get("msgtype") != "text" or not text:
            return self.failure(40008)
        if person not in self.last_word:
            return self.failure(40003)
        if not self.in_window(person):
            return self.failure(45015)
        if len(text.encode()) > LONGEST_BYTES:
            return self.failure(45002)
        self.took(person, text)
        return 200, {"errcode": 0, "errmsg": "ok"}
