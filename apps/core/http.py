"""One call to a system that the site works with: bounded in time and size, never redirected, honest about whether it left.

Addresses that somebody typed in are called by `outgoing`, which also looks whom it reaches.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Timer, local
from typing import Any, NamedTuple

import requests
from django.utils.translation import gettext_noop
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

# Stored by their names as the reason of a failed call, translated on screen.
REASONS = (
    gettext_noop("ConnectionError"),
    gettext_noop("ConnectTimeout"),
    gettext_noop("ReadTimeout"),
    gettext_noop("TooSlow"),
    gettext_noop("SSLError"),
    gettext_noop("ChunkedEncodingError"),
)
WHOLE_SECONDS = 30.0  # from the first byte out to the last one in; half of a money call's lease
_CHUNK = 65_536


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes


class TooLarge(requests.RequestException):
    """The answer is longer than the caller would read."""


class TooSlow(requests.Timeout):
    """The answer dripped: each piece came in time, the whole didn't."""


def call(
    method: str, url: str, *, most_bytes: int, timeout: Any, session: requests.Session | None = None, **how: Any
) -> Answer:
    """The answer, whatever its status. `timeout` (seconds) is to connect and between two pieces of the answer.

    Raises requests.RequestException (TooLarge, TooSlow among them); `never_left` tells whether the other side can
    know of the call.
    """
    how.setdefault("auth", _as_it_is)
    with _cuttable(session) as ours, _at_most(WHOLE_SECONDS) as cut:
        try:
            with ours.request(method, url, timeout=timeout, allow_redirects=False, stream=True, **how) as response:
                content = bytearray()
                for chunk in response.iter_content(_CHUNK):
                    content += chunk
                    if len(content) > most_bytes:
                        raise TooLarge(f"more than {most_bytes} bytes")
                answer = Answer(response.status_code, response.headers, bytes(content))
        except requests.RequestException as error:
            if cut.is_set():
                raise TooSlow(f"longer than {WHOLE_SECONDS} s") from error
            raise
        if cut.is_set():  # an answer without a stated length would seem complete
            raise TooSlow(f"longer than {WHOLE_SECONDS} s")
        return answer


def never_left(error: requests.RequestException) -> bool:
    """Whether it is proven that the other side got nothing of the call."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


@contextmanager
def _cuttable(session: requests.Session | None) -> Iterator[requests.Session]:
    """`session`, or one for a single call; its connections can be cut when their time is up."""
    used = session or requests.Session()
    if not isinstance(used.get_adapter("https://"), _Cuttable):
        used.mount("http://", _Cuttable())
        used.mount("https://", _Cuttable())
    try:
        yield used
    finally:
        if session is None:
            used.close()


_here = local()  # the socket of this thread's call, and whether its time is up


@contextmanager
def _at_most(seconds: float) -> Iterator[Event]:
    """Cuts the connection when the time is up; the event tells that it was."""
    cut = Event()
    sockets: list[socket.socket] = []

    def end() -> None:
        cut.set()
        for sock in sockets:
            _hang_up(sock)

    _here.sockets, _here.cut = sockets, cut
    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        _here.sockets, _here.cut = [], Event()


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which would change what is being read


class _Known:
    """A connection that tells which socket it waits at."""

    def getresponse(self) -> Any:
        _here.sockets.append(self.sock)  # type: ignore[attr-defined]
        if _here.cut.is_set():  # the time was up before there was anything to read
            _hang_up(self.sock)  # type: ignore[attr-defined]
        return super().getresponse()  # type: ignore[misc]


class _HTTP(_Known, HTTPConnection):
    pass


class _HTTPS(_Known, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class _Cuttable(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` of our own: else a .netrc of the machine would take the place of the signature."""
    return request
