"""What the learned models add to the keywords' reading of a text (CLS-03). Pure: no query, the same in training.

They are asked only where the keywords say nothing, disagree among themselves, or leave the tone open.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from apps.triage.learning.grams import grams
from apps.triage.learning.linear import LinearModel
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


def judge(models: Mapping[str, LinearModel], folded: str, said: Said, categories: Container[str]) -> Judgement:
    """What to make of a folded text. Without models, or in a text that is not Chinese, the keywords stand alone."""
    tone = said.tone
    open_tone = abs(tone) < CLEAR_TONE
    pieces = grams(folded) if models and (open_tone or not said.clear) else []
    if not pieces:
        return Judgement(said.category, said.confidence, (), said.risk, (), round(tone, 3), False)
    found = _ask(models, _CATEGORY, pieces, said) if not said.clear else None
    if found is not None and found.label not in categories:  # retired since the model was trained
        found = None
    category, confidence = found or (said.category, said.confidence)
    danger = _ask(models, _RISK, pieces, said) if said.risk == NO_RISK else None
    risk = danger.label if danger else said.risk
    feeling = _ask(models, _SENTIMENT, pieces, said) if open_tone else None
    return Judgement(
        category,
        round(confidence, 3),
        models[_CATEGORY].spoke(pieces, category) if category != said.category else (),
        risk,
        models[_RISK].spoke(pieces, risk) if risk != said.risk else (),
        round(_tone(feeling) if feeling else tone, 3),
        found is not None,
    )


def _ask(models: Mapping[str, LinearModel], target: str, pieces: list[str], said: Said) -> Answer | None:
    """The model's answer to its question; None where there is no model or it knows nothing of the text."""
    model = models.get(target)
    likely = model.read(pieces, evidence(target, said)) if model else None
    return model_answer(target, likely, said, knows=model.knows(said.category)) if model and likely else None


def _tone(found: Answer) -> float:
    return found.confidence * 2 - 1 if found.label == POSITIVE else 1 - found.confidence * 2
