import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from apps.channels.adapters.simulated.peer import PICTURE, VOICE, Account, Answer, Knock, Peer


class FacebookPeer(Peer):
    kind = "facebook"
    window_seconds = 24 * 3600.0
    media_url = ""  # set by the server: where the files that people send can be fetched

    def message(self, account: Account, person: str, *, forged: bool = False, shift: float = 0, **what: Any) -> Knock:
        return self.batch(account, [self.event(account, person, shift=shift, **what)], forged=forged)

    def event(self, account: Account, person: str, *, shift: float = 0, **what: Any) -> dict[str, Any]:
        """One messaging event."""
        page = account.settings["page_id"]
        event: dict[str, Any] = {
            "sender": {"id": person}, "recipient": {"id": page}, "timestamp": int((time.time() + shift) * 1000),
        }  # fmt: skip
        if what.get("event"):
            return event | {"postback": {"title": what["event"], "payload": what["event"]}}
        message: dict[str, Any] = {"mid": what.get("number") or f"m_{secrets.token_urlsafe(40)}"}
        if what.get("text"):
            message["text"] = what["text"]
        for name, kind, content, content_type in (
            ("picture", "image", PICTURE, "image/png"), ("voice", "audio", VOICE, "audio/amr"),
        ):  # fmt: skip
            if name in what:
                given = what[name] if isinstance(what[name], bytes) else None
                number = self.keep_file(given or content, content_type)
                message.setdefault("attachments", []).append(
                    {"type": kind, "payload": {"url": f"{self.media_url}/media/{number}"}}
                )
        return event | {"message": message}

    def batch(self, account: Account, events: list[dict[str, Any]], *, forged: bool = False) -> Knock:
        """A push of several events, signed over its whole body."""
        entry = {"id": account.settings["page_id"], "time": int(time.time() * 1000), "messaging": events}
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        key = b"another" if forged else account.secrets["app_secret"].encode()
        signature = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
        return Knock("POST", account.url, body, headers)

    def handshake(self, account: Account, word: str) -> Knock:
        query = {"hub.mode": "subscribe", "hub.verify_token": account.secrets["verify_token"], "hub.challenge": word}
        return Knock("GET", f"{account.url}?{urlencode(query)}")

    def api(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        if path.startswith("/media/"):
            found = self.files.get(path.removeprefix("/media/"))
            return (200, found) if found else (404, {})
        token = str(headers.get("Authorization", "")).removeprefix("Bearer ") or query.get("access_token", "")
        account = next((a for a in self.accounts() if token and a.secrets.get("page_token") == token), None)
        if account is None:
            return self.failure(190)
        if method == "GET" and path.endswith("/me"):
            return 200, {"id": account.settings["page_id"], "name": account.name or "Qingchuan"}
        if method == "POST" and path.endswith("/me/messages"):
            return self._send(json.loads(body))
        return self.failure(100)

    def failure(self, code: int) -> Answer:
        """Codes above 10,000 are subcodes of error 10, as for a window that is over."""
        error = {"message": "simulated", "type": "OAuthException", "code": 10 if code > 10_000 else code}
        return 400, {"error": error | ({"error_subcode": code} if code > 10_000 else {})}

    def _send(self, message: dict[str, Any]) -> Answer:
        person, text = str(message.get("recipient", {}).get("id", "")), str(message.get("message", {}).get("text", ""))
        if person not in self.last_word or not text or len(text) > 2000:
            return self.failure(100)
        if not self.in_window(person):
            return self.failure(2018278)
        self.took(person, text)
        return 200, {"recipient_id": person, "message_id": f"m_{secrets.token_urlsafe(20)}"}
