"""An SMS gateway on loopback: it speaks the protocol of `sms_gateway`, keeps a ledger and misbehaves on demand.

with SmsGateway(key="secret") as gateway:
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_KEY = gateway.url, "secret"
    gateway.fail_next(Fault.DROP_AFTER)
"""

import json
import random
import threading
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from apps.core import masking
from apps.notifications.adapters.sms_inbound import sign
from apps.notifications.rendering import sms_parts

MAX_BODY = 100_000


def reply(webhook: str, key: str, sender: str, text: str, *, number: str = "") -> int:
    """Send what a customer wrote back to the site's webhook, signed; returns its HTTP status. `number` repeats one."""
    body = json.dumps(
        {"id": number or f"MO{uuid.uuid4().hex}", "from": sender, "text": text}, ensure_ascii=False
    ).encode()
    stamp = str(int(time.time()))
    headers = {"X-Sms-Timestamp": stamp, "X-Sms-Signature": sign(key, stamp, body), "Content-Type": "application/json"}
    return requests.post(webhook, data=body, headers=headers, timeout=10, allow_redirects=False).status_code


class Fault(Enum):
    DROP_BEFORE = "drop-before"  # the connection breaks and nothing was sent
    DROP_AFTER = "drop-after"  # the message was sent, and the connection breaks before the answer
    DELAY = "delay"  # the message was sent, and the answer comes after the caller's time-out
    ERROR = "error"  # HTTP 500, nothing was sent
    ERROR_AFTER = "error-after"  # HTTP 500, and the message was sent
    DUPLICATE = "duplicate"  # the key is forgotten: a repeated request would be sent a second time


@dataclass(frozen=True, slots=True)
class Entry:
    """One text message that left the gateway."""

    number: str
    key: str
    to: str
    text: str


class SmsGateway:
    """Runs in threads of this process between `start` and `stop`; `fault_rate` is the share of requests gone wrong."""

    def __init__(
        self,
        *,
        port: int = 0,
        key: str = "",
        fault_rate: float = 0.0,
        delay: float = 6.0,
        seed: int | None = None,
        on_sent: Any = None,
        webhook: str = "",
    ) -> None:
        self.ledger: list[Entry] = []
        self.requests: list[str] = []  # method of every call, for tests
        self.key, self.fault_rate, self.delay = key, fault_rate, delay
        self.webhook = webhook  # where customers' replies go
        self._by_key: dict[str, Entry] = {}
        self._faults: deque[Fault] = deque()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._on_sent = on_sent
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.gateway = self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "SmsGateway":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail_next(self, *faults: Fault) -> None:
        """The next requests to send meet these faults, one each."""
        with self._lock:
            self._faults.extend(faults)

    def next_fault(self) -> Fault | None:
        with self._lock:
            if self._faults:
                return self._faults.popleft()
            return self._random.choice(list(Fault)) if self._random.random() < self.fault_rate else None

    def commit(self, key: str, to: str, text: str, *, forget: bool = False) -> tuple[Entry, bool]:
        """Send, or find what was sent under this key before. Returns the entry and whether it is new."""
        with self._lock:
            known = self._by_key.get(key)
            if known is not None:
                return known, False
            entry = Entry(f"S{len(self.ledger) + 1:08d}", key, to, text)
            self.ledger.append(entry)
            if not forget:
                self._by_key[key] = entry
        if self._on_sent:
            self._on_sent(entry)
        return entry, True

    def find(self, key: str) -> Entry | None:
        with self._lock:
            return next((entry for entry in self.ledger if entry.key == key), None)

    def wait(self) -> None:
        """Hold an answer back for `delay` seconds, or until the gateway stops."""
        self._stopping.wait(self.delay)


def one_line(entry: Entry) -> str:
    """An entry for a terminal: the number masked, the text only counted."""
    stamp, parts = time.strftime("%H:%M:%S"), sms_parts(entry.text)
    return f"{stamp} {entry.number} to {masking.phone(entry.to)}: {len(entry.text)} characters, {parts} part(s)"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gateway: SmsGateway


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.gateway.requests.append("POST")
        body = self._body()
        if self.path == "/faults":
            self._set_faults(body)
        elif self.path == "/replies":
            self._reply(body)
        elif self.path != "/messages":
            self._answer(404, {"error": "no such address"})
        elif not self._allowed():
            self._answer(401, {"error": "wrong key"})
        elif not isinstance(body, dict) or not self._valid(body):
            self._answer(422, {"error": "to, text and Idempotency-Key are needed"})
        else:
            self._send(body["to"], body["text"], self.server.gateway.next_fault())

    def do_GET(self) -> None:
        self.server.gateway.requests.append("GET")
        if self.path == "/ledger":
            self._answer(200, [asdict(entry) for entry in self.server.gateway.ledger])
        elif not self.path.startswith("/messages/"):
            self._answer(404, {"error": "no such address"})
        elif not self._allowed():
            self._answer(401, {"error": "wrong key"})
        else:
            entry = self.server.gateway.find(self.path.removeprefix("/messages/"))
            found = {"id": entry.number, "status": "delivered"} if entry else {"error": "not known"}
            self._answer(200 if entry else 404, found)

    def _send(self, to: str, text: str, fault: Fault | None) -> None:
        key = self.headers["Idempotency-Key"]
        if fault is Fault.DROP_BEFORE:
            return self._drop()
        if fault is Fault.ERROR:
            return self._answer(500, {"error": "broken"})
        entry, new = self.server.gateway.commit(key, to, text, forget=fault is Fault.DUPLICATE)
        if fault is Fault.DROP_AFTER:
            return self._drop()
        if fault is Fault.ERROR_AFTER:
            return self._answer(500, {"error": "broken"})
        if fault is Fault.DELAY:
            self.server.gateway.wait()
        return self._answer(201 if new else 200, {"id": entry.number, "status": "accepted"})

    def _reply(self, body: Any) -> None:
        """`{"from": "+86138…", "text": "5"}`: a customer writes back."""
        gateway = self.server.gateway
        if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in ("from", "text")):
            return self._answer(422, {"error": "from and text are needed"})
        try:
            status = reply(gateway.webhook, gateway.key, body["from"], body["text"], number=str(body.get("id", "")))
        except requests.RequestException as error:
            return self._answer(502, {"error": type(error).__name__})
        return self._answer(200 if status == 200 else 502, {"webhook": status})

    def _set_faults(self, body: Any) -> None:
        """`{"next": ["drop-after"], "rate": 0.2}`: both may be left out."""
        try:
            faults = [Fault(name) for name in body.get("next", [])]
            self.server.gateway.fault_rate = float(body.get("rate", self.server.gateway.fault_rate))
        except (AttributeError, TypeError, ValueError):
            return self._answer(422, {"error": f"faults are: {', '.join(f.value for f in Fault)}"})
        self.server.gateway.fail_next(*faults)
        return self._answer(200, {"next": [fault.value for fault in faults], "rate": self.server.gateway.fault_rate})

    def _valid(self, body: dict[str, Any]) -> bool:
        to, text = body.get("to"), body.get("text")
        return bool(isinstance(to, str) and isinstance(text, str) and to and text and self.headers["Idempotency-Key"])

    def _allowed(self) -> bool:
        return not self.server.gateway.key or self.headers["Authorization"] == f"Bearer {self.server.gateway.key}"

    def _body(self) -> Any:
        length = int(self.headers["Content-Length"] or 0)
        try:
            return json.loads(self.rfile.read(min(length, MAX_BODY)) or b"null")
        except ValueError:
            return None

    def _answer(self, status: int, body: Any) -> None:
        payload = json.dumps(body, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)
        except OSError:  # the caller has gone, as after a delay
            self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the ledger tells."""
