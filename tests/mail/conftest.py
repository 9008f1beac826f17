"""A mailbox, mails put into it by hand, and a real IMAP server on loopback."""

import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.core import clock
from apps.feedback.models import Mailbox
from apps.feedback.models.mail import Security
from apps.feedback.services import incoming_mail
from tests.mail import corpus

USER, PASSWORD = "desk", "a secret of the desk"


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.DEFAULT_FROM_EMAIL = f"晴川电器 <{corpus.DESK}>"
    settings.PUBLIC_URL = "https://desk.example"


@pytest.fixture
def mailbox(db):
    return make_mailbox()


def make_mailbox(**fields):
    given = {
        "address": corpus.DESK,
        "host": "127.0.0.1",
        "port": 1,
        "security": Security.NONE,
        "user": USER,
        "password": PASSWORD,
    }
    return Mailbox.objects.create(created_at=datetime(2026, 1, 1, tzinfo=UTC), **{**given, **fields})


@pytest.fixture
def arrive(mailbox):
    """`arrive(raw)`: take in a mail as the reader of a mailbox does, at the next place in it."""
    uids = count(1)

    def take_in(raw: bytes, *, uid: int | None = None, into: Mailbox = mailbox, size: int | None = None, at=None):
        place = {"uid_validity": 1, "uid": uid or next(uids)}
        return incoming_mail.take_in(into, raw, **place, received_at=at or clock.now(), size=size or len(raw))

    return take_in


# The server ----------------------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def _pymap(*tls: str) -> Iterator[int]:
    """The port of a real IMAP server."""
    port = _free_port()
    program = Path(sys.executable).with_name("pymap")
    quiet = ["--no-service", "managesieve", "--no-service", "admin"]
    data = ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    server = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(port), *tls, *quiet, *data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                imaplib.IMAP4("127.0.0.1", port, timeout=5).logout()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("pymap did not start")
        yield port
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def imap_port():
    """One server that lives as long as the tests."""
    with _pymap("--no-tls") as port:
        yield port


@pytest.fixture
def encrypted_port(tmp_path):
    """(port, certificate) of a server that speaks STARTTLS under a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with _pymap("--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem")) as port:
        yield port, tmp_path / "cert.pem"


class Server:
    """The other side: what a customer's mail server and colleagues with a mail program do."""

    def __init__(self, port: int, folder: str) -> None:
        self.port, self.folder = port, folder
        self.client = imaplib.IMAP4("127.0.0.1", port, timeout=20)
        self.client.login(USER, PASSWORD)
        self.client.create(folder)

    def deliver(self, *mails: bytes, flags: str = "", at: datetime | None = None) -> None:
        when = imaplib.Time2Internaldate((at or datetime.now(UTC)).timestamp())
        for mail in mails:
            assert self.client.append(self.folder, flags, when, mail)[0] == "OK"

    def flags(self) -> list[bytes]:
        """The flags of every mail, in order."""
        self.client.select(self.folder, readonly=True)
        return [imaplib.ParseFlags(line) for line in self.client.fetch("1:*", "(FLAGS)")[1] if line]

    def unread(self) -> int:
        return sum(rb"\Seen" not in flags for flags in self.flags())

    def mark(self, number: int, flag: str) -> None:
        self.client.select(self.folder)
        self.client.store(str(number), "+FLAGS", flag)


_folders = count(1)


@pytest.fixture
def server(imap_port):
    """A fresh, empty folder on the server; `mailbox_of` makes the row that reads it."""
    server = Server(imap_port, f"Feedback{next(_folders)}")
    yield server
    server.client.logout()


def mailbox_of(server: Server, **fields) -> Mailbox:
    return make_mailbox(port=server.port, folder=server.folder, **fields)
