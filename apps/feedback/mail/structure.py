"""A mail's parts, found in its bytes without copying them: linear in its size, bounded in depth and number.

Python's own parser keeps every line of a mail as an object and recurses into nested parts; a 50 MB mail or one of ten
thousand nested parts brings it down. Here a part is two offsets into the bytes that came in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from quopri import decodestring

from apps.feedback.mail import headers as fields
from apps.feedback.mail.headers import Headers

_BLANK = re.compile(rb"\r{0,2}\n\r{0,2}\n")  # broken relays write \r\r\n
_LOST_BOUNDARY = re.compile(rb"\n--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE)
LONGEST_BOUNDARY = 250
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t "


@dataclass(frozen=True, slots=True)
class Part:
    """Headers, and where the body stands in `raw`."""

    raw: bytes = field(repr=False)
    headers: Headers
    start: int
    end: int

    @property
    def type(self) -> str:
        return fields.content_type(self.headers)

    @property
    def charset(self) -> str:
        return fields.parameter(self.headers, "content-type", "charset")

    @property
    def disposition(self) -> str:
        return fields.first(self.headers, "content-disposition").partition(";")[0].strip().lower()

    @property
    def name(self) -> str:
        """The file name; many programs write it only with the content type."""
        given = fields.parameter(self.headers, "content-disposition", "filename")
        return given or fields.parameter(self.headers, "content-type", "name")

    def encoded(self, limit: int | None = None) -> bytes:
        return self.raw[self.start : self.end if limit is None else min(self.end, self.start + limit)]

    def content(self, limit: int | None = None) -> bytes:
        """The body without its transfer encoding; `limit` counts encoded bytes. Broken encodings give what can be read."""
        data = self.encoded(limit)
        encoding = fields.first(self.headers, "content-transfer-encoding").partition(";")[0].strip().lower()
        if encoding == "base64":
            return data if self.type.startswith("text/") and not _is_base64(data) else fields.unbase64(data)
        if encoding == "quoted-printable":
            return decodestring(data)
        if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
            return _uudecoded(data)
        return data


def read(raw: bytes, start: int = 0, end: int | None = None) -> Part:
    """The part that stands between two offsets: its headers up to the first blank line, the rest its body."""
    end = len(raw) if end is None else end
    if raw[start : start + 2] in (b"\r\n", b"\n\n") or raw[start : start + 1] == b"\n":  # no headers at all
        return Part(raw, {}, start + (2 if raw[start : start + 2] == b"\r\n" else 1), end)
    blank = _BLANK.search(raw, start, end)
    last, body = (blank.start(), blank.end()) if blank else (end, end)
    found = fields.read_block(raw[start : min(last, start + fields.LONGEST_BLOCK)])
    if not found:  # text without any header
        return Part(raw, {}, start, end)
    return Part(raw, found, body, end)


def inner(part: Part) -> Part:
    """The mail within a message/rfc822 part, copied only where it is encoded."""
    encoding = fields.first(part.headers, "content-transfer-encoding").strip().lower()
    if encoding in ("base64", "quoted-printable"):
        return read(part.content())
    return read(part.raw, part.start, part.end)


def children(part: Part) -> Iterator[Part]:
    """The parts of a multipart, lazily; nothing where no boundary can be found."""
    boundary = fields.parameter(part.headers, "content-type", "boundary").encode("utf-8", "replace")
    spans = _spans(part, boundary) if 0 < len(boundary) <= LONGEST_BOUNDARY else iter(())
    one = next(spans, None)
    if one is None:  # a boundary that is missing or another one than announced
        lost = _LOST_BOUNDARY.search(part.raw, max(0, part.start - 1), part.end)
        spans = _spans(part, lost[1]) if lost else iter(())
        one = next(spans, None)
    while one is not None:
        yield read(part.raw, *one)
        one = next(spans, None)


def _spans(part: Part, boundary: bytes) -> Iterator[tuple[int, int]]:
    line = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r{0,2}\n|\Z)")
    raw, start = part.raw, None
    for match in line.finditer(raw, max(0, part.start - 1), part.end):  # the line end before the body belongs to it
        if start is not None:
            yield start, max(start, match.start() - (raw[match.start() - 1 : match.start()] == b"\r"))
        if match[1]:
            return
        start = _after_line(raw, match.end(), part.end)
    if start is not None and start < part.end:  # the closing line is missing
        yield start, part.end


def _after_line(raw: bytes, at: int, end: int) -> int:
    return min(end, raw.find(b"\n", at, end) + 1 or end)


def _is_base64(data: bytes) -> bool:
    """Whether a text part is base64 as it says; some senders say so of plain text."""
    sample = data[:4_000].strip()
    strange = len(sample.translate(None, _LETTERS))
    return strange < 0.1 * len(sample) + 1 and b" " not in sample[:200]


def _uudecoded(data: bytes) -> bytes:
    message = Message()
    message["Content-Transfer-Encoding"] = "x-uuencode"
    message.set_payload(data.decode("ascii", "surrogateescape"))
    found = message.get_payload(decode=True)
    return found if isinstance(found, bytes) else data
