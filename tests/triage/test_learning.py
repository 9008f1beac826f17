"""The learned model itself: training, reading, storing. No database."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triage.folding import fold
from apps.triage.learning import training
from apps.triage.learning.copies import near_copies
from apps.triage.learning.grams import clause_grams, grams
from apps.triage.learning.linear import LinearModel, impressions
from apps.triage.learning.reader import Reader
from apps.triage.learning.targets import RISK_FROM, Said, Target, evidence, is_sure, keywords_answer, model_answer
from apps.triage.learning.training import Example
from apps.triage.services.learned import judge

NOTHING_SAID = Said("other", 0.0, "none", 0.0, 0.0, False)
_WORDS = {
    "technical": ["屏幕闪烁", "主板烧了", "屏幕黑了", "主板坏了"],
    "logistics": ["包裹丢失", "快件破损", "包裹迟到", "快件丢了"],
}


def examples(said=NOTHING_SAID, repeat=6):
    return [
        Example(f"{word}第{i}次了", label, said)
        for i in range(repeat)
        for label, words in _WORDS.items()
        for word in words
    ]


def read(model, text, said=None):
    reading = Reader({"asked": model}).read(fold(text))
    return reading and reading.likely("asked", said or {})


@pytest.fixture(scope="module")
def model():
    return training.fit(Target.CATEGORY, examples())


@pytest.mark.req("CLS-03")
def test_a_model_tells_texts_apart_that_it_has_not_seen(model):
    likely = read(model, "我的屏幕又闪又黑")

    assert max(likely, key=likely.get) == "technical"
    assert likely["technical"] > 0.8
    assert sum(likely.values()) == pytest.approx(1.0)


def test_a_model_survives_being_stored(model):
    again = LinearModel.from_bytes(model.to_bytes())

    assert again == model


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_bytes_that_are_no_model_are_refused(raw):
    with pytest.raises(ValueError):
        LinearModel.from_bytes(raw)


def test_a_model_says_nothing_of_a_text_it_knows_nothing_of(model):
    assert read(model, "晴") is None
    assert read(model, "the parcel never came") is None
    assert read(model, "") is None


def test_the_loudest_pieces_are_those_of_the_class(model):
    spoke = model.spoke(grams("包裹丢了，屏幕没事"), "logistics")

    assert spoke
    assert all(piece in "包裹丢了，屏幕没事" for piece in spoke)
    assert not any("屏" in piece for piece in spoke)


def test_training_twice_gives_the_same_model(model):
    assert training.fit(Target.CATEGORY, examples()) == model


def test_what_the_keywords_say_is_evidence():
    said = Said("logistics", 0.3, "none", 0.0, 1.0, False)
    told = [Example("这是怎么回事呢", "logistics", said), Example("这是怎么回事呢", "technical", NOTHING_SAID)] * 10

    model = training.fit(Target.CATEGORY, told)

    assert read(model, "这是怎么回事呢", evidence(Target.CATEGORY, said))["logistics"] > 0.6
    assert read(model, "这是怎么回事呢", evidence(Target.CATEGORY, NOTHING_SAID))["technical"] > 0.6


@pytest.mark.req("CLS-03")
def test_a_site_model_keeps_the_classes_and_the_opinion_of_the_shipped_one(model):
    few = [Example(f"电池鼓包{i}", "after_sales", NOTHING_SAID) for i in range(8)]
    few += [Example(f"屏幕闪烁{i}", "technical", NOTHING_SAID) for i in range(8)]

    site = training.fit(Target.CATEGORY, few, model)

    assert set(site.classes) == {"technical", "logistics", "after_sales"}
    likely = read(site, "快件破损，包裹丢失")
    assert max(likely, key=likely.get) == "logistics"
    likely = read(site, "电池鼓包了")
    assert max(likely, key=likely.get) == "after_sales"


def test_an_answer_never_comes_from_a_model_that_knew_the_text():
    alike = examples()
    lies = [Example(e.text, {"technical": "logistics", "logistics": "technical"}[e.label], e.said) for e in alike]

    answers = training.cross_validate(Target.CATEGORY, lies + alike, [0] * len(lies) + [1] * len(alike))

    wrong = [a.label != e.label for a, e in zip(answers, lies + alike, strict=True)]
    assert sum(wrong) > 0.8 * len(wrong)  # each half was answered by what the other half taught


def test_a_text_stands_in_one_part_only():
    twice = examples() + examples()

    parts = training.parts(twice)

    assert parts[: len(parts) // 2] == parts[len(parts) // 2 :]


@pytest.mark.parametrize(
    ("none", "safety", "legal", "label"),
    [(0.9, 0.06, 0.04, "none"), (0.75, 0.2, 0.05, "safety"), (0.6, 0.1, 0.3, "legal")],
)
def test_a_risk_is_flagged_from_a_low_probability_on(none, safety, legal, label):
    assert RISK_FROM == 0.2
    assert model_answer(Target.RISK, {"none": none, "safety": safety, "legal": legal}, NOTHING_SAID).label == label


@pytest.mark.req("CLS-03")
def test_a_model_is_asked_only_where_the_keywords_are_unsure(model):
    class Untouchable(Reader):
        def read(self, *args):
            raise AssertionError("a model was asked")

    sure = Said("technical", 0.8, "none", 0.0, 9.0, True)
    found = judge(Untouchable({"category": model}), "包裹丢失", sure, {"technical", "logistics"})

    assert (found.category, found.confidence, found.asked) == ("technical", 0.8, False)
    assert is_sure(Target.CATEGORY, sure) and is_sure(Target.RISK, sure) and is_sure(Target.SENTIMENT, sure)
    assert not is_sure(Target.CATEGORY, sure._replace(clear=False))


def test_a_model_decides_where_keywords_are_unsure_and_shows_its_pieces(model):
    found = judge(Reader({"category": model}), fold("包裹丢失"), NOTHING_SAID, {"technical", "logistics"})

    assert found.category == "logistics"
    assert found.confidence > 0.7
    assert found.category_pieces and found.asked


def test_a_category_that_was_retired_is_not_answered(model):
    found = judge(Reader({"category": model}), "包裹丢失", NOTHING_SAID, {"technical"})

    assert (found.category, found.category_pieces) == ("other", ())


def test_keywords_stand_alone_without_models():
    said = Said("technical", 0.4, "legal", 2.0, 1.0, False)

    found = judge(Reader({}), "随便", said, {"technical"})

    assert (found.category, found.confidence, found.risk, found.sentiment) == ("technical", 0.4, "legal", 0.25)
    assert keywords_answer(Target.SENTIMENT, said).label == "positive"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    pieces = grams(fold(text))

    assert all(1 <= len(piece) <= 3 for piece in pieces)


def test_numbers_are_not_learned():
    assert grams("电话13812345678") == grams("电话98765432199")


def test_reading_does_not_load_the_training_library():
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'feedback_system.settings.test'; django.setup();"
        "import apps.triage.services.classify, apps.triage.tasks; print('sklearn' in sys.modules, 'numpy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


@pytest.mark.req("CLS-03")
def test_a_model_that_hardly_knows_does_not_overrule_a_keyword():
    likely = {"technical": 0.35, "logistics": 0.33, "price": 0.32}
    unsure = Said("price", 0.4, "none", 0.0, 0.0, False)

    assert model_answer(Target.CATEGORY, likely, unsure) == ("price", 0.4)
    assert model_answer(Target.CATEGORY, likely, NOTHING_SAID) == ("technical", 0.35)


@pytest.mark.req("CLS-03")
def test_a_model_does_not_overrule_a_category_that_it_hardly_learned(model):
    likely = {"technical": 0.9, "logistics": 0.1}
    unsure = Said("billing", 0.4, "none", 0.0, 0.0, False)

    assert (model.counts, model.knows("billing"), model.knows("technical")) == ((24, 24), False, False)
    assert model_answer(Target.CATEGORY, likely, unsure, knows=False) == ("billing", 0.4)
    assert model_answer(Target.CATEGORY, likely, unsure) == ("technical", 0.9)


TONES = {
    "positive": ["做工很好", "非常满意", "喜欢这个颜色", "物超所值", "推荐大家买"],
    "negative": ["质量太差", "非常失望", "掉色严重", "又贵又难用", "再也不买了"],
}


@pytest.fixture(scope="module")
def tone_model():
    texts = [
        Example(fold(f"{one}，{other}{i}"), label, NOTHING_SAID)
        for label, clauses in TONES.items()
        for i in range(4)
        for one in clauses
        for other in clauses
    ]
    return training.fit(Target.SENTIMENT, texts)


@pytest.mark.req("CLS-03")
def test_the_tone_is_read_clause_by_clause(tone_model):
    mild = read(tone_model, "质量太差，非常失望，掉色严重")["negative"]
    mixed = read(tone_model, "质量太差，非常满意，喜欢这个颜色")["negative"]

    assert len(tone_model.clauses) == len(impressions(0.0, [0.0]))
    assert mild > 0.8 > 0.5 > mixed


def test_a_model_that_reads_clauses_survives_being_stored(tone_model):
    again = LinearModel.from_bytes(tone_model.to_bytes())

    assert again == tone_model
    assert read(again, "质量太差，但是很好看") == read(tone_model, "质量太差，但是很好看")


def test_training_the_tone_twice_gives_the_same_model(tone_model):
    texts = [Example(f"{c}{i}", label, NOTHING_SAID) for label, cs in TONES.items() for c in cs for i in range(4)]

    assert training.fit(Target.SENTIMENT, texts) == training.fit(Target.SENTIMENT, texts)


def test_models_that_read_together_answer_as_each_alone(model, tone_model):
    together = Reader({"category": model, "sentiment": tone_model})

    for text in ("包裹丢了，质量太差", "屏幕闪烁", "非常满意，喜欢这个颜色，推荐大家买", "晴"):
        reading = together.read(fold(text))
        assert reading.likely("category", {}) == read(model, text), text
        assert reading.likely("sentiment", {}) == read(tone_model, text), text
        assert reading.likely("risk", {}) is None


@given(st.text(alphabet="包裹丢失屏幕闪质量太差满意，。 !1a", max_size=60))
def test_adding_up_large_numbers_gives_the_plain_sums(model, tone_model, text):
    """What `Reader` does in one pass, done here piece by piece."""
    reading = Reader({"category": model, "sentiment": tone_model}).read(fold(text))
    found = [model.index[piece] for piece in set(grams(fold(text))) if piece in model.index]
    if reading is None or len(found) < 2:
        return
    squares = sum(model.squares[i] for i in found)
    rows = [sum(codes[i] for i in found) for codes in model.weights]

    assert reading.likely("category", {}) == model.likely(model.margins([len(found), squares, *rows]), {})


def test_a_word_typed_a_hundred_times_does_not_outshout_the_others(model):
    once, often = read(model, "屏幕闪烁，包裹丢"), read(model, "屏幕闪烁，包裹丢" + "丢" * 100)

    assert often["logistics"] - once["logistics"] < 0.1


def test_clauses_end_at_punctuation_and_spaces():
    assert [
        "".join(piece for piece in each if len(piece) == 1) for each in clause_grams(fold("很好，但是 太贵了！差"))
    ] == [
        "很好",
        "但是",
        "太贵了",
    ]


def test_a_clause_counts_for_one_at_most():
    loud, _, *_ = impressions(0.0, [9.0, -0.5, -0.5])
    total = impressions(0.0, [9.0, -0.5, -0.5])[1]

    assert loud == 0.0
    assert 0 < total < 1 / 3**0.5


def test_a_model_stored_before_clauses_were_read_is_still_read(model):
    import json
    import zlib

    raw = zlib.decompress(model.to_bytes())
    size = int.from_bytes(raw[:4], "big")
    head = json.loads(raw[4 : 4 + size])
    del head["clauses"]
    older = json.dumps({**head, "format": 3}, ensure_ascii=False).encode()
    stored = zlib.compress(len(older).to_bytes(4, "big") + older + raw[4 + size :])

    assert LinearModel.from_bytes(stored) == model


def test_a_text_that_differs_by_commas_and_digits_is_a_copy():
    known = [fold("外观设计较好，做工细致，电池续航能力较强，娱乐功能较好！"), fold("快递三天才到")]
    asked = [
        "1.外观设计较好 做工细致 2.电池续航能力较强 3.娱乐功能较好",
        "快递三天才到！！",
        "电池续航能力不行，别买",
        "",
    ]

    assert near_copies(list(map(fold, asked)), known) == [True, True, False, False]
