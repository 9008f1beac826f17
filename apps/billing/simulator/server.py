"""The simulated providers behind one address on loopback.

with Providers(keys, ledger_path) as providers:
    providers.faults.set(next=["drop-after"])
"""

import json
import secrets
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.billing.adapters import alipay_protocol, benefits
from apps.billing.simulator import alipay_side, wechat_side
from apps.billing.simulator.faults import Fault, Faults
from apps.billing.simulator.keys import ProviderKeys
from apps.billing.simulator.ledger import Entry, Ledger

MOST_BODY = 1_000_000
AGAIN_AFTER = 10.0  # seconds until a callback that nobody took comes again
F = Fault


class Providers:
    """Runs in threads of this process between `start` and `stop`. Times in seconds."""

    def __init__(
        self, keys: ProviderKeys, ledger: Path | str, *, port: int = 0, seed: int | None = None, delay: float = 12.0,
        settle_after: float = 2.0, bounce_after: float = 20.0, alipay_notify: str = "",
    ) -> None:  # fmt: skip
        self.keys, self.delay, self.alipay_notify = keys, delay, alipay_notify
        self.ledger, self.faults = Ledger(ledger), Faults(seed)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.providers = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.alipay = alipay_side.Alipay(self.ledger, self.url, bounce_after)
        self.wechat = wechat_side.Wechat(
            self.ledger, self.url, keys, settle_after=settle_after, bounce_after=bounce_after
        )
        self.wrong = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.stopping = threading.Event()
        self._late: list[tuple[float, Entry]] = []
        self._guard = threading.Lock()

    def start(self) -> "Providers":
        for work in (lambda: self._server.serve_forever(0.05), self._tick):
            threading.Thread(target=work, daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Time passes ------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        while not self.stopping.wait(0.1):
            self.tick()

    def tick(self, now: float | None = None) -> None:
        """What is due by now happens: refunds in the works end, successes bounce, callbacks go out."""
        now = time.time() if now is None else now
        for entry in self.ledger.due(now):
            self.ledger.settle(entry, entry.plan)
            self._tell(entry)
        for entry in self.ledger.bouncing(now):
            self.ledger.bounce(entry, "BOUNCED" if entry.provider == alipay_side.NAME else "ABNORMAL")
            self._tell(entry)
        with self._guard:
            ready = [entry for at, entry in self._late if at <= now]
            self._late = [(at, entry) for at, entry in self._late if at > now]
        for entry in ready:
            self._call_back(entry)

    def _later(self, entry: Entry, seconds: float) -> None:
        with self._guard:
            self._late.append((time.time() + seconds, entry))

    def _tell(self, entry: Entry) -> None:
        fault = self.faults.draw("callback")
        if fault in (F.CALLBACK_DROP, F.CALLBACK_LATE):  # unheard, it comes again, as those of real providers do
            self._later(entry, AGAIN_AFTER if fault == F.CALLBACK_DROP else 3)
            return
        if fault == F.CALLBACK_FORGED:
            self._call_back(entry, key=self.wrong)
        if fault == F.CALLBACK_OLD:
            self._call_back(entry, age=3600)
        for _ in range(3 if fault == F.CALLBACK_DUPLICATE else 1):
            self._call_back(entry)

    def _call_back(self, entry: Entry, *, age: float = 0.0, key: Any = None) -> None:
        threading.Thread(target=self._post, args=(entry, age, key), daemon=True).start()

    def _post(self, entry: Entry, age: float, key: Any) -> None:
        """Callbacks come from many machines: in whatever order."""
        fresh = self.ledger.entry(entry.provider, entry.number) or entry
        url = fresh.notify if fresh.provider == wechat_side.NAME else self.alipay_notify
        if not url:
            return
        try:
            if fresh.provider == wechat_side.NAME:
                body, headers = self.wechat.callback(fresh, age=age, key=key)
                status = requests.post(url, data=body, headers=headers, timeout=5).status_code
            else:
                values = alipay_side.notice(fresh, key or self.keys.alipay, age=age)
                status = requests.post(url, data=values, timeout=5).status_code
        except requests.RequestException:
            status = 0
        if status not in (200, 204) and not age and key is None and not self.stopping.is_set():
            self._later(fresh, AGAIN_AFTER)
        self.ledger.do(
            "INSERT INTO callbacks (provider, number, status, at) VALUES (?, ?, ?, ?)",
            fresh.provider, fresh.number, status, time.time(),
        )  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    providers: Providers


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, *_: Any) -> None: ...

    def _handle(self, method: str) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BODY))
        query = dict(parse_qsl(split.query))
        try:
            if split.path.startswith("/sim/"):
                self._control(method, split.path, body, query)
            elif split.path == "/gateway.do":
                self._alipay(dict(parse_qsl(body.decode(), keep_blank_values=True)))
            elif split.path.startswith("/v3/"):
                self._wechat(method, split.path, body, query)
            elif split.path.startswith("/benefits/grants"):
                self._benefits(method, split.path, body)
            else:
                self._write(404, b"{}")
        except (KeyError, ValueError, TypeError) as error:
            self._write(400, json.dumps({"code": "PARAM_ERROR", "message": str(error)[:200]}).encode())

    # The three providers ----------------------------------------------------------------------------------------------

    def _alipay(self, values: dict[str, str]) -> None:
        providers, node = self.server.providers, values.get("method", "").replace(".", "_") + "_response"
        try:
            signed = alipay_protocol.text_of(values)
            alipay_protocol.verify(providers.keys.merchant.public_key(), signed, values.get("sign", ""))
        except alipay_protocol.Unsigned:
            found: dict[str, Any] = {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"}
            self._say_alipay(node, found, None)
            return
        fault = providers.faults.draw("send" if alipay_side.is_send(values) else "query")
        if self._broken(fault):
            return
        self._say_alipay(node, providers.alipay.answer(values, fault), fault)

    def _say_alipay(self, node: str, found: dict[str, Any], fault: Fault | None) -> None:
        if self._lost(fault):
            return
        keys, inner = self.server.providers.keys, json.dumps(found, ensure_ascii=False)
        key = self.server.providers.wrong if fault == F.BAD_SIGNATURE else keys.alipay
        self._write(200, f'{{"{node}":{inner},"sign":"{alipay_protocol.sign(key, inner)}"}}'.encode())

    def _wechat(self, method: str, path: str, body: bytes, query: dict[str, str]) -> None:
        providers = self.server.providers
        if not self._signed_by_merchant(method, body):
            self._say_wechat((401, {"code": "SIGN_ERROR", "message": "signature"}), None)
            return
        fault = providers.faults.draw("send" if method == "POST" else "query")
        if self._broken(fault):
            return
        reply = providers.wechat.answer(method, path, body, query, fault)
        if not self._lost(fault):
            self._say_wechat(reply, fault)

    def _say_wechat(self, reply: tuple[int, dict[str, Any]], fault: Fault | None) -> None:
        content = json.dumps(reply[1], ensure_ascii=False).encode()
        keys = self.server.providers.keys
        key = self.server.providers.wrong if fault == F.BAD_SIGNATURE else keys.wechat
        self._write(reply[0], content, wechat_side.signed_headers(key, content))

    def _signed_by_merchant(self, method: str, body: bytes) -> bool:
        from_header = dict(
            part.split("=", 1)
            for part in self.headers.get("Authorization", "").partition(" ")[2].split(",")
            if "=" in part
        )
        values = {name: value.strip('"') for name, value in from_header.items()}
        lines = [method, self.path, values.get("timestamp", ""), values.get("nonce_str", ""), body.decode()]
        try:
            key = self.server.providers.keys.merchant.public_key()
            alipay_protocol.verify(key, "".join(f"{line}\n" for line in lines), values.get("signature", ""))
        except alipay_protocol.Unsigned:
            return False
        return True

    def _benefits(self, method: str, path: str, body: bytes) -> None:
        providers = self.server.providers
        if self.headers.get("X-Signature") != benefits.signature(providers.keys.benefits, body or path.encode()):
            self._say_benefits(401, {"code": "unsigned"}, None)
            return
        fault = providers.faults.draw("send" if method == "POST" else "query")
        if self._broken(fault):
            return
        status, found = self._grant(json.loads(body)) if method == "POST" else self._granted(path.rsplit("/", 1)[1])
        if not self._lost(fault):
            self._say_benefits(status, found, fault)

    def _grant(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        ledger = self.server.providers.ledger
        with ledger.lock:
            if ledger.entry("benefit", body["key"]) is None:
                if not body["customer"]:
                    return 422, {"code": "unknown_customer"}
                amount = alipay_side.fen(body["value"])
                entry = Entry("benefit", body["key"], f"{body['kind']}:{body['customer']}", amount, "SUCCESS",
                              provider_number=secrets.token_hex(8))  # fmt: skip
                ledger.add(entry, capped=False)
        return self._granted(body["key"])

    def _granted(self, key: str) -> tuple[int, dict[str, Any]]:
        entry = self.server.providers.ledger.entry("benefit", key)
        return (200, {"id": entry.provider_number, "state": "granted"}) if entry else (404, {"code": "not_found"})

    def _say_benefits(self, status: int, found: dict[str, Any], fault: Fault | None) -> None:
        content, keys = json.dumps(found).encode(), self.server.providers.keys
        key = "another" if fault == F.BAD_SIGNATURE else keys.benefits
        self._write(status, content, {"X-Signature": benefits.signature(key, content)})

    # Faults on the way ------------------------------------------------------------------------------------------------

    def _broken(self, fault: Fault | None) -> bool:
        """Before anything takes effect."""
        if fault == F.DROP:
            self._cut()
        elif fault == F.ERROR:
            self._write(500, b'{"code":"SYSTEM_ERROR","message":"try again"}')
        return fault in (F.DROP, F.ERROR)

    def _lost(self, fault: Fault | None) -> bool:
        """After it took effect."""
        if fault == F.DELAY:
            self.server.providers.stopping.wait(self.server.providers.delay)
        if fault == F.DROP_AFTER:
            self._cut()
        return fault == F.DROP_AFTER

    def _cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _write(self, status: int, content: bytes, headers: dict[str, str] | None = None, kind: str = "") -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the caller has gone
            self.close_connection = True

    # By hand ----------------------------------------------------------------------------------------------------------

    def _control(self, method: str, path: str, body: bytes, query: dict[str, str]) -> None:
        providers = self.server.providers
        given = json.loads(body) if body else {}
        if path == "/sim/alipay-bill":
            self._write(200, providers.alipay.bill(query["day"]), kind="application/zip")
        elif path == "/sim/wechat-bill":
            self._write(200, providers.wechat.bill(query["day"]), kind="text/csv")
        elif path == "/sim/state":
            self._write(200, json.dumps(_state(providers, int(query.get("limit", 50)))).encode())
        elif method != "POST":
            self._write(404, b"{}")
        else:
            _change(providers, path, given)
            self._write(200, b"{}")


def _state(providers: Providers, limit: int) -> dict[str, Any]:
    ledger = providers.ledger
    return {
        "rate": providers.faults.rate,
        "next": [fault.value for fault in providers.faults.next],
        "only": [fault.value for fault in providers.faults.only],
        "balances": {name: ledger.balance(name) for name in (alipay_side.NAME, wechat_side.NAME)},
        "refunds": ledger.rows(
            "SELECT provider, number, payment, amount, state, created FROM refunds ORDER BY created DESC LIMIT ?", limit
        ),
        "moves": ledger.rows("SELECT provider, number, amount, at FROM moves ORDER BY id DESC LIMIT ?", limit),
        "callbacks": ledger.rows("SELECT provider, number, status, at FROM callbacks ORDER BY id DESC LIMIT ?", limit),
    }


def _change(providers: Providers, path: str, given: dict[str, Any]) -> None:
    """Raises ValueError, KeyError."""
    if path == "/sim/faults":
        if given.get("clear"):
            providers.faults.clear()
        providers.faults.set(next=given.get("next"), rate=given.get("rate"), only=given.get("only"))
    elif path == "/sim/balance":
        providers.ledger.set_balance(given["provider"], int(given["fen"]))
    elif path == "/sim/payments":
        providers.ledger.pay(given["number"], int(given["fen"]))
    elif path == "/sim/bounce":
        entry = providers.ledger.entry(given["provider"], given["number"])
        if entry is None:
            raise ValueError("no such refund")
        providers.ledger.do(
            "UPDATE refunds SET bounce_at = 0 WHERE provider = ? AND number = ?", given["provider"], given["number"]
        )
    elif path == "/sim/callback":
        entry = providers.ledger.entry(given["provider"], given["number"])
        if entry is None:
            raise ValueError("no such refund")
        providers._call_back(entry)
    else:
        raise ValueError("unknown")
