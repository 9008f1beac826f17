"""One folder of an IMAP server, opened, read and marked. Raises `Unreachable` for whatever the server or the line does.

Nothing said here holds a password: errors carry the server's words with the log-in blotted out.
"""

import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import imap_tools
from django.conf import settings
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from apps.feedback.models.mail import Mailbox, Security, Trouble

TIMEOUT_SECONDS = 15
LONGEST_DETAIL = 300
ROOM = 1_000_000  # bytes beside a mail, for a server that counts otherwise
# NetEase (163, 126) refuses to open a folder for clients that do not say who they are (RFC 2971).
WHO_WE_ARE = '("name" "feedback-system" "version" "1.0" "vendor" "feedback-system")'

# What greets us as no mail server does is not told on: the address may be any, inside, too.
_FOREIGN = re.compile(r"(unexpected response): .*")

imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))


class Unreachable(Exception):
    """The folder could not be read. `detail` is what the server said, without the log-in."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the server knows of a mail: its size in bytes and when it arrived there (UTC)."""

    size: int
    received_at: datetime | None


class Folder:
    """An opened folder. Reading leaves mails unread until `mark_seen`. Every method raises Unreachable."""

    def __init__(self, box: imap_tools.BaseMailBox, mailbox: Mailbox) -> None:
        self._box, self._mailbox = box, mailbox
        _name, answer = box.client.response("UIDVALIDITY")
        self.uid_validity = int(answer[0]) if answer and answer[0] else 0

    def unread(self) -> list[int]:
        return self._uids("UNSEEN")

    def after(self, uid: int) -> list[int]:
        """All mails newer than `uid`, also those that somebody has read elsewhere meanwhile."""
        return [found for found in self._uids(f"UID {uid + 1}:*") if found > uid]  # `*` is at least the last one

    def envelope(self, uid: int) -> Envelope | None:
        """None when the mail is gone."""
        for item in self._fetch(uid, "(RFC822.SIZE INTERNALDATE)"):
            text = item if isinstance(item, bytes) else item[0]
            if size := re.search(rb"RFC822\.SIZE (\d+)", text):
                return Envelope(int(size[1]), _arrival(text))
        return None

    def raw(self, uid: int, limit: int) -> bytes | None:
        """The mail, or its first `limit` bytes; None when it is gone."""
        found = self._fetch(uid, f"(BODY.PEEK[]<0.{limit}>)")
        literal = next((item[1] for item in found if isinstance(item, tuple)), None)
        if literal is None and any(b"BODY[" in item for item in found):  # an empty mail is no literal
            return b""
        return literal

    def mark_seen(self, uid: int) -> None:
        with _speaking(self._mailbox, self._box):
            # Not `flag` of imap-tools: it expunges, and what staff marked for deletion by hand would be gone.
            self._box.client.uid("STORE", str(uid), "+FLAGS", r"(\Seen)")

    def _uids(self, criteria: str) -> list[int]:
        with _speaking(self._mailbox, self._box):
            return sorted(int(uid) for uid in self._box.uids(criteria, charset=None))

    def _fetch(self, uid: int, what: str) -> "list[bytes | tuple[bytes, bytes]]":
        with _speaking(self._mailbox, self._box):
            status, data = self._box.client.uid("FETCH", str(uid), what)
            if status != "OK":
                raise imaplib.IMAP4.error(f"FETCH: {status} {data[:1]!r}")
            return [item for item in data if item]


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[Folder]:
    """The mailbox's folder, for the length of the block. Raises Unreachable."""
    with _speaking(mailbox, None):
        box = _connected(mailbox)
    try:
        with _speaking(mailbox, box):
            _bound(box)
            _log_in(box, mailbox)
            box.folder.set(mailbox.folder)
            folder = Folder(box, mailbox)
        yield folder
    finally:
        with suppress(Exception):
            box.logout()


@contextmanager
def _speaking(mailbox: Mailbox, box: imap_tools.BaseMailBox | None) -> Iterator[None]:
    """Whatever goes wrong between us and the server comes out as Unreachable."""
    try:
        yield
    except (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError, IndexError) as error:
        words = _words(error, mailbox)
        raise Unreachable(_trouble(error, box), words if box else _FOREIGN.sub(r"\1", words)) from None


def _connected(mailbox: Mailbox) -> imap_tools.BaseMailBox:
    host, port = mailbox.host, mailbox.port
    if mailbox.security == Security.NONE:
        return imap_tools.MailBoxUnencrypted(host, port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context()  # imaplib's own would accept any certificate
    if mailbox.security == Security.STARTTLS:
        return imap_tools.MailBoxStartTls(host, port, timeout=TIMEOUT_SECONDS, ssl_context=context)
    return imap_tools.MailBox(host, port, timeout=TIMEOUT_SECONDS, ssl_context=context)


def _bound(box: imap_tools.BaseMailBox) -> None:
    """imaplib makes room for whatever length a server announces; no mail is asked for beyond what is read of one."""
    read, most = box.client.read, settings.MAIL_MAX_BYTES + ROOM

    def bounded(size: int) -> bytes:
        if size > most:
            raise imaplib.IMAP4.abort("the server sends more than was asked for")
        return read(size)

    box.client.read = bounded


def _log_in(box: imap_tools.BaseMailBox, mailbox: Mailbox) -> None:
    plain = (mailbox.user + mailbox.password).isascii()
    (box.login if plain else box.login_utf8)(mailbox.user, mailbox.password, initial_folder=None)
    if "ID" in box.client.capabilities:
        box.client._simple_command("ID", WHO_WE_ARE)


def _trouble(error: Exception, box: imap_tools.BaseMailBox | None) -> Trouble:
    if isinstance(error, ssl.SSLError):
        return Trouble.CERTIFICATE
    if isinstance(error, MailboxLoginError) or (box is not None and box.client.state == "NONAUTH"):
        return Trouble.LOGIN
    if isinstance(error, MailboxFolderSelectError):
        return Trouble.FOLDER
    return Trouble.CONNECTION if box is None else Trouble.PROTOCOL


def _words(error: Exception, mailbox: Mailbox) -> str:
    """What the server said, on one line, without user name and password."""
    if isinstance(error, UnicodeError):  # its text may quote what could not be encoded
        return type(error).__name__
    text = "".join(c if c.isprintable() else " " for c in str(error) or type(error).__name__)
    for secret in filter(None, (mailbox.password, mailbox.user)):
        text = text.replace(secret, "…")
    return text[:LONGEST_DETAIL]


def _arrival(text: bytes) -> datetime | None:
    moment = imaplib.Internaldate2tuple(text)
    if moment is None:
        return None
    try:
        return datetime.fromtimestamp(time.mktime(moment), UTC)
    except (OverflowError, ValueError, OSError):
        return None
