"""Odd mails of our own making, each with what should become of it. No mail here was ever sent by anybody.

A case says what stands in the parsed mail; `verdict` is what the desk makes of it (the value of `models.mail.Verdict`).
"""

import base64
import binascii
import io
import zipfile
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


_made: list[Callable[[], Case]] = []


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    _made.append(make)
    return make


@cache
def all_cases() -> list[Case]:
    return [make() for make in _made]


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


# Charsets and their labels ---------------------------------------------------------------------------------------------

case(lambda: Case("utf-8", plain(), subject="吸尘器故障", language="zh-hans"))
case(
    lambda: Case(
        "gb2312 with characters it lacks",
        plain("王喆的镕玥牌" + TEXT, "gbk", label="gb2312"),
        own="王喆的镕玥牌" + TEXT,
    )
)
case(lambda: Case("gb18030 with four-byte characters", plain("𠮷先生：" + TEXT, "gb18030"), own="𠮷先生：" + TEXT))
case(lambda: Case("gbk labelled utf-8", plain(TEXT, "gbk", label="utf-8")))
case(lambda: Case("gbk labelled iso-8859-1", plain(TEXT, "gbk", label="iso-8859-1")))
case(lambda: Case("gbk labelled us-ascii", plain(TEXT, "gbk", label="us-ascii")))
case(lambda: Case("gbk without any label", plain(TEXT, "gbk", content_type="text/plain")))
case(lambda: Case("utf-8 labelled gb2312", plain(TEXT, "utf-8", label="gb2312")))
case(lambda: Case("utf-8 without any content type", head() + b"\r\n" + TEXT.encode()))
case(lambda: Case("big5", plain(TRADITIONAL, "big5"), own=TRADITIONAL, language="zh-hant"))
case(lambda: Case("big5 without any label", plain(TRADITIONAL, "big5", content_type="text/plain"), own=TRADITIONAL))
case(lambda: Case("big5 labelled utf-8", plain(TRADITIONAL, "big5", label="utf-8"), own=TRADITIONAL))
case(lambda: Case("hz", plain(TEXT, "hz", label="hz-gb-2312")))
case(lambda: Case("utf-7", plain(TEXT, "utf-7")))
case(lambda: Case("iso-2022-jp", plain("掃除機が動きません。", "iso-2022-jp"), own="掃除機が動きません。"))
case(
    lambda: Case(
        "utf-16 in base64",
        head(content_type="text/plain; charset=utf-16", content_transfer_encoding="base64")
        + b"\r\n"
        + b64(TEXT, "utf-16"),
    )
)
case(lambda: Case("a charset nobody knows", plain(TEXT, "utf-8", label="x-unknown-8bit")))
case(lambda: Case("a codec that is no charset", plain(TEXT, "utf-8", label="zip")))
case(lambda: Case("a label with a stray quote", plain(TEXT, "gbk", content_type='text/plain; charset="gb2312')))
case(lambda: Case("utf-8 with a mark before it", plain(b"\xef\xbb\xbf" + TEXT.encode())))
case(
    lambda: Case(
        "western text", plain("The crème café machine broke again, please help me.", "iso-8859-1"),
        own="The crème café machine broke again, please help me.", language="en",
    )
)  # fmt: skip
case(lambda: Case("emoji", plain(TEXT + "😡🙏"), own=TEXT + "😡🙏"))
case(lambda: Case("NUL and control characters", plain(b"\x00\x01" + TEXT.encode() + b"\x00\x0b\x7f")))
case(
    lambda: Case("bytes of no charset", plain(b"\xff\xfe\xfd\x81" * 3 + b"broken", content_type="text/plain"), own=None)
)

# Headers -------------------------------------------------------------------------------------------------------------

_cut = base64.b64encode("吸尘器故障投诉".encode("gbk"))
case(
    lambda: Case(
        "a subject cut within a character",
        plain(
            subject=f"=?gb2312?B?{base64.b64encode('吸尘器故障'.encode('gbk')[:5]).decode()}?=\r\n"
            f" =?gb2312?B?{base64.b64encode('吸尘器故障'.encode('gbk')[5:]).decode()}?="
        ),
        subject="吸尘器故障",
    )
)
case(lambda: Case("a subject in Q", plain(subject="=?utf-8?Q?vacuum_=E6=95=85=E9=9A=9C=21?="), subject="vacuum 故障!"))
case(lambda: Case("a subject of raw gbk", plain(subject="吸尘器故障投诉".encode("gbk")), subject="吸尘器故障投诉"))
case(lambda: Case("a subject of raw utf-8", plain(subject="吸尘器故障投诉"), subject="吸尘器故障投诉"))
case(lambda: Case("a subject without its end", plain(subject=word("吸尘器故障")[:-2]), subject="吸尘器故障"))
case(lambda: Case("a subject with a false base64", plain(subject="=?utf-8?B?5ZC4*5bCY?="), subject="吸尘"))
case(
    lambda: Case("a folded subject", plain(subject="vacuum\r\n\tcleaner\r\n  broken"), subject="vacuum cleaner broken")
)
case(lambda: Case("no subject", plain(subject=""), subject=""))
case(lambda: Case("a subject of 5,000 characters", plain(subject="坏" * 5_000), subject="坏" * 300))
case(lambda: Case("the whole sender encoded", plain(**{"from": word(f"张三 <{CUSTOMER}>")}), sender_name="张三"))
case(
    lambda: Case(
        "a comma in the encoded name", plain(**{"from": f"{word('张三, 售后')} <{CUSTOMER}>"}), sender_name="张三, 售后"
    )
)
case(
    lambda: Case(
        "a person of raw gbk", plain(**{"from": "张三 <".encode("gbk") + CUSTOMER.encode() + b">"}), sender_name="张三"
    )
)
case(lambda: Case("capitals in the address", plain(**{"from": "Zhang <Zhang@Example.CN>"})))
case(lambda: Case("only Sender", plain(**{"from": "", "sender": CUSTOMER})))
case(lambda: Case("no sender at all", plain(**{"from": ""}), sender="", verdict="broken", reason="no_sender"))
case(
    lambda: Case(
        "a sender that is no address", plain(**{"from": "客户"}), sender="", verdict="broken", reason="no_sender"
    )
)
case(
    lambda: Case(
        "an address that no one can write to", plain(**{"from": "<zhang@localhost_>"}), sender="zhang@localhost_",
        verdict="broken", reason="refused",
    )
)  # fmt: skip
case(lambda: Case("two senders", plain(**{"from": f"{CUSTOMER}, other@example.cn"})))
case(
    lambda: Case(
        "a line that is no header", head().replace(b"To:", b"this is no header line\r\nTo:") + b"\r\n" + TEXT.encode()
    )
)
case(lambda: Case("an mbox line before it", b"From zhang Mon Nov  2 10:00:00 2026\r\n" + plain()))
case(lambda: Case("bare line feeds", plain().replace(b"\r\n", b"\n")))
case(lambda: Case("bare carriage returns", plain().replace(b"\r\n", b"\r")))
case(lambda: Case("doubled carriage returns", plain().replace(b"\r\n", b"\r\r\n")))
case(lambda: Case("no blank line and no body", head().rstrip(), own=""))
case(lambda: Case("nothing", b"", own="", sender="", verdict="broken", reason="no_sender"))
case(lambda: Case("only text", TEXT.encode(), sender="", verdict="broken", reason="no_sender"))
case(lambda: Case("a name that is an address", plain(**{"from": f'"{CUSTOMER}" <{CUSTOMER}>'}), sender_name=CUSTOMER))
case(lambda: Case("an impossible date", plain(date="Mon, 99 Foo 20266 99:99:99 +9999")))

# Transfer encodings --------------------------------------------------------------------------------------------------

_B64 = {"content_type": "text/plain; charset=utf-8", "content_transfer_encoding": "base64"}
case(
    lambda: Case(
        "base64 with junk in it", head(**_B64) + b"\r\n" + b64(TEXT)[:20] + b"\r\n!!\x00**\r\n" + b64(TEXT)[20:]
    )
)
case(lambda: Case("base64 without its padding", head(**_B64) + b"\r\n" + b64(TEXT + "!").rstrip(b"="), own=TEXT + "!"))
case(
    lambda: Case(
        "base64 padded in the middle",
        head(**_B64) + b"\r\n" + b64(TEXT[:5] + "!!") + b"\r\n" + b64(TEXT[5:]),
        own=TEXT[:5] + "!!" + TEXT[5:],
    )
)
case(lambda: Case("plain text that says it is base64", head(**_B64) + b"\r\n" + TEXT.encode()))
case(
    lambda: Case(
        "quoted-printable with broken escapes",
        head(content_type="text/plain; charset=utf-8", content_transfer_encoding="quoted-printable")
        + b"\r\n" + b"50=ZZ% =E5=9D=8F=E4=BA=\r\n=86=", own="50=ZZ% 坏了",
    )
)  # fmt: skip
case(lambda: Case("an encoding nobody knows", plain(content_transfer_encoding="x-secret")))


def _uuencoded(content: bytes, name: str) -> bytes:
    lines = [binascii.b2a_uu(content[i : i + 45]) for i in range(0, len(content), 45)]
    return b"begin 644 " + name.encode() + b"\n" + b"".join(lines) + b" \nend\n"


case(
    lambda: Case(
        "a uuencoded picture",
        mixed(
            text_part(),
            part(
                _uuencoded(photo(), "photo.jpg"), content_type='image/jpeg; name="photo.jpg"',
                content_transfer_encoding="x-uuencode", content_disposition="attachment",
            ),
        ),
        files=("photo.jpg",),
    )
)  # fmt: skip

# Structure -----------------------------------------------------------------------------------------------------------

case(lambda: Case("text and a photo", mixed(text_part(), file_part(photo(), **PHOTO)), files=("photo.jpg",)))
case(
    lambda: Case(
        "a missing last boundary", mixed(text_part(), file_part(photo(), **PHOTO), end=False), files=("photo.jpg",)
    )
)
case(
    lambda: Case(
        "a boundary that is not announced",
        head(content_type="multipart/mixed") + b"\r\n" + multi(text_part(), file_part(photo(), **PHOTO)),
        files=("photo.jpg",),
    )
)
case(
    lambda: Case(
        "another boundary than announced",
        head(content_type="multipart/mixed; boundary=other")
        + b"\r\n"
        + multi(text_part(), file_part(photo(), **PHOTO)),
        files=("photo.jpg",),
    )
)
case(
    lambda: Case(
        "announced as many parts, written as one",
        head(content_type="multipart/mixed; boundary=x") + b"\r\n" + TEXT.encode(),
    )
)
case(
    lambda: Case(
        "a broken-off file", mixed(text_part(), file_part(photo(), **PHOTO))[:-400], files=("photo.jpg",), kept=0
    )
)
case(
    lambda: Case(
        "text, picture, text, as Apple writes it",
        mixed(
            text_part("第一段。"),
            file_part(photo(), "image/jpeg", content_disposition="inline; filename=IMG_1.jpg"),
            text_part("第二段。"),
        ),
        own="第一段。\n\n第二段。", files=("IMG_1.jpg",),
    )
)  # fmt: skip


def _related() -> bytes:
    html = '<html><body><p>我的吸尘器用了两天就开不了机，请尽快处理。</p><img src="cid:one"></body></html>'
    alternative = part(
        multi(text_part(), text_part(html, "html"), boundary="=_a"),
        content_type='multipart/alternative; boundary="=_a"',
    )
    picture = file_part(photo(), 'image/jpeg; name="image001.jpg"', content_id="<one>")
    return mixed(
        part(multi(alternative, picture, boundary="=_r"), content_type='multipart/related; boundary="=_r"'),
        file_part(b"%PDF-1.4\n%%EOF", "application/pdf", content_disposition='attachment; filename="invoice.pdf"'),
    )


case(lambda: Case("an inline picture and an invoice", _related(), files=("image001.jpg", "invoice.pdf")))
case(lambda: Case("only a photo", mixed(file_part(photo(), **PHOTO)), own="", files=("photo.jpg",)))
case(
    lambda: Case(
        "a picture without a name", mixed(text_part(), file_part(photo(), "image/jpeg")), files=("picture-1.jpg",)
    )
)
case(
    lambda: Case(
        "a signed mail",
        mixed(text_part(), file_part(b"\x30\x80signature", "application/pkcs7-signature", content_disposition="attachment; filename=smime.p7s"), kind="signed"),
    )
)  # fmt: skip
case(
    lambda: Case(
        "a forwarded mail as an attachment",
        mixed(
            text_part("请看附件中的邮件。"),
            part(
                mixed(text_part("空调漏水，已经第三次了。"), file_part(photo(), **PHOTO), boundary="=_in", **{"from": "li@example.cn"}),
                content_type="message/rfc822", content_disposition="attachment; filename=forward.eml",
            ),
        ),
        own="请看附件中的邮件。",
        quoted="---------- Forwarded message ----------\nFrom: li@example.cn\nSubject: 吸尘器故障\n\n空调漏水，已经第三次了。",
        files=("photo.jpg",),
    )
)  # fmt: skip
case(
    lambda: Case(
        "nothing but a forwarded mail",
        mixed(part(plain("空调漏水。"), content_type="message/rfc822")),
        own=f"---------- Forwarded message ----------\nFrom: {CUSTOMER}\nSubject: 吸尘器故障\n\n空调漏水。",
    )
)
case(
    lambda: Case(
        "ten thousand parts",
        mixed(text_part(), *[part("x", content_type="text/plain")] * 10_000), own=None, left_out=("parts",),
    )
)  # fmt: skip


def _nested(levels: int) -> bytes:
    body = head(content_type="multipart/mixed; boundary=b0") + b"\r\n"
    for i in range(levels):
        body += b"--b%d\r\nContent-Type: text/plain\r\n\r\nlevel %d\r\n" % (i, i)
        body += b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1)
    return body + b"--b%d\r\n\r\nbottom\r\n" % levels


case(lambda: Case("three thousand levels", _nested(3_000), own=None, left_out=("depth",)))
case(
    lambda: Case(
        "fifty megabytes",
        mixed(text_part(), file_part(b"\x00\x01\x02" * 12_500_000, content_disposition="attachment; filename=video.mp4")),
        files=("video.mp4",), kept=0,
    )
)  # fmt: skip
case(lambda: Case("a text of two megabytes", plain("坏" * 700_000), own=None, left_out=("text",), kept=1))

# Files ---------------------------------------------------------------------------------------------------------------


def _with_file(
    name: str, disposition: str | bytes, *, content: bytes | None = None, kind: str = "image/jpeg", **more
) -> Case:
    return Case(
        name,
        mixed(text_part(), file_part(photo() if content is None else content, kind, content_disposition=disposition)),
        **more,
    )


case(lambda: _with_file("a name by RFC 2231", "attachment; filename*=gbk''%D5%D5%C6%AC.jpg", files=("照片.jpg",)))
case(
    lambda: _with_file(
        "a name by RFC 2231 in pieces",
        "attachment; filename*0*=utf-8''%E7%85%A7; filename*1*=%E7%89%87; filename*2=.jpg", files=("照片.jpg",),
    )
)  # fmt: skip
case(lambda: _with_file("a name by RFC 2047", f'attachment; filename="{word("照片.jpg", "gbk")}"', files=("照片.jpg",)))
case(lambda: _with_file("a name of raw gbk", 'attachment; filename="照片.jpg"'.encode("gbk"), files=("照片.jpg",)))
case(lambda: _with_file("a name in per cents", 'attachment; filename="%E7%85%A7%E7%89%87.jpg"', files=("照片.jpg",)))
case(lambda: _with_file("a name broken by RFC 2231", "attachment; filename*0*=x; filename*x=photo.jpg", files=None))
case(
    lambda: _with_file("a name that climbs", 'attachment; filename="../../etc/照片.jpg"', files=("../../etc/照片.jpg",))
)
case(lambda: _with_file("a name without an extension", 'attachment; filename="照片"', files=("照片.jpg",)))
case(
    lambda: _with_file(
        "winmail.dat",
        "attachment; filename=winmail.dat",
        content=b"\x78\x9f\x3e\x22tnef",
        kind="application/ms-tnef",
        files=("winmail.dat",),
        kept=0,
    )
)
case(
    lambda: _with_file(
        "a program",
        "attachment; filename=setup.exe",
        content=b"MZ\x90\x00",
        kind="application/octet-stream",
        files=("setup.exe",),
        kept=0,
    )
)
case(
    lambda: _with_file(
        "a program called a picture",
        "attachment; filename=photo.jpg",
        content=b"MZ\x90\x00" * 50,
        files=("photo.jpg",),
        kept=0,
    )
)
case(
    lambda: _with_file(
        "an empty file", "attachment; filename=empty.txt", content=b"", kind="text/plain", files=("empty.txt",), kept=0
    )
)


def _bomb(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\x00" * 30_000_000)
    return data.getvalue()


case(
    lambda: _with_file(
        "a packed bomb",
        "attachment; filename=photos.zip",
        content=_bomb("a.bin"),
        kind="application/zip",
        files=("photos.zip",),
        kept=0,
    )
)
case(
    lambda: _with_file(
        "a document that is a bomb",
        "attachment; filename=report.docx",
        content=_bomb("word/x.xml"),
        kind="application/zip",
        files=("report.docx",),
        kept=0,
    )
)
case(
    lambda: Case(
        "thirty photos", mixed(text_part(), *[file_part(photo(), **PHOTO)] * 30), files=("photo.jpg",) * 30, kept=20,
    )
)  # fmt: skip

# HTML ----------------------------------------------------------------------------------------------------------------

case(lambda: Case("only html", head(content_type="text/html; charset=utf-8") + f"\r\n<p>{TEXT}</p>".encode()))
case(
    lambda: Case(
        "html that says its charset itself",
        head(content_type="text/html") + b"\r\n" + f'<meta charset="gb2312"><p>{TEXT}</p>'.encode("gbk"),
    )
)
case(
    lambda: Case(
        "html with styles and scripts",
        head(content_type="text/html; charset=utf-8")
        + f"\r\n<html><head><style>p {{color: red}}</style></head><body><script>alert(1)</script><p>{TEXT}</p></body>".encode(),
    )
)
case(
    lambda: Case(
        "html with entities and breaks",
        head(content_type="text/html; charset=utf-8") + "\r\n<div>价格&nbsp;&lt;100元<br>坏了</div>".encode(),
        own="价格 <100元\n坏了",
    )
)
case(
    lambda: Case(
        "plain text beside html", mixed(text_part(), text_part("<p>另一种写法</p>", "html"), kind="alternative")
    )
)
case(
    lambda: Case(
        "html beside a text that says nothing",
        mixed(text_part("请用支持HTML的程序查看"), text_part(f"<p>{TEXT * 12}</p>", "html"), kind="alternative"), own=TEXT * 12,
    )
)  # fmt: skip
case(
    lambda: Case(
        "a picture written into html",
        head(content_type="text/html; charset=utf-8")
        + f'\r\n<p>{TEXT}</p><img src="data:image/jpeg;base64,{base64.b64encode(photo()).decode()}">'.encode(),
        files=("picture-1.jpeg",),
    )
)
case(
    lambda: Case(
        "html nested without end",
        head(content_type="text/html; charset=utf-8") + ("\r\n" + "<div>" * 20_000 + TEXT).encode(),
    )
)
case(
    lambda: Case(
        "html that is no html",
        head(content_type="text/html; charset=utf-8") + f"\r\n{TEXT} 1 < 2".encode(),
        own=f"{TEXT} 1 < 2",
    )
)

# Automatic mail ------------------------------------------------------------------------------------------------------


def _automatic(name: str, reason: str, **fields: str) -> Case:
    return Case(name, plain(**fields), verdict="auto_reply", reason=reason)


case(lambda: _automatic("an auto-reply by the book", "auto_submitted", auto_submitted="auto-replied"))
case(lambda: _automatic("an auto-reply with words behind", "auto_submitted", auto_submitted="auto-replied (vacation)"))
case(lambda: _automatic("an auto-reply by its program", "auto_header", x_autoreply="yes"))
case(lambda: _automatic("precedence auto_reply", "auto_header", precedence="auto_reply"))
case(lambda: _automatic("a newsletter", "bulk", precedence="bulk"))
case(lambda: _automatic("a mailing list", "bulk", list_id="Shops <news.shop.example>"))
case(lambda: _automatic("an advertisement", "bulk", list_unsubscribe="<https://shop.example/u>"))
case(lambda: _automatic("subject: 自动回复", "auto_subject", subject=word("自动回复：我正在休假")))
case(lambda: _automatic("subject: 自動回覆", "auto_subject", subject=word("Re: 自動回覆: 您的來信", "big5")))
case(lambda: _automatic("subject: out of office", "auto_subject", subject="Out of Office: back on Monday"))
case(lambda: _automatic("subject: automatic reply", "auto_subject", subject="Automatic reply: your feedback"))
case(lambda: _automatic("an empty envelope sender", "null_sender", return_path="<>"))
case(
    lambda: Case(
        "a receipt",
        mixed(text_part("Your message was read."), part("Disposition: automatic", content_type="message/disposition-notification"),
              kind="report; report-type=disposition-notification"),
        own=None, files=("file-1.bin",), verdict="auto_reply", reason="receipt",
    )
)  # fmt: skip
case(
    lambda: Case(
        "a complaint about auto-replies",
        plain(subject=word("自动回复太敷衍了，没人处理")),
        subject="自动回复太敷衍了，没人处理",
    )
)
case(lambda: Case("not automatic, it says", plain(auto_submitted="no")))
case(lambda: Case("the desk's own group", plain(precedence="list", list_id="<service.desk.example>")))
case(lambda: Case("from our own address", plain(**{"from": DESK}), sender=DESK, verdict="loop", reason="own_address"))
case(lambda: Case("a web form in our name", plain(**{"from": DESK, "reply_to": CUSTOMER}), sender=DESK))
case(
    lambda: Case(
        "a shop's robot for its customer",
        plain(**{"from": "no-reply@shop.example", "reply_to": f"张三 <{CUSTOMER}>"}),
        sender="no-reply@shop.example",
    )
)
case(
    lambda: Case(
        "returned mail of somebody else",
        mixed(
            text_part("I'm sorry to have to inform you that your message could not be delivered."),
            part("Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; li@example.cn\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <li@example.cn>: unknown", content_type="message/delivery-status"),
            part(plain(message_id="<not-ours@else.example>"), content_type="message/rfc822"),
            kind="report; report-type=delivery-status", **{"from": "MAILER-DAEMON@mx.example"},
        ),
        sender="mailer-daemon@mx.example", own=None, verdict="bounce", reason="returned",
    )
)  # fmt: skip
case(
    lambda: Case(
        "returned mail as QQ writes it",
        plain("很抱歉，您的邮件被退回。\n收件人不存在 550 5.1.1", subject=word("系统退信", "gbk"), **{"from": "PostMaster@qq.com"}),
        sender="postmaster@qq.com", own=None, verdict="bounce", reason="returned",
    )
)  # fmt: skip
case(
    lambda: Case(
        "mail that is late",
        mixed(
            text_part("Delivery is delayed."),
            part("Reporting-MTA: dns; mx.example\r\n\r\nAction: delayed\r\nStatus: 4.4.7", content_type="message/delivery-status"),
            kind="report; report-type=delivery-status", **{"from": "MAILER-DAEMON@mx.example"},
        ),
        sender="mailer-daemon@mx.example", own=None, verdict="bounce", reason="delayed",
    )
)  # fmt: skip

# Quotations ----------------------------------------------------------------------------------------------------------


def _quoting(name: str, below: str, own: str = TEXT) -> None:
    case(lambda: Case(f"quoted: {name}", plain(f"{own}\n\n{below}"), own=own, quoted=below.strip()))


_OLD = "您的反馈已受理，受理编号 202611-001。"
_quoting(
    "QQ",
    f'------------------ 原始邮件 ------------------\n发件人: "晴川电器" <{DESK}>;\n发送时间: 2026年11月2日\n\n{_OLD}',
)
_quoting("QQ, new", f"---原始邮件---\n发件人：晴川电器\n\n{_OLD}")
_quoting("163", f'在 2026-11-02 10:30:00，"晴川电器" <{DESK}> 写道：\n\n>{_OLD}\n>谢谢')
_quoting("163, english", f'At 2026-11-02 10:30:00, "Desk" <{DESK}> wrote:\n>{_OLD}')
_quoting("gmail", f"晴川电器 <{DESK}> 于2026年11月2日周一 10:30写道：\n\n> {_OLD}")
_quoting("gmail, traditional", f"晴川電器 <{DESK}> 於 2026年11月2日 週一 上午10:30寫道：\n\n> {_OLD}")
_quoting("apple", f"> 在 2026年11月2日，上午10:30，晴川电器 <{DESK}> 写道：\n> \n> {_OLD}")
_quoting(
    "outlook",
    f"________________________________\n发件人: 晴川电器 <{DESK}>\n发送时间: 2026年11月2日 10:30\n收件人: 张三\n主题: 受理单\n\n{_OLD}",
)
_quoting(
    "outlook, english",
    f"From: Desk <{DESK}>\nSent: Monday, 2 November 2026 10:30\nTo: Zhang\nSubject: Receipt\n\n{_OLD}",
)
_quoting(
    "aliyun",
    f"------------------------------------------------------------------\n发件人：晴川电器 <{DESK}>\n日　期：2026年11月02日\n收件人：张三\n主　题：受理单\n\n{_OLD}",
)
_quoting("two lines", f"On Mon, 2 Nov 2026 at 10:30, Desk\n<{DESK}> wrote:\n\n{_OLD}")
_quoting("english marks", f"On Mon, Nov 2, 2026 at 10:30 AM Desk <{DESK}> wrote:\n> {_OLD}\n> Thanks")
_quoting("original message", f"-----Original Message-----\nFrom: Desk\n\n{_OLD}")
case(
    lambda: Case(
        "quoted above the answer",
        plain(f"On Mon, 2 Nov 2026, Desk <{DESK}> wrote:\n> {_OLD}\n\n{TEXT}"),
        quoted=f"On Mon, 2 Nov 2026, Desk <{DESK}> wrote:\n> {_OLD}",
    )
)
case(
    lambda: Case(
        "quoted between answers",
        plain(f"答复如下：\n> 什么型号？\nQC-10\n> 何时购买？\n十月\n\n> 谢谢"),
        own="答复如下：\n> 什么型号？\nQC-10\n> 何时购买？\n十月",
        quoted="> 谢谢",
    )
)  # noqa: F541
case(
    lambda: Case(
        "a customer who quotes the manual",
        plain("说明书第3页写道：\n首次使用须充电12小时。\n但是充不进电。"),
        own="说明书第3页写道：\n首次使用须充电12小时。\n但是充不进电。",
    )
)
case(
    lambda: Case(
        "a customer who tells of a call",
        plain("2026年11月1日我打电话，客服说：\n三天内上门。\n到现在没来。"),
        own="2026年11月1日我打电话，客服说：\n三天内上门。\n到现在没来。",
    )
)
case(lambda: Case("sent from a phone", plain(f"{TEXT}\n\n发自我的iPhone"), own=f"{TEXT}\n\n发自我的iPhone"))
