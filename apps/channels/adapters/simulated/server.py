import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.channels.adapters.simulated import page
from apps.channels.adapters.simulated.facebook import FacebookPeer
from apps.channels.adapters.simulated.peer import API_FAULTS, Account, Fault, Peer
from apps.channels.adapters.simulated.wechat import WeChatPeer
from apps.channels.adapters.simulated.weibo import WeiboPeer

MAX_BODY = 1_000_000


class SocialPlatforms:
    """Runs in threads of this process between `start` and `stop`. `accounts` are rows, or a function that finds them."""

    def __init__(
        self, accounts: Sequence[Account] | Callable[[], Sequence[Account]], *, port: int = 0, delay: float = 10.0
    ) -> None:
        find = accounts if callable(accounts) else lambda: accounts
        self.delay = delay
        self._faults: deque[tuple[Fault, int]] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.wechat, self.facebook, self.weibo = (kind(find, self.take_faults) for kind in _KINDS)
        self.peers: dict[str, Peer] = {peer.kind: peer for peer in (self.wechat, self.facebook, self.weibo)}
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.platforms = self
        self.facebook.media_url = f"{self.url}/facebook"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "SocialPlatforms":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail_next(self, fault: Fault, code: int = 0) -> None:
        """The next call or push, whichever the fault is about, meets it; `code` is the platform's error."""
        with self._lock:
            self._faults.append((fault, code))

    def take_faults(self, kinds: Iterable[Fault], *, one: bool = False) -> list[tuple[Fault, int]]:
        with self._lock:
            mine = [entry for entry in self._faults if entry[0] in kinds][: 1 if one else None]
            for entry in mine:
                self._faults.remove(entry)
            return mine

    def wait(self) -> None:
        """Hold an answer back for `delay` seconds, or until the platforms stop."""
        self._stopping.wait(self.delay)

    def talk(self, kind: str, person: str) -> list[tuple[float, bool, str]]:
        """What a person and we said, in order: (when, whether it was us, text)."""
        peer = self.peers[kind]
        both = [(r.at, False, r.text) for r in peer.said if r.to == person]
        return sorted(both + [(r.at, True, r.text) for r in peer.replies if r.to == person])


_KINDS = (WeChatPeer, FacebookPeer, WeiboPeer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    platforms: SocialPlatforms


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        self._serve("POST", self.rfile.read(min(length, MAX_BODY)))

    def _serve(self, method: str, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        platforms = self.server.platforms
        kind, slash, rest = parts.path.lstrip("/").partition("/")
        if kind not in platforms.peers:
            return self._send(*page.answer(platforms, method, parts.path, query, body))
        peer = platforms.peers[kind]
        peer.counts[slash + rest] += 1
        for fault, code in platforms.take_faults(API_FAULTS, one=True):
            if fault is Fault.DROP:
                return self._drop()
            if fault is Fault.DELAY:
                platforms.wait()
            else:
                return self._json(*peer.failure(code))
        try:
            return self._json(*peer.api(method, slash + rest, query, self.headers, body))
        except (ValueError, KeyError, AttributeError, TypeError):
            return self._json(400, {"error": "cannot be read"})

    def _json(self, status: int, found: Any) -> None:
        if isinstance(found, tuple):
            return self._send(status, found[1], found[0])
        return self._send(status, "application/json", json.dumps(found).encode())

    def _send(self, status: int, content_type: str, body: bytes, location: str = "") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the caller has gone, as after a delay
            self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the page tells."""
