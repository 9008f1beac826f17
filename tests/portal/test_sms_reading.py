"""SUR-02: what customers write back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.feedback.services.sms_reading import Command, read

pytestmark = pytest.mark.req("SUR-02")


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [
        ("5", 5, ""),
        ("５", 5, ""),
        (" 4 ", 4, ""),
        ("⑤", 5, ""),
        ("5分", 5, ""),
        ("5星", 5, ""),
        ("五分", 5, ""),
        ("二", 2, ""),
        ("5。", 5, ""),
        ("【5】", 5, ""),
        ("(3)", 3, ""),
        ("回复5", 5, ""),
        ("我打4分", 4, ""),
        ("评分：3", 3, ""),
        ("5 师傅很专业", 5, "师傅很专业"),
        ("1，太慢了", 1, "太慢了"),
        ("5很好", 5, "很好"),
        ("2分，配件还没到", 2, "配件还没到"),
        ("５，服務很好", 5, "服務很好"),
        ("满意", 4, ""),
        ("滿意", 4, ""),
        ("非常满意！", 5, ""),
        ("非常不满意，没人管", 1, "没人管"),
        ("不满意", 2, ""),
        ("不太满意 还在漏水", 2, "还在漏水"),
        ("一般", 3, ""),
        ("一般般。", 3, ""),
        ("5. Great service", 5, "Great service"),
        ("Very satisfied", 5, ""),
        ("5/5", 5, ""),
        ("4 stars", 4, ""),
    ],
)
def test_scores_are_read_in_the_ways_people_write_them(text, score, comment):
    reading = read(text)

    assert (reading.score, reading.comment) == (score, comment)
    assert reading.command is None


@pytest.mark.parametrize(
    "text",
    [
        "4天了还没人来",
        "5个工作日都过了",
        "10",
        "10分",
        "100分",
        "55555",
        "0",
        "6",
        "4-5",
        "4,5",
        "3q",
        "3点给我回电话",
        "2号来修的",
        "一直没人来",
        "一台还没修",
        "还没修好",
        "满意度调查是什么",
        "？",
        "",
        "你们是谁",
        "-1",
        "1.5",
    ],
)
def test_what_is_not_clearly_a_score_is_none(text):
    assert read(text).score is None


@pytest.mark.parametrize("text", ["TD", "td", "T", "退订", "退訂", "ＴＤ", "STOP", "Stop.", "取消订阅"])
def test_stop_words(text):
    assert read(text).command is Command.STOP


@pytest.mark.parametrize("text", ["恢复", "恢復", "START"])
def test_resume_words(text):
    assert read(text).command is Command.RESUME


@pytest.mark.parametrize("text", ["5 202605-001", "202605-001 5", "202605-001：5分", "202605-001 非常满意"])
def test_the_number_of_the_ticket_may_stand_beside_the_score(text):
    reading = read(text)

    assert (reading.score, reading.number) == (5, "202605-001")


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_exception_and_no_score_lies_outside_the_scale(text):
    reading = read(text)

    assert reading.score in (None, 1, 2, 3, 4, 5)
    assert reading.command is None or reading.score is None
