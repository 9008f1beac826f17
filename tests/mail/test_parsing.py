"""Every odd mail is read for what it says (INT-09)."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.feedback.mail import charsets, headers, html, quoting
from apps.feedback.mail.parsing import Limits, parse
from tests.mail import corpus

CASES = corpus.all_cases()


def test_the_corpus_is_large_and_every_case_is_another_mail():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len({case.raw for case in CASES}) == len(CASES)


@pytest.mark.req("INT-09")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_odd_mail_is_read(case):
    mail = parse(case.raw)

    if case.own is not None:
        assert mail.own == case.own
        assert mail.quoted == case.quoted
    if case.subject is not None:
        assert mail.subject == case.subject
    if case.sender_name is not None:
        assert mail.sender.name == case.sender_name
    if case.language is not None:
        assert mail.language == case.language
    if case.files is not None:
        assert tuple(file.name for file in mail.attachments) == case.files
    assert mail.sender.email == case.sender
    assert mail.left_out == case.left_out
    assert (mail.automatic or "") == (case.reason if case.verdict == "auto_reply" else mail.automatic or "")
    assert (mail.bounce is not None) == (case.verdict == "bounce")
    assert "\x00" not in mail.text


@pytest.mark.req("INT-09")
def test_fifty_megabytes_take_no_more_memory_than_their_size_a_few_times_over():
    raw = next(case.raw for case in CASES if case.name == "fifty megabytes")
    tracemalloc.start()
    try:
        mail = parse(raw)
        after_reading = tracemalloc.get_traced_memory()[1]
        content = mail.attachments[0].content()
        after_decoding = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(content) == 37_500_000
    assert after_reading < len(raw) // 10
    assert after_decoding < len(raw) * 4


def test_what_is_looked_at_is_bounded():
    many = corpus.mixed(
        *[corpus.file_part(b"x", content_disposition=f"attachment; filename={i}.txt") for i in range(50)]
    )

    few = parse(many, Limits(parts=10))
    fewer = parse(many, Limits(attachments=5))
    short = parse(corpus.plain("坏" * 1_000), Limits(text=100))

    assert (len(few.attachments), few.left_out) == (10, ("parts",))
    assert (len(fewer.attachments), fewer.left_out) == (5, ("attachments",))
    assert (short.text, short.left_out) == ("坏" * 100, ("text",))


def test_one_mail_by_two_ways_has_one_digest():
    mail = corpus.plain(message_id="<one@example.cn>")
    other_way = b"Received: from a by b\r\nDelivered-To: other@desk.example\r\n" + mail

    assert parse(mail).digest == parse(other_way).digest
    assert parse(mail).digest != parse(mail + b"!").digest
    assert parse(mail).digest != parse(corpus.plain(message_id="<two@example.cn>")).digest


# Properties -------------------------------------------------------------------------------------------------------------

# fmt: off
_LINES = st.sampled_from(
    [
        b"From: =?gbk?B?1cXI/Q==?= <a@b.cn>",
        b"Subject: =?utf-8?Q?=E5=9D?= =?x?b?!!?=",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/alternative; boundary=\"b",
        b"Content-Type: text/html; charset=gb2312",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: uuencode",
        b"Content-Disposition: attachment; filename*0*=gbk''%B7; filename*1=x",
        b"Content-Type: multipart/report; report-type=delivery-status",
        b"Content-Type: message/delivery-status",
        b"Status: 5.1.1",
        b"Message-ID: <>",
        b"References: <a@b> <c",
        b"Auto-Submitted: auto-replied",
        b"--b",
        b"--b--",
        b"",
        b"<div><table><tr><td>\xc4\xe3<script>",
        b"> \xe4\xbd\xa0",
        b"\xd4\xda 2026-11-02 <a@b> \xd0\xb4\xb5\xc0\xa3\xba",
        b"Date: Mon, 2 Nov 2026 25:61:00 +9900",
        b"Return-Path: <>",
        b"List-Id: <",
        b"begin 644 x\nM!!",
        b"\x00\xff\xfe",
    ]
)
# fmt: on


def _whole(mail) -> None:
    """What every reading owes, whatever was read."""
    mail.text.encode("utf-8")
    mail.subject.encode("utf-8")
    assert "\x00" not in mail.text + mail.subject + mail.sender.name + mail.sender.email
    assert "\n" not in mail.subject + mail.sender.name
    assert len(mail.attachments) <= Limits().attachments
    for file in mail.attachments:
        assert isinstance(file.content(), bytes)
        assert file.name and "\n" not in file.name and "\x00" not in file.name


@pytest.mark.req("INT-09")
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(raw):
    _whole(parse(raw))


@pytest.mark.req("INT-09")
@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(_LINES, st.binary(max_size=40)), max_size=60), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_heap_of_mail_parts_is_read(lines, end):
    _whole(parse(end.join(lines)))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_any_damage_to_an_odd_mail_is_survived(case, data):
    raw = case.raw[:20_000]
    at = data.draw(st.integers(0, len(raw)))
    until = data.draw(st.integers(at, min(len(raw), at + 200)))
    _whole(parse(raw[:at] + data.draw(st.binary(max_size=30)) + raw[until:]))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=500))
def test_a_quotation_takes_nothing_away(text):
    own, quoted = quoting.split(text)

    kept = own + quoted
    assert sorted(text.split()) == sorted(kept.split()) or sorted("".join(text.split())) == sorted(
        "".join(kept.split())
    )


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=200))
def test_utf_8_under_its_own_name_is_read_exactly(text):
    assert charsets.to_text(text.encode(), "utf-8") == text.removeprefix("\ufeff") or "\ufeff" in text


_WORDS = [
    "吸尘器",
    "冰箱",
    "净水机",
    "坏了",
    "漏水",
    "异味",
    "不制冷",
    "退货",
    "退款",
    "换新",
    "客服",
    "三天",
    "电话",
    "没有人接",
    "请尽快",
    "处理",
    "谢谢",
    "师傅",
    "上门",
    "维修",
    "发票",
    "订单",
    "快递",
    "破损",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), min_size=2, max_size=40).map("，".join))
def test_chinese_is_read_whatever_its_label(text):
    for label in ("", "gbk", "utf-8", "iso-8859-1", "us-ascii", "nonsense"):
        assert charsets.to_text(text.encode("gbk"), label) == text
        assert charsets.to_text(text.encode("utf-8"), label) == text


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_html_and_any_header_are_read(markup, value):
    html.to_text(markup)
    html.to_text(f"<div><p>{markup}</p>")
    headers.decode(value)
