"""A closed loop of HTTP requests over kept-alive connections. Written on sockets, so that it leaves the CPU to the server."""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles

from bench.web import Server

CONNECTIONS = 8
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Make = Callable[[], bytes]
Check = Callable[[int, bytes], bool]


@dataclass(slots=True)
class Result:
    """`milliseconds` has one entry per request; `bad` counts wrong answers, with the first one kept."""

    seconds: float = 0.0
    cpu_ms: float = 0.0  # the server's and its database connections', per request
    milliseconds: list[float] = field(default_factory=list)
    bad: int = 0
    first_bad: str = ""

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: int) -> float:
        return round(quantiles(self.milliseconds, n=100)[percent - 1], 2)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request; header names are given with underscores."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(server: Server, make: Make, check: Check, seconds: float, connections: int = CONNECTIONS) -> Result:
    """Send what `make` gives, again and again for `seconds`, on each connection; every answer is checked."""
    result, guard = Result(), threading.Lock()
    cpu, began = server.cpu_seconds(), time.perf_counter()
    until = began + seconds

    def loop() -> None:
        own = Result()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < until:
                data = make()
                sent = time.perf_counter()
                sock.sendall(data)
                status, body = _answer(sock)
                own.milliseconds.append((time.perf_counter() - sent) * 1_000)
                if not check(status, body):
                    own.bad += 1
                    own.first_bad = own.first_bad or f"{status} {body[:300]!r}"
        with guard:
            result.milliseconds += own.milliseconds
            result.bad += own.bad
            result.first_bad = result.first_bad or own.first_bad

    threads = [threading.Thread(target=loop) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - began
    result.cpu_ms = round((server.cpu_seconds() - cpu) / len(result.milliseconds) * 1_000, 3)
    return result


def _answer(sock: socket.socket) -> tuple[int, bytes]:
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(sock)
    length = _LENGTH.search(data, 0, end)
    size = end + 4 + (int(length[1]) if length else 0)
    while len(data) < size:
        data += _more(sock)
    return int(data[9:12]), data[end + 4 : size]


def _more(sock: socket.socket) -> bytes:
    chunk = sock.recv(262_144)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk
