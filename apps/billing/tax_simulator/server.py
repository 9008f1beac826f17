"""The simulated tax platform behind one address on loopback.

with TaxServer(keys, ledger_path) as tax:
    tax.faults.set(next=["drop-after"])
"""

import json
import secrets
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.billing.adapters.tax import protocol
from apps.billing.tax_simulator.faults import Fault, Faults
from apps.billing.tax_simulator.ledger import Ledger
from apps.billing.tax_simulator.page import page
from apps.billing.tax_simulator.platform import Books, Platform, Reply

MOST_BODY = 1_000_000
VERBS = {"/v1/voids": "void", "/v1/forms": "form", "/v1/reds": "red", "/v1/form-withdrawals": "withdraw"}
F = Fault


class TaxServer:
    """Runs in threads of this process between `start` and `stop`. `keys`: application id and secret; seconds."""

    def __init__(
        self, keys: tuple[str, str], ledger: Path | str, *, port: int = 0, seed: int | None = None, delay: float = 12.0,
        books: Books | None = None,
    ) -> None:  # fmt: skip
        self.keys, self.delay = keys, delay
        self.ledger, self.faults = Ledger(ledger), Faults(seed)
        self.platform = Platform(self.ledger, books)
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.tax = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "TaxServer":
        threading.Thread(target=lambda: self._server.serve_forever(0.05), daemon=True).start()
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
    request_queue_size = 128
    tax: TaxServer


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
        if split.path.startswith("/v1/"):
            self._api(method, split.path, dict(parse_qsl(split.query, keep_blank_values=True)), body)
        else:
            self._by_hand(method, split.path, body)

    # The API ----------------------------------------------------------------------------------------------------------

    def _api(self, method: str, path: str, query: dict[str, str], body: bytes) -> None:
        tax = self.server.tax
        try:
            now = time.time()
            nonce = protocol.check_request(tax.keys, method, self.path, body, self.headers, now=now)
        except protocol.Unsigned:
            self._say((401, {"code": "UNSIGNED"}), "", None)
            return
        fault = tax.faults.draw(query=method == "GET")
        self._note(method, path, body, fault)
        if fault == F.DROP:
            self._cut()
            return
        if fault == F.ERROR:
            self._say((500, {"code": "SYSTEM_ERROR"}), nonce, None)
            return
        try:
            reply = self._reply(method, path, query, body, fault)
        except (KeyError, ValueError, TypeError):
            reply = (422, {"state": "refused", "code": "BAD_ARGUMENT", "key": _key(body)})
        if fault == F.DELAY:
            tax.stopping.wait(tax.delay)
        if fault == F.DROP_AFTER:
            self._cut()
            return
        self._say(reply, nonce, fault)

    def _reply(self, method: str, path: str, query: dict[str, str], body: bytes, fault: Fault | None) -> Reply:
        platform = self.server.tax.platform
        if method == "POST" and path in VERBS:
            for _ in range(2 if fault == F.DUPLICATE else 1):
                reply = platform.act(VERBS[path], json.loads(body), fault)
            return reply
        if method == "GET" and path == "/v1/invoices":
            return platform.look_up(query.get("code", ""), query["number"])
        for start, ask in (("/v1/operations/", platform.operation), ("/v1/forms/", platform.form)):
            if method == "GET" and path.startswith(start):
                return ask(unquote(path.removeprefix(start)))
        return 404, {"code": "NO_SUCH_ADDRESS"}

    def _note(self, method: str, path: str, body: bytes, fault: Fault | None) -> None:
        ledger = self.server.tax.ledger
        ledger.do(
            "INSERT INTO calls (method, path, key, fault, at) VALUES (?, ?, ?, ?, ?)",
            method, path, _key(body), fault.value if fault else "", time.time(),
        )  # fmt: skip

    def _say(self, reply: Reply, nonce: str, fault: Fault | None) -> None:
        content = json.dumps(reply[1], ensure_ascii=False).encode()
        secret = secrets.token_hex(8) if fault == F.BAD_SIGNATURE else self.server.tax.keys[1]
        headers = protocol.signed_answer(secret, reply[0], content, nonce=nonce, now=time.time())
        self._write(reply[0], content, headers)

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

    def _by_hand(self, method: str, path: str, body: bytes) -> None:
        """The page for people, and the same by JSON for tests."""
        tax = self.server.tax
        as_json = self.headers.get("Content-Type", "").startswith("application/json")
        if self._from_elsewhere():
            self._write(403, b"{}")
        elif method == "GET" and path == "/":
            self._page()
        elif method == "GET" and path == "/sim/state":
            self._write(200, json.dumps(state(tax)).encode())
        elif method == "POST" and path.startswith("/sim/"):
            try:
                change(tax, path, json.loads(body) if as_json else dict(parse_qsl(body.decode())))
                said, status = "Done.", 200
            except (KeyError, ValueError, TypeError) as error:
                said, status = f"Not possible: {error}", 422
            if as_json:
                self._write(status, json.dumps({"said": said}).encode())
            else:
                self._page(said)
        else:
            self._write(404, b"{}")

    def _from_elsewhere(self) -> bool:
        """A page of another origin must not press buttons here."""
        origin = self.headers.get("Origin")
        return origin is not None and urlsplit(origin).netloc != self.headers.get("Host")

    def _page(self, said: str = "") -> None:
        tax = self.server.tax
        tax.platform.lapse()
        self._write(200, page(tax.ledger, tax.faults, said).encode(), kind="text/html; charset=utf-8")


def _key(body: bytes) -> str:
    try:
        return str(json.loads(body)["key"])[:80] if body else ""
    except (ValueError, KeyError, TypeError):
        return ""


def state(tax: TaxServer) -> dict[str, Any]:
    tables = ("invoices", "operations", "forms", "reds", "voids", "calls")
    return {name: tax.ledger.rows(f"SELECT * FROM {name} ORDER BY rowid DESC LIMIT 200") for name in tables}


def change(tax: TaxServer, path: str, given: dict[str, Any]) -> None:
    """Raises KeyError, ValueError."""
    if path == "/sim/faults":
        if given.get("clear"):
            tax.faults.clear()
        wanted = given.get("next") or []
        rate = float(given["rate"]) if given.get("rate") is not None else None
        tax.faults.set(next=[wanted] if isinstance(wanted, str) else wanted, rate=rate)
    elif path == "/sim/clock":
        tax.ledger.move_clock(float(given["hours"]))
    elif path == "/sim/play":
        tax.platform.play(given["form"], given["who"], given["deed"])
    elif path == "/sim/invoices":
        tax.ledger.add_invoice(given)
    elif path == "/sim/facts":
        holds = given["holds"] not in ("", "0", False)
        tax.ledger.set_fact(given.get("code", ""), given["number"], given["fact"], holds)
    elif path == "/sim/buyer-form":
        tax.platform.start_by_buyer(given.get("code", ""), given["number"], given["net"], given["tax"])
    else:
        raise ValueError("no such address")
