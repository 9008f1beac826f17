"""Whatever comes in is classified: the intake must never fail over a text."""

import json
import time

import pytest

from apps.core.vocabulary import Demand, Risk
from apps.triage.services.classify import READS_CHARACTERS, classify
from apps.triage.services.score import ScoreFacts, score

pytestmark = pytest.mark.django_db

ODD = {
    "empty": "",
    "white space": " \t\r\n　",
    "one character": "差",
    "emoji": "😡😡😡👎💔",
    "joined emoji": "👨‍👩‍👧‍👦🏳️‍🌈",
    "Latin": "The parcel never arrived and nobody answers the phone!",
    "Japanese": "荷物がまだ届きません。返金してください。",
    "control characters": "\x00\x01\x1b[31m无法开机\x7f\u200b\u202e",
    "half a surrogate": "无法开机\ud83d",
    "digits": "13812345678" * 50,
    "punctuation": "！！！？？？……。。。，，，",
    "markup": "<script>alert(1)</script>'; DROP TABLE triage_keyword; --",
    "broken encoding": "æ— æ³•å¼€æœº\ufffd\ufffd",
    "combining": "e\u0301" * 200,
    "the same word": "退款" * 5000,
    "a megabyte": "物流太慢了，一直没有收到货。" * 25_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_any_text_has_an_answer_in_the_vocabulary(text):
    found = classify(text)

    assert found.category_id is not None
    assert 0 <= found.confidence <= 1
    assert -1 <= found.sentiment <= 1
    assert found.risk in Risk.values
    assert found.demand in Demand.values
    assert 0 <= score(ScoreFacts(risk=found.risk, sentiment=found.sentiment)).score <= 100
    json.dumps(found.as_json()).encode()
    assert all(text[hit.start : hit.start + len(hit.text)] for hit in found.hits)


def test_nothing_said_is_other_without_confidence():
    for name in ("empty", "white space", "emoji", "punctuation", "Latin"):
        found = classify(ODD[name])
        assert (found.category, found.confidence, found.risk) == ("other", 0.0, "none"), name


def test_only_the_beginning_of_a_very_long_text_is_read():
    before = time.process_time()
    long = classify("好" * READS_CHARACTERS + "漏电" * 300_000)

    assert long.risk == Risk.NONE
    assert time.process_time() - before < 60  # no runaway; how fast it is, is measured by script/bench


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("買的熱水器漏電，要求退款", "买的热水器漏电，要求退款"),
        ("快遞員態度惡劣，物流延遲", "快递员态度恶劣，物流延迟"),
        ("發票開錯了，請重開", "发票开错了，请重开"),
        ("味道怪怪的，吃完一直拉肚子", "味道怪怪的，吃完一直拉肚子"),
    ],
)
def test_traditional_characters_read_like_simplified_ones(traditional, simplified):
    one, other = classify(traditional), classify(simplified)

    assert (one.category, one.confidence, one.risk, one.demand) == (
        other.category,
        other.confidence,
        other.risk,
        other.demand,
    )


def test_full_width_letters_read_like_narrow_ones():
    assert classify("ＡＰＰ闪退").category == classify("app闪退").category == "technical"
