"""The learned model itself: training, reading, storing. No database."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triage.folding import fold
from apps.triage.learning import training
from apps.triage.learning.grams import grams
from apps.triage.learning.linear import LinearModel
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


@pytest.fixture(scope="module")
def model():
    return training.fit(Target.CATEGORY, examples())


@pytest.mark.req("CLS-03")
def test_a_model_tells_texts_apart_that_it_has_not_seen(model):
    likely = model.read(grams("我的屏幕又闪又黑"), {})

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
    assert model.read(grams("晴"), {}) is None
    assert model.read(grams("the parcel never came"), {}) is None
    assert model.read([], {}) is None


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

    assert model.read(grams("这是怎么回事呢"), evidence(Target.CATEGORY, said))["logistics"] > 0.6
    assert model.read(grams("这是怎么回事呢"), evidence(Target.CATEGORY, NOTHING_SAID))["technical"] > 0.6


@pytest.mark.req("CLS-03")
def test_a_site_model_keeps_the_classes_and_the_opinion_of_the_shipped_one(model):
    few = [Example(f"电池鼓包{i}", "after_sales", NOTHING_SAID) for i in range(8)]
    few += [Example(f"屏幕闪烁{i}", "technical", NOTHING_SAID) for i in range(8)]

    site = training.fit(Target.CATEGORY, few, model)

    assert set(site.classes) == {"technical", "logistics", "after_sales"}
    likely = site.read(grams("快件破损，包裹丢失"), {})
    assert max(likely, key=likely.get) == "logistics"
    likely = site.read(grams("电池鼓包了"), {})
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
    class Untouchable(dict):
        def get(self, *args):
            raise AssertionError("a model was asked")

    sure = Said("technical", 0.8, "none", 0.0, 9.0, True)
    found = judge(Untouchable({"category": model}), "包裹丢失", sure, {"technical", "logistics"})

    assert (found.category, found.confidence, found.asked) == ("technical", 0.8, False)
    assert is_sure(Target.CATEGORY, sure) and is_sure(Target.RISK, sure) and is_sure(Target.SENTIMENT, sure)
    assert not is_sure(Target.CATEGORY, sure._replace(clear=False))


def test_a_model_decides_where_keywords_are_unsure_and_shows_its_pieces(model):
    found = judge({"category": model}, fold("包裹丢失"), NOTHING_SAID, {"technical", "logistics"})

    assert found.category == "logistics"
    assert found.confidence > 0.7
    assert found.category_pieces and found.asked


def test_a_category_that_was_retired_is_not_answered(model):
    found = judge({"category": model}, "包裹丢失", NOTHING_SAID, {"technical"})

    assert (found.category, found.category_pieces) == ("other", ())


def test_keywords_stand_alone_without_models():
    said = Said("technical", 0.4, "legal", 2.0, 1.0, False)

    found = judge({}, "随便", said, {"technical"})

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
