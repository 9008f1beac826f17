"""Header lines as they really come: unfolded, RFC 2047 and RFC 2231 undone, addresses and message ids found. Never raises.

Raw values are str with the bytes above 0x7F as surrogates (`surrogateescape`), as in Python's own email package.
"""

import base64
import binascii
import re
from collections import defaultdict
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import NamedTuple

from apps.feedback.mail.charsets import codec, one_line, to_text

Headers = dict[str, list[str]]
LONGEST_BLOCK = 256_000  # bytes of a header block; what follows is not looked at
LONGEST_VALUE = 10_000  # characters of one value
MOST_LINES = 2_000
MOST_IDS = 40

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)(?:\?=|$)")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ADDRESS = re.compile(r"[^\s<>@,;:\"'()\[\]（）：；，]{1,128}@[^\s<>@,;:\"'()\[\]（）：；，]{1,190}")
_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")
_BARE_ID = re.compile(r"[^<>\s,;]{1,500}@[^<>\s,;]{1,300}")


class Address(NamedTuple):
    """`email` in lower case as it was written; empty where there was none."""

    name: str = ""
    email: str = ""


def read_block(block: bytes) -> Headers:
    """The fields of a header block by lower-case name. Lines that are none are passed over, as is mbox's `From `."""
    headers: Headers = defaultdict(list)
    current: list[str] | None = None
    for line in (
        block[:LONGEST_BLOCK].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", MOST_LINES)[:MOST_LINES]
    ):
        text = line.decode("ascii", "surrogateescape")
        if text[:1] in (" ", "\t"):
            if current is not None and len(current[-1]) < LONGEST_VALUE:
                current[-1] += " " + text.strip()
            continue
        name, colon, value = text.partition(":")
        if colon and name and not re.search(r"[\s\x00-\x1f]", name.rstrip()):
            current = headers[name.strip().lower()]
            current.append(value.strip()[:LONGEST_VALUE])
        else:
            current = None
    return dict(headers)


def first(headers: Headers, name: str) -> str:
    """The raw value of the first field of this name, or ""."""
    return next(iter(headers.get(name, ())), "")[:LONGEST_VALUE]


def text(headers: Headers, name: str, limit: int = 1_000) -> str:
    """The first field of this name, decoded, on one line."""
    return one_line(decode(first(headers, name)), limit)


def decode(value: str) -> str:
    """RFC 2047 undone, also where senders break it: words split within a character, raw bytes, missing ends."""
    pieces: list[tuple[str, str, str]] = []  # (charset, encoding, text); raw text has no charset
    at = 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        if between.strip() or (between and not (pieces and pieces[-1][0])):
            pieces.append(("", "", between))
        charset, encoding = match[1].partition("*")[0], match[2].lower()
        if pieces and pieces[-1][:2] == (charset, encoding) and not pieces[-1][2].endswith("="):
            pieces[-1] = (charset, encoding, pieces[-1][2] + match[3])
        else:
            pieces.append((charset, encoding, match[3]))
        at = match.end()
    pieces.append(("", "", value[at:]))
    return "".join(to_text(data, charset) for charset, data in _joined(pieces))


def _joined(pieces: list[tuple[str, str, str]]) -> list[tuple[str, bytes]]:
    """Bytes with their charset; neighbours of one charset are joined, for words are cut in the middle of characters."""
    runs: list[tuple[str, bytes]] = []
    for charset, encoding, words in pieces:
        data = _bytes(words)
        if encoding == "b":
            data = unbase64(data)
        elif encoding == "q":
            data = _HEX.sub(lambda m: bytes([int(m[1], 16)]), data.replace(b"_", b" "))
        if runs and charset and codec(runs[-1][0]) == codec(charset) and runs[-1][0]:
            runs[-1] = (charset, runs[-1][1] + data)
        else:
            runs.append((charset, data))
    return runs


def _bytes(value: str) -> bytes:
    """Back to what stood in the mail; text that never was bytes goes as UTF-8."""
    try:
        return value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def unbase64(data: bytes) -> bytes:
    """Base64 with anything between its letters, padded anywhere or nowhere."""
    clean = data.translate(None, _NOT_BASE64)
    inner = clean.rstrip(b"=")
    if b"=" not in inner:
        parts = [inner]
    elif inner.count(b"=") > 4 + len(inner) // 40:  # no encoder pads every few letters: this is not base64
        parts = [inner.partition(b"=")[0]]
    else:
        parts = inner.split(b"=")
    whole = []
    for part in parts:
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        try:
            whole.append(base64.b64decode(part + b"=" * (-len(part) % 4)))
        except (binascii.Error, ValueError):
            continue
    return b"".join(whole)


def addresses(headers: Headers, name: str) -> list[Address]:
    """The addresses of all fields of this name that have an `@`."""
    raw = [value[:LONGEST_VALUE] for value in headers.get(name, ())[:20]]
    try:
        pairs = [pair for pair in getaddresses(raw) if "@" in pair[1]]
    except Exception:  # the package's parser has its own limits
        pairs = []
    if not pairs:
        pairs = [pair for value in raw for pair in _plainly(decode(value))]
    found = []
    for person, address in pairs[:50]:
        exact = _ADDRESS.search(one_line(decode(address), 400))
        if exact:
            found.append(Address(one_line(decode(person), 200).strip("'\" "), exact[0].strip(".").lower()))
    return found


def _plainly(value: str) -> list[tuple[str, str]]:
    """(name, address) pairs where the whole field was encoded, or is not of the standard's form."""
    found, at = [], 0
    for match in _ADDRESS.finditer(value):
        found.append((value[at : match.start()].strip(" <>,;\"'"), match[0]))
        at = match.end()
    return found


def sender(headers: Headers, name: str) -> Address:
    return next(iter(addresses(headers, name)), Address())


def message_ids(headers: Headers, name: str) -> tuple[str, ...]:
    """Message ids without their angle brackets: the first and the last ones, in their order."""
    joined = " ".join(headers.get(name, ())[:5])[: LONGEST_VALUE * 2]
    found = _ID.findall(joined) or _BARE_ID.findall(joined)
    clean = [i for i in dict.fromkeys(one_line(each, 500) for each in found) if i]
    return tuple([*clean[:1], *clean[-MOST_IDS:]] if len(clean) > MOST_IDS else clean)


def moment(headers: Headers, name: str) -> datetime | None:
    """An aware moment in UTC, or None for no date or an impossible one."""
    try:
        found = parsedate_to_datetime(first(headers, name)[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError):
        return None


def content_type(headers: Headers, default: str = "text/plain") -> str:
    value = first(headers, "content-type").partition(";")[0].strip().lower()
    return value if re.fullmatch(r"[\w.+-]{1,80}/[\w.+-]{1,120}", value) else default


def parameter(headers: Headers, field: str, name: str) -> str:
    """A parameter of a field, decoded whichever way it was written (RFC 2231, RFC 2047, raw bytes); "" for none."""
    value = first(headers, field)
    if not value:
        return ""
    try:
        message = Message()
        message.add_header(field, _bytes(value).decode("latin-1"))  # surrogates would not survive the package
        found = message.get_param(name, "", header=field)
    except Exception:  # the package stumbles over some broken RFC 2231 parts
        found = _by_hand(_bytes(value).decode("latin-1"), name)
    if isinstance(found, tuple):
        charset, _language, words = found
        return one_line(to_text(words.encode("latin-1", "replace"), charset or ""), 500)
    raw = str(found).encode("latin-1", "replace").decode("ascii", "surrogateescape")
    return one_line(decode(_percent_utf8(raw)), 500)


def _by_hand(value: str, name: str) -> str:
    match = re.search(rf"(?i){re.escape(name)}\*?\d{{0,2}}\*?\s*=\s*\"?([^\";]{{1,500}})", value)
    return match[1].rpartition("''")[2] if match else ""


def _percent_utf8(value: str) -> str:
    """Some programs write `filename="%E5%8F%91.pdf"`."""
    if not re.search(r"(?:%[0-9A-Fa-f]{2}){3}", value):
        return value
    data = _PERCENT.sub(lambda m: bytes([int(m[1], 16)]), _bytes(value))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return value
