"""How odd mails are written, byte by byte."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from PIL import Image

CUSTOMER = "zhang@example.cn"
DESK = "service@desk.example"
TEXT = "我的吸尘器用了两天就开不了机，请尽快处理。"
TRADITIONAL = "我的吸塵器用了兩天就開不了機，請盡快處理這個問題，謝謝。"


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    raw: bytes = field(repr=False)
    own: str | None = TEXT  # None: not looked at
    subject: str | None = None
    sender: str = CUSTOMER
    sender_name: str | None = None
    quoted: str = ""
    files: tuple[str, ...] = ()
    kept: int | None = None  # files that the desk accepts; None: all of them
    language: str | None = None
    verdict: str = "new_ticket"
    reason: str = ""
    left_out: tuple[str, ...] = ()


made: list[Callable[[], Case]] = []


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    made.append(make)
    return make


def b64(text: str, charset: str = "utf-8") -> bytes:
    return base64.b64encode(text.encode(charset))


def word(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{b64(text, charset).decode()}?="


def head(**fields: str | bytes) -> bytes:
    """Header lines; `content_type="…"` is Content-Type. From, To, Subject and Message-ID are there unless given as ""."""
    given = {"from": CUSTOMER, "to": DESK, "subject": word("吸尘器故障"), "mime_version": "1.0", **fields}
    lines = []
    for name, value in given.items():
        data = value if isinstance(value, bytes) else value.encode()
        if data:
            lines.append("-".join(part.capitalize() for part in name.split("_")).encode() + b": " + data)
    return b"\r\n".join(lines) + b"\r\n"


def plain(
    text: str | bytes = TEXT, charset: str = "utf-8", *, label: str | None = None, **fields: str | bytes
) -> bytes:
    """One text part as it is, in `charset`, labelled as `label`."""
    body = text if isinstance(text, bytes) else text.encode(charset)
    given = {"content_type": f"text/plain; charset={charset if label is None else label}", **fields}
    return head(**given) + b"\r\n" + body.replace(b"\n", b"\r\n")


def part(body: str | bytes, **fields: str | bytes) -> bytes:
    lines = [
        "-".join(p.capitalize() for p in name.split("_")).encode() + b": " + (v if isinstance(v, bytes) else v.encode())
        for name, v in fields.items()
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode())


def text_part(text: str = TEXT, kind: str = "plain") -> bytes:
    return part(text, content_type=f"text/{kind}; charset=utf-8", content_transfer_encoding="8bit")


def file_part(content: bytes, kind: str = "application/octet-stream", **fields: str | bytes) -> bytes:
    given = {"content_type": kind, "content_transfer_encoding": "base64", **fields}
    return part(base64.encodebytes(content), **given)


def multi(*parts: bytes, kind: str = "mixed", boundary: str = "=_b", end: bool = True) -> bytes:
    """The body of a multipart with its Content-Type line before it."""
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts)
    return body + (b"--" + boundary.encode() + b"--\r\n" if end else b"")


def mixed(*parts: bytes, kind: str = "mixed", boundary: str = "=_b", end: bool = True, **fields: str | bytes) -> bytes:
    top = head(content_type=f'multipart/{kind}; boundary="{boundary}"', **fields)
    return top + b"\r\n" + multi(*parts, boundary=boundary, end=end)


@cache
def photo(colour: str = "red", size: tuple[int, int] = (40, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "jpeg")
    return data.getvalue()


PHOTO = {"kind": "image/jpeg", "content_disposition": 'attachment; filename="photo.jpg"'}
