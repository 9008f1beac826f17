"""A mail as it came in, turned into what a person wrote, what they attached and what they answered. Pure; never raises."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from apps.feedback.mail import automatic, charsets, headers, html, languages, quoting, structure
from apps.feedback.mail.automatic import Bounce, Sign
from apps.feedback.mail.headers import Address
from apps.feedback.mail.structure import Part

DEEPEST = 20  # levels of parts within parts
LONGEST_SUBJECT = 300
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/pjpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "application/pdf": "pdf", "video/mp4": "mp4", "audio/mpeg": "mp3", "audio/amr": "amr", "application/ms-tnef": "dat",
    "text/plain": "txt", "text/calendar": "ics", "text/html": "html", "application/zip": "zip",
}  # fmt: skip
_FORGED = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)
_TEXTS = {"text/plain", "text/html", "text/enriched", "text/markdown", "message/delivery-status", "text/rfc822-headers"}
# Signatures and doubles of the text: nothing that a person sent.
_NO_CONTENT = {
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-keys",
    "text/x-amp-html", "text/watch-html",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one mail is looked at. What lies beyond is named in `ParsedMail.left_out`."""

    parts: int = 500
    attachments: int = 100
    text_bytes: int = 1_000_000  # encoded bytes of all its texts
    text: int = 100_000  # characters of text that are kept


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the mail; its content is decoded when it is asked for, so that one at a time is in memory."""

    name: str
    type: str
    inline: bool
    content: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """`text` is everything that was written; `own` and `quoted` are its two parts. Message ids stand without brackets.

    `digest` names the mail's content: the same for a copy that came another way. `left_out` names what was too much:
    "parts", "depth", "attachments", "text".
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address
    reply_to: Address
    recipients: tuple[Address, ...]
    subject: str
    date: datetime | None
    text: str
    own: str
    quoted: str
    language: str
    attachments: tuple[Attachment, ...]
    left_out: tuple[str, ...]
    automatic: Sign | None
    bounce: Bounce | None
    digest: str
    list_id: str  # of the mailing list it came through, without brackets
    forged: bool  # a mail server on the way found that the sender's domain did not send it (DMARC)

    @property
    def answers(self) -> tuple[str, ...]:
        """The message ids this mail answers, the nearest first."""
        return tuple(dict.fromkeys([*self.in_reply_to, *reversed(self.references)]))


def parse(raw: bytes, limits: Limits | None = None) -> ParsedMail:
    """Read a mail of any kind and condition (INT-09). Time and memory grow with its size and stay within `limits`."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if raw.startswith((b"From ", b">From ")):  # out of an mbox file
        raw = raw.partition(b"\n")[2]
    mail = structure.read(raw)
    reader = _Reader(limits or Limits())
    text = charsets.tidy(reader.text_of(mail, 0))
    if len(text) > reader.limits.text:
        reader.left_out["text"] = None
        text = text[: reader.limits.text]
    own, quoted = quoting.split(text.strip())
    subject = _subject(mail)
    sender = headers.sender(mail.headers, "from")
    if not sender.email:
        sender = headers.sender(mail.headers, "sender")
    return ParsedMail(
        message_id=next(iter(headers.message_ids(mail.headers, "message-id")), ""),
        in_reply_to=headers.message_ids(mail.headers, "in-reply-to"),
        references=headers.message_ids(mail.headers, "references"),
        sender=sender,
        reply_to=headers.sender(mail.headers, "reply-to"),
        recipients=(*headers.addresses(mail.headers, "to"), *headers.addresses(mail.headers, "cc")),
        subject=subject,
        date=headers.moment(mail.headers, "date"),
        text=text.strip(),
        own=own,
        quoted=quoted,
        language=languages.guess(f"{subject}\n{own}"),
        attachments=tuple(reader.attachments),
        left_out=tuple(reader.left_out),
        automatic=automatic.sign_of(mail.headers, subject),
        bounce=automatic.bounce_of(mail, subject, sender.email, text),
        digest=_digest(mail),
        forged=any(_FORGED.search(value) for value in mail.headers.get("authentication-results", ())[:10]),
        list_id=headers.text(mail.headers, "list-id", 300).rpartition("<")[2].rstrip("> ").lower(),
    )


def _subject(mail: Part) -> str:
    return unicodedata.normalize("NFC", headers.text(mail.headers, "subject", LONGEST_SUBJECT))


def _digest(mail: Part) -> str:
    """Of what the sender made, not of what servers wrote on the envelope."""
    made = hashlib.sha256()
    for name in ("message-id", "from", "reply-to", "date", "subject", "content-type", "content-transfer-encoding"):
        made.update(headers.first(mail.headers, name).encode("utf-8", "surrogateescape") + b"\0")
    made.update(memoryview(mail.raw)[mail.start : mail.end])
    return made.hexdigest()


class _Reader:
    """Walks the parts of one mail; gathers its files and counts what may still be looked at."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts_left = limits.parts
        self.bytes_left = limits.text_bytes
        self.attachments: list[Attachment] = []
        self.left_out: dict[str, None] = {}

    def text_of(self, part: Part, depth: int) -> str:
        """The text of a part with all its parts; files are put aside."""
        if depth > DEEPEST:
            self.left_out["depth"] = None
            return ""
        kind = part.type
        if kind.startswith("multipart/"):
            return self._multipart(part, kind, depth)
        if kind in ("message/rfc822", "message/global"):
            return self._forwarded(part, depth)
        is_text = kind in _TEXTS and part.disposition != "attachment" and not (part.disposition and part.name)
        if is_text:
            return self._html(part) if kind == "text/html" else self._read(part)
        if kind not in _NO_CONTENT:
            self._put_aside(part, kind)
        return ""

    def _multipart(self, part: Part, kind: str, depth: int) -> str:
        texts: list[tuple[str, str]] = []
        found_any = False
        for child in structure.children(part):
            found_any = True
            if self.parts_left <= 0:
                self.left_out["parts"] = None
                break
            self.parts_left -= 1
            texts.append((child.type, self.text_of(child, depth + 1).strip()))
        if not found_any:  # announced as many parts, written as one
            return self._read(part)
        if kind == "multipart/alternative":
            return _chosen(texts)
        return "\n\n".join(text for _kind, text in texts if text)

    def _forwarded(self, part: Part, depth: int) -> str:
        """A mail within the mail: who wrote it and what; its files are files of this mail."""
        inner = structure.inner(part)
        if self.parts_left <= 0:
            self.left_out["parts"] = None
            return ""
        self.parts_left -= 1
        who = headers.text(inner.headers, "from", 300)
        head = [f"From: {who}"] if who else []
        head += [f"Subject: {subject}"] if (subject := _subject(inner)) else []
        text = self.text_of(inner, depth + 1).strip()
        return "\n".join(["---------- Forwarded message ----------", *head, "", text]) if head or text else ""

    def _read(self, part: Part) -> str:
        return charsets.tidy(charsets.to_text(self._bytes(part), part.charset))

    def _html(self, part: Part) -> str:
        data = self._bytes(part)
        markup = charsets.to_text(data, part.charset or _declared(data))
        for kind, picture in html.pictures(markup):
            self._add(f"picture-{len(self.attachments) + 1}.{kind}", f"image/{kind}", True, lambda data=picture: data)
        return charsets.tidy(html.to_text(markup))

    def _bytes(self, part: Part) -> bytes:
        size = part.end - part.start
        if size > self.bytes_left:
            self.left_out["text"] = None
        data = part.content(self.bytes_left)
        self.bytes_left = max(0, self.bytes_left - size)
        return data

    def _put_aside(self, part: Part, kind: str) -> None:
        name, extension = part.name, _EXTENSIONS.get(kind, "")
        if not name:
            stem = "picture" if kind.startswith("image/") else "file"
            name = f"{stem}-{len(self.attachments) + 1}.{extension or 'bin'}"
        elif extension and "." not in name:
            name = f"{name}.{extension}"
        inline = part.disposition == "inline" or "content-id" in part.headers
        self._add(name, kind, inline, part.content)

    def _add(self, name: str, kind: str, inline: bool, content: Callable[[], bytes]) -> None:
        if len(self.attachments) >= self.limits.attachments:
            self.left_out["attachments"] = None
            return
        self.attachments.append(Attachment(name, kind, inline, content))


def _chosen(texts: list[tuple[str, str]]) -> str:
    """The plain text, unless it is missing or only says that one should look at the other."""
    plain = next((text for kind, text in texts if kind == "text/plain" and text), "")
    others = max((text for kind, text in texts if kind != "text/plain"), key=len, default="")
    return plain if plain and not (len(others) > 200 and len(plain) < len(others) // 8) else others or plain


def _declared(data: bytes) -> str:
    """The charset that HTML claims for itself."""
    match = re.search(rb"charset=[\s\"']*([\w.-]{1,40})", data[:2_000], re.IGNORECASE)
    return match[1].decode("ascii", "replace") if match else ""
