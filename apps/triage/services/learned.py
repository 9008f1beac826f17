"""What the learned models add to the keywords' reading of a text (CLS-03). Pure: no query, the same in training.

They are asked only where the keywords say nothing, disagree among themselves, or leave the tone open.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from apps.triage.learning.reader import Reader, Reading
from apps.triage.learning.targets import CLEAR_TONE, NO_RISK, POSITIVE, Answer, Said, Target, evidence, model_answer

_CATEGORY, _RISK, _SENTIMENT = Target.CATEGORY.value, Target.RISK.value, Target.SENTIMENT.value


class Judgement(NamedTuple):
    """Keywords and models together; `category` is the top of a branch, `confidence` how sure that is.

    The pieces of the text that spoke loudest are given where a model decided otherwise than the keywords.
    """

    category: str
    confidence: float
    category_pieces: tuple[str, ...]
    risk: str
    risk_pieces: tuple[str, ...]
    sentiment: float
    asked: bool  # whether a model had a say in the category

    @property
    def pieces(self) -> bool:
        """Whether a model decided otherwise than the keywords, and shows by what."""
        return bool(self.category_pieces or self.risk_pieces)


def judge(reader: Reader, folded: str, said: Said, categories: Container[str]) -> Judgement:
    """What to make of a folded text. Without models, or in a text that is not Chinese, the keywords stand alone."""
    tone = said.tone
    open_tone = abs(tone) < CLEAR_TONE
    reading = reader.read(folded) if open_tone or not said.clear else None
    if reading is None:
        return Judgement(said.category, said.confidence, (), said.risk, (), round(tone, 3), False)
    found = _ask(reader, reading, _CATEGORY, said) if not said.clear else None
    if found is not None and found.label not in categories:  # retired since the model was trained
        found = None
    category, confidence = found or (said.category, said.confidence)
    danger = _ask(reader, reading, _RISK, said) if said.risk == NO_RISK else None
    risk = danger.label if danger else said.risk
    feeling = _ask(reader, reading, _SENTIMENT, said) if open_tone else None
    return Judgement(
        category,
        round(confidence, 3),
        reading.spoke(_CATEGORY, category) if category != said.category else (),
        risk,
        reading.spoke(_RISK, risk) if risk != said.risk else (),
        round(_tone(feeling) if feeling else tone, 3),
        found is not None,
    )


def _ask(reader: Reader, reading: Reading, target: str, said: Said) -> Answer | None:
    """The model's answer to its question; None where there is no model or it knows nothing of the text."""
    likely = reading.likely(target, evidence(target, said))
    if likely is None:
        return None
    return model_answer(target, likely, said, knows=reader.models[target].knows(said.category))


def _tone(found: Answer) -> float:
    return found.confidence * 2 - 1 if found.label == POSITIVE else 1 - found.confidence * 2
