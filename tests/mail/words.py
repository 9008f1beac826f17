"""Odd mails: charsets, headers, encodings, HTML, quotations."""

import base64
import binascii

from tests.mail.writing import (
    CUSTOMER,
    DESK,
    TEXT,
    TRADITIONAL,
    Case,
    b64,
    case,
    head,
    mixed,
    part,
    photo,
    plain,
    text_part,
    word,
)

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
    f"{'-' * 66}\n发件人：晴川电器 <{DESK}>\n日　期：2026年11月02日\n收件人：张三\n主　题：受理单\n\n{_OLD}",
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
        plain("答复如下：\n> 什么型号？\nQC-10\n> 何时购买？\n十月\n\n> 谢谢"),
        own="答复如下：\n> 什么型号？\nQC-10\n> 何时购买？\n十月",
        quoted="> 谢谢",
    )
)
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
