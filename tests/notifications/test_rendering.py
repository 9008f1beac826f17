"""Texts: what may be saved, what comes out, and that nothing filled in can do harm (INT-10, SUR-01, HND-06)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy as _
from hypothesis import given
from hypothesis import strategies as st

from apps.core.vocabulary import Language
from apps.notifications import rendering, shipped
from apps.notifications.catalogue import MESSAGE_TYPES, placeholders
from apps.notifications.states import MessageChannel

ACKNOWLEDGEMENT = {
    "number": "202405-001",
    "kind": _("Complaint"),
    "received_at": datetime(2024, 5, 11, 1, 30, tzinfo=UTC),
    "reply_by": "",
    "contact": "400-820-0000",
    "link": "https://service.example.com/t/abc",
}
RESULT = {
    "number": "202405-001",
    "solution": "免费更换电池",
    "handler": "李*（工号 1024）",
    "contact": "400-820-0000",
    "link": "https://service.example.com/t/abc",
}


def body(code, channel, context, *, text=None, language="zh-hans"):
    words = shipped.texts()[shipped.Key(code, channel, language)]
    return rendering.render(code, channel, words.subject, text or words.body, context, language=language).body


def codes(code, channel, subject, text):
    return [(error.field, error.code) for error in rendering.check(code, channel, subject, text)]


@pytest.mark.parametrize("key", shipped.texts(), ids=lambda key: "-".join(key))
def test_every_shipped_text_passes_its_own_check_and_renders(key):
    text = shipped.texts()[key]

    assert rendering.check(key.code, key.channel, text.subject, text.body) == []
    shown = rendering.preview(key.code, key.channel, text.subject, text.body, language=key.language)
    assert "{" not in shown.body + shown.subject
    assert bool(shown.subject) == (key.channel == MessageChannel.EMAIL)
    if key.channel == MessageChannel.SMS:
        assert len(shown.body) <= rendering.SMS_MAX_CHARACTERS


@pytest.mark.req("HND-07")
def test_every_message_is_shipped_in_every_channel_and_language():
    wanted = {
        (kind.code, channel, language)
        for kind in MESSAGE_TYPES.values()
        for channel in kind.channels
        for language in Language.values
    }

    assert {tuple(key) for key in shipped.texts()} == wanted


def test_traditional_texts_hold_no_simplified_characters():
    simplified = set("单发门处请专属链转线户务态确认写补图记录仅应办结题务联系对还给关进续闭访")
    for key, text in shipped.texts().items():
        if key.language == Language.ZH_HANT:
            assert not simplified & set(text.subject + text.body), key


@pytest.mark.req("INT-10")
def test_acknowledgement_has_number_link_and_local_time():
    text = body("acknowledgement", "email", ACKNOWLEDGEMENT)

    assert "受理编号 202405-001" in text
    assert "https://service.example.com/t/abc" in text
    assert "受理时间：2024-05-11 09:30" in text
    assert "反馈类型：投诉" in text


def test_a_line_whose_placeholders_are_all_empty_is_left_out():
    assert "答复时限" not in body("acknowledgement", "email", ACKNOWLEDGEMENT)
    assert "答复时限：明天" in body("acknowledgement", "email", {**ACKNOWLEDGEMENT, "reply_by": "明天"})


def test_labels_speak_the_language_of_the_message():
    assert "Kind: Complaint" in body("acknowledgement", "email", ACKNOWLEDGEMENT, language="en")


@pytest.mark.req("SUR-01")
def test_result_notice_names_solution_masked_handler_and_contact():
    text = body("result_notice", "sms", RESULT)

    assert "免费更换电池" in text
    assert "李*（工号 1024）" in text
    assert "400-820-0000" in text


@pytest.mark.req("SUR-02")
def test_survey_by_sms_says_how_to_answer_with_a_figure():
    text = body("survey", "sms", {"number": "1", "contact": "", "link": "https://x"})

    for words in ("5非常满意", "4满意", "3一般", "2不满意", "1非常不满意"):
        assert words in text


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("{0.__class__}", "notifications.stray_brace"),
        ("{number.__class__.__mro__}", "notifications.stray_brace"),
        ("{number!r}", "notifications.stray_brace"),
        ("{number:>1000000000}", "notifications.stray_brace"),
        ("{number[0]}", "notifications.stray_brace"),
        ("{}", "notifications.stray_brace"),
        ("{{number}}", "notifications.stray_brace"),
        ("{{ settings.SECRET_KEY }}", "notifications.stray_brace"),
        ("{% load secrets %}", "notifications.stray_brace"),
        ("{ number }", "notifications.stray_brace"),
        ("{number", "notifications.stray_brace"),
        ("number}", "notifications.stray_brace"),
        ("{__class__}", "notifications.unknown_placeholder"),
        ("{solution}", "notifications.unknown_placeholder"),
        ("{nummer}", "notifications.unknown_placeholder"),
    ],
)
def test_a_text_with_anything_but_known_placeholders_is_refused(attack, code):
    found = codes("acknowledgement", "sms", "", "{number} {link} " + attack)

    assert found
    assert {problem for _field, problem in found} == {code}


def test_the_error_names_the_wrong_placeholder_and_lists_the_known_ones():
    (error,) = rendering.check("acknowledgement", "sms", "", "{number} {link} {nummer}")

    assert error.field == "body"
    assert "{nummer}" in error.words
    assert "{received_at}" in error.words


def test_signs_of_other_template_languages_are_just_text():
    text = "%(number)s $number <b>%s</b> ${x} {number} {link}".replace("${x}", "$x")

    assert codes("acknowledgement", "sms", "", text) == []
    assert body("acknowledgement", "sms", ACKNOWLEDGEMENT, text=text).startswith("%(number)s $number <b>%s</b> $x 2024")


@pytest.mark.parametrize("value", ["{link}", "{0.__class__}", "%(link)s", "\\1 \\g<0>", "{number!r:>9999}"])
def test_what_is_filled_in_is_never_read_as_a_placeholder(value):
    text = body("result_notice", "email", {**RESULT, "solution": value})

    assert value in text


def test_a_subject_takes_no_private_values():
    found = codes(
        "result_notice",
        "email",
        "{solution} {link} {recipient_name} {number}",
        "{number}{solution}{handler}{contact}{link}",
    )

    assert found == [("subject", "notifications.private_in_subject")] * 3


def test_what_the_receiver_needs_may_not_be_left_out():
    assert codes("acknowledgement", "sms", "", "{number}") == [("body", "notifications.placeholder_missing")]
    assert codes("acknowledgement", "phone", "", "{number}") == []
    assert codes("survey", "email", "x", "no link for {number}") == [("body", "notifications.placeholder_missing")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "core.required"),
        (" \n ", "core.required"),
        ("x" * 4001, "core.too_long"),
        ("a\0b", "core.control_characters"),
        ("\ud800", "core.control_characters"),
    ],
)
def test_bad_texts_are_named(text, code):
    assert ("body", code) in codes("assigned", "in_app", "", text)


def test_a_context_with_a_gap_is_the_callers_mistake():
    with pytest.raises(ValueError, match="solution"):
        body("result_notice", "sms", {**{k: v for k, v in RESULT.items() if k != "solution"}})


@pytest.mark.parametrize("value", [object(), ["a"], {"a": 1}, b"bytes", 1.5])
def test_only_plain_values_are_written(value):
    with pytest.raises(TypeError):
        body("result_notice", "sms", {**RESULT, "solution": value})


def test_plain_values_are_written_plainly():
    assert rendering.plain(Decimal("12.50")) == "12.50"
    assert rendering.plain(None) == ""
    assert rendering.plain(datetime(2024, 12, 31, 16, 5, tzinfo=UTC)) == "2025-01-01 00:05"


def test_direction_marks_and_control_characters_are_stripped_and_emoji_stay():
    nasty = "张\u202e三\u2066\u200f \0\x1b[31m👨‍👩‍👧 é\ud800\r\n第二行"

    assert rendering.plain(nasty) == "张三 [31m👨‍👩‍👧 é\n第二行"


def test_a_subject_is_one_line():
    shown = rendering.render(
        "acknowledgement",
        "email",
        "{number}",
        "x",
        {**ACKNOWLEDGEMENT, "number": "1\r\nBcc: a@example.com"},
        language="en",
    )

    assert shown.subject == "1 Bcc: a@example.com"


def test_a_long_solution_keeps_its_length_in_mail_and_is_shortened_in_an_sms():
    solution = "更换主板并重新测试。" * 2000

    assert solution in body("result_notice", "email", {**RESULT, "solution": solution})
    text = body("result_notice", "sms", {**RESULT, "solution": solution})
    assert len(text) == rendering.SMS_MAX_CHARACTERS
    assert "…" in text
    assert text.endswith("https://service.example.com/t/abc")


@given(st.text(max_size=400), st.integers(10, 60))
def test_clip_never_exceeds_and_never_ends_within_a_joined_emoji(text, limit):
    clipped = rendering.clip(text, limit)

    assert len(clipped) <= limit
    assert clipped == text or (clipped.endswith("…") and not clipped[:-1].endswith("\u200d"))


def test_clip_leaves_a_family_whole():
    assert rendering.clip("买了👨‍👩‍👧坏了坏了坏了", 6) == "买了…"


@given(st.text(max_size=300))
def test_whatever_is_filled_in_the_text_can_be_stored(value):
    text = body("result_notice", "email", {**RESULT, "solution": value})

    text.encode()
    assert "\0" not in text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("好" * 134, 2),
        ("好" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_short_messages_are_counted_as_the_networks_do(text, parts):
    assert rendering.sms_parts(text) == parts


def test_placeholders_of_an_older_text_stay_visible():
    shown = rendering.render(
        "assigned", "in_app", "", "{number} {gone}", dict.fromkeys(placeholders("assigned"), "x"), language="en"
    )

    assert shown.body == "x {gone}"
