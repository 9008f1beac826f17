import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from apps.channels.adapters.signatures import sorted_sha1
from apps.channels.adapters.simulated.peer import PICTURE, VOICE, Account, Answer, Knock, Peer


class WeiboPeer(Peer):
    kind = "weibo"
    window_seconds = 48 * 3600.0

    def message(self, account: Account, person: str, *, forged: bool = False, shift: float = 0, **what: Any) -> Knock:
        moment = datetime.fromtimestamp(time.time() + shift, UTC)
        push = {
            "receiver_id": int(account.settings["uid"]), "sender_id": int(person),
            "created_at": moment.strftime("%a %b %d %H:%M:%S +0000 %Y"), **self._content(what),
        }  # fmt: skip
        query = self._signed(account, "another" if forged else "", shift)
        return Knock(
            "POST", f"{account.url}?{urlencode(query)}", json.dumps(push).encode(), {"Content-Type": "text/json"}
        )

    def handshake(self, account: Account, word: str) -> Knock:
        return Knock("GET", f"{account.url}?{urlencode(self._signed(account, '', 0) | {'echostr': word})}")

    def _signed(self, account: Account, other_key: str, shift: float) -> dict[str, str]:
        now, nonce = str(int((time.time() + shift) * 1000)), str(secrets.randbelow(10**8))
        signature = sorted_sha1(other_key or account.secrets["app_secret"], now, nonce)
        return {"signature": signature, "timestamp": now, "nonce": nonce}

    def _content(self, what: dict[str, Any]) -> dict[str, Any]:
        if event := what.get("event"):
            return {"type": "event", "text": "", "data": {"subtype": event}}
        for name, kind, content, content_type in (
            ("picture", "image", PICTURE, "image/png"), ("voice", "voice", VOICE, "audio/amr"),
        ):  # fmt: skip
            if name in what:
                number = self.keep_file(content, content_type)
                return {"type": kind, "text": "", "data": {"vfid": number, "tovfid": number}}
        return {"type": "text", "text": what["text"], "data": {}}

    def api(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()} if body else {}
        token = form.get("access_token") or query.get("access_token", "")
        account = next((a for a in self.accounts() if token and a.secrets.get("access_token") == token), None)
        if account is None:
            return self.failure(21332)
        if path == "/2/account/get_uid.json":
            return 200, {"uid": int(account.settings["uid"])}
        if path == "/2/mss/msget":
            found = self.files.get(query.get("fid", ""))
            return (200, found) if found else self.failure(20003)
        if method == "POST" and path == "/2/messages/reply.json":
            return self._send(form)
        return self.failure(10020)

    def failure(self, code: int) -> Answer:
        return 400, {"request": "/2/", "error_code": code, "error": "simulated"}

    def _send(self, form: dict[str, str]) -> Answer:
        person, text = form.get("receiver_id", ""), str(json.loads(form.get("data", "{}")).get("text", ""))
        if not text or len(text) > 300 or form.get("type") != "text":
            return self.failure(10008)
        if not self.in_window(person):
            return self.failure(20301)
        self.took(person, text)
        return 200, {"result": True, "receiver_id": person, "type": "text"}
