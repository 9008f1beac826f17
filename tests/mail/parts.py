"""Odd mails: their parts and files, and mail that no person wrote."""

import io
import zipfile

from tests.mail.writing import (
    CUSTOMER,
    DESK,
    PHOTO,
    TEXT,
    Case,
    case,
    file_part,
    head,
    mixed,
    multi,
    part,
    photo,
    plain,
    text_part,
    word,
)

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
        mixed(text_part(), file_part(b"\x30\x80", "application/pkcs7-signature", content_disposition="attachment"), kind="signed"),
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
            part(
                "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; li@example.cn\r\nAction: failed\r\n"
                "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <li@example.cn>: unknown",
                content_type="message/delivery-status",
            ),
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
