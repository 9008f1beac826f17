"""Calls to systems that the site works with: an answer that drips holds nobody longer than the whole may take."""

import socket
import threading

import pytest
import requests

from apps.core import http


@pytest.fixture
def peer():
    """`peer(pieces, pause)` answers one call after another with these bytes, so many seconds apart; returns its address.

    `peer.sent` holds what it could send.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def start(*pieces: bytes, pause: float = 0) -> str:
        def serve():
            while not over.is_set():
                try:
                    sock, _address = listening.accept()
                except OSError:
                    return
                with sock:
                    sock.recv(65_536)
                    try:
                        for piece in pieces:
                            sock.sendall(piece)
                            start.sent.append(piece)
                            over.wait(pause)
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"

    start.sent = []
    yield start
    over.set()
    listening.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def get(url, most_bytes=1000, **how):
    return http.call("GET", url, most_bytes=most_bytes, timeout=5, **how)


def test_an_answer_within_its_bounds_is_read_whole(peer):
    answer = get(peer(HEAD + b"Content-Length: 5\r\n\r\nhello"))

    assert (answer.status, answer.content, answer.headers["Content-Type"]) == (200, b"hello", "text/plain")


@pytest.mark.req("REF-02")
@pytest.mark.parametrize(
    "pieces",
    [
        [b"H", b"T", b"T", b"P"] * 200,
        [HEAD, *[b"X-%d: y\r\n" % i for i in range(800)]],
        [HEAD + b"Content-Length: 900\r\n\r\n", *[b"x"] * 800],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 800],
        [HEAD + b"Connection: close\r\n\r\n", *[b"x"] * 800],  # ends when the connection does: a cut one seems complete
    ],
    ids=["status line", "headers", "body", "chunks", "body without a length"],
)
@pytest.mark.parametrize("kept", [False, True], ids=["one call", "kept session"])
def test_an_answer_that_drips_is_cut_when_its_time_is_up(peer, monkeypatch, pieces, kept):
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.3)
    url, session = peer(*pieces, pause=0.02), requests.Session() if kept else None

    with pytest.raises(http.TooSlow) as refused:
        get(url, session=session)

    assert len(peer.sent) < len(pieces)
    assert not http.never_left(refused.value)


def test_when_sending_alone_took_the_time_an_answer_that_drips_is_not_waited_for(peer, monkeypatch):
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.05)
    pieces = [HEAD, *[b"X-%d: y\r\n" % i for i in range(800)]]
    url = peer(*pieces, pause=0.02)

    def body():
        assert http._here.cut.wait(60)
        yield b"at last"

    with pytest.raises(http.TooSlow):
        get(url, data=body())

    assert len(peer.sent) < len(pieces)


def test_an_answer_that_is_too_large_is_not_read_on(peer):
    url = peer(HEAD + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000)

    with pytest.raises(http.TooLarge) as refused:
        get(url)

    assert not http.never_left(refused.value)


def test_nobody_there_is_known_to_have_got_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(requests.ConnectionError) as refused:
        get(f"http://127.0.0.1:{port}/")

    assert http.never_left(refused.value)


def test_a_redirect_is_an_answer_and_a_netrc_adds_nothing(peer, monkeypatch, tmp_path):
    rc = tmp_path / "netrc"
    rc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(rc))
    seen = []
    monkeypatch.setattr(requests.Session, "send", lambda self, request, **_how: seen.append(request) or 1 / 0)

    with pytest.raises(ZeroDivisionError):
        get("http://127.0.0.1:1/")
    assert "Authorization" not in seen[0].headers

    monkeypatch.undo()
    answer = get(peer(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"))
    assert answer.status == 302
