"""WeChat Pay's complaints on loopback: the same addresses, signatures and cipher, with keys of its own, and faults.

with Complaints(keys, notify_url="http://127.0.0.1:8000/doors/…/") as platform:
    number = platform.complain("收到的商品少了一件")
    platform.user_says(number, "请尽快处理", pictures=1)
"""

import base64
import json
import re
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from apps.channels.pay.simulated_state import (
    API_FAULTS,
    BASE,
    CALLBACK_FAULTS,
    MERCHANT,
    PLATFORM_KEY,
    SERIAL,
    Complaint,
    Fault,
    Keys,
    Platform,
)

__all__ = ["API_FAULTS", "CALLBACK_FAULTS", "PLATFORM_KEY", "Complaints", "Fault", "Keys"]

MOST_BODY = 3_000_000


class Complaints(Platform):
    """Runs in threads of this process between `start` and `stop`."""

    def __init__(self, keys: Keys, *, port: int = 0, **how: Any) -> None:
        super().__init__(keys, **how)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.platform = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "Complaints":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    platform: Complaints


Answer = tuple[int, Any]


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def _handle(self, method: str) -> None:
        platform, body = self.server.platform, self._body()
        if not self.path.startswith("/v3/"):
            return self._plain(*self._by_hand(method, body))
        platform.requests.append(f"{method} {urlsplit(self.path).path}")
        if not self._is_merchants(method, body):
            return self._plain(401, {"code": "SIGN_ERROR", "message": "签名错误"})
        fault = platform.next_fault("api")
        if fault is Fault.DROP:
            return self._drop()
        if fault is Fault.ERROR:
            return self._plain(500, {"code": "SYSTEM_ERROR", "message": "系统错误"})
        status, answer = self._answer(method, body)
        if fault is Fault.DROP_AFTER:
            return self._drop()
        if fault is Fault.DELAY:
            platform.wait()
        if isinstance(answer, bytes):
            return self._send(status, answer, {"Content-Type": "image/png"})
        data = b"" if answer is None else json.dumps(answer, ensure_ascii=False).encode()
        return self._send(
            status, data, platform.signed(data, key=platform.bad_key() if fault is Fault.BAD_SIGNATURE else None)
        )

    def _answer(self, method: str, body: bytes) -> Answer:
        platform, parts = self.server.platform, urlsplit(self.path)
        way, query = parts.path.removeprefix(BASE), {k: v[0] for k, v in parse_qs(parts.query).items()}
        if way == "/complaints-v2":
            return self._page("data", [platform.described(c) for c in platform.known.values()], query)
        if way == "/images/upload":
            name = secrets.token_hex(12)
            platform.uploaded[name] = body
            return 200, {"media_id": name}
        if found := re.fullmatch(r"/images/(\w+)", way):
            picture = None if platform.expired else platform.pictures.get(found[1])
            return (200, picture) if picture else (404, {"code": "NOT_FOUND", "message": "文件不存在"})
        found = re.fullmatch(r"/complaints-v2/(\w+)(/[a-z-]+)?", way)
        complaint = platform.known.get(found[1]) if found else None
        if found is None or complaint is None:
            return 404, {"code": "NOT_FOUND", "message": "投诉单不存在"}
        return self._one(method, found[2] or "", complaint, body, query)

    def _one(self, method: str, act: str, complaint: Complaint, body: bytes, query: dict[str, str]) -> Answer:
        platform = self.server.platform
        if (method, act) == ("GET", ""):
            return 200, platform.described(complaint)
        if (method, act) == ("GET", "/negotiation-historys"):
            return self._page("data", complaint.logs[::-1], query)  # the newest first, as the platform does
        given = json.loads(body or b"{}")
        if given.get("complainted_mchid") != MERCHANT:
            return 403, {"code": "NO_AUTH", "message": "被投诉商户不符"}
        if (method, act) == ("POST", "/response"):
            text = given.get("response_content", "")
            if not 1 <= len(text) <= 200:
                return 400, {"code": "PARAM_ERROR", "message": "回复内容长度不合法"}
            platform.reply(complaint.number, text, given.get("response_images", []))
            return 204, None
        if (method, act) == ("POST", "/complete"):
            if complaint.state == "PENDING":
                return 400, {"code": "INVALID_REQUEST", "message": "请先回复用户"}
            platform.complete(complaint.number)
            return 204, None
        return 405, {"code": "INVALID_REQUEST", "message": "不支持的请求"}

    def _page(self, name: str, rows: list[Any], query: dict[str, str]) -> Answer:
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        return 200, {name: rows[offset : offset + limit], "limit": limit, "offset": offset, "total_count": len(rows)}

    def _is_merchants(self, method: str, body: bytes) -> bool:
        """Whether the request is signed with the merchant's key, over exactly this address and body."""
        given = dict(re.findall(r'(\w+)="([^"]*)"', self.headers.get("Authorization", "")))
        signed = body
        if self.path.endswith("/images/upload"):
            found = re.search(rb'name="meta".*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
            signed = found[1] if found else b""
        message = (
            f"{method}\n{self.path}\n{given.get('timestamp', '')}\n{given.get('nonce_str', '')}\n".encode()
            + signed
            + b"\n"
        )
        try:
            raw = base64.b64decode(given.get("signature", ""))
            self.server.platform.keys.merchant.public_key().verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return given.get("mchid") == MERCHANT and given.get("serial_no") == SERIAL

    # For people who try it out ----------------------------------------------------------------------------------------

    def _by_hand(self, method: str, body: bytes) -> Answer:
        """`POST /complaints {"detail"}`, `/say {"complaint", "text"}`, `/faults {"callback": […], "api": […], "rate"}`, `GET /ledger`."""
        platform = self.server.platform
        acts: dict[str, Callable[[dict[str, Any]], Any]] = {
            "/complaints": lambda v: {"complaint": platform.complain(v["detail"], pictures=int(v.get("pictures", 0)))},
            "/say": lambda v: platform.user_says(v["complaint"], v["text"], pictures=int(v.get("pictures", 0))),
            "/faults": self._set_faults,
        }
        if method == "GET" and self.path == "/ledger":
            rows = [{"complaint": c.number, "state": c.state, "history": c.logs} for c in platform.known.values()]
            return 200, {"complaints": rows, "callbacks": platform.callbacks}
        if method != "POST" or self.path not in acts:
            return 404, {"error": "no such address"}
        try:
            return 200, acts[self.path](json.loads(body)) or {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 422, {"error": f"{type(error).__name__}: {error}"}

    def _set_faults(self, values: dict[str, Any]) -> dict[str, Any]:
        platform = self.server.platform
        for where in ("callback", "api"):
            platform.fail_next(where, *(Fault(name) for name in values.get(where, [])))
        platform.fault_rate = float(values.get("rate", platform.fault_rate))
        return {"rate": platform.fault_rate}

    # ------------------------------------------------------------------------------------------------------------------

    def _body(self) -> bytes:
        return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BODY))

    def _plain(self, status: int, answer: Any) -> None:
        self._send(status, json.dumps(answer, ensure_ascii=False).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # the caller has gone, as after a delay
            self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the ledger tells."""
