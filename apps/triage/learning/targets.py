"""The three questions the learned classifier answers, and what the keywords have to say to each.

Training and reading both come through here, so that a model is asked exactly what it was taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import tanh
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.vocabulary import Risk

OTHER = "other"
POSITIVE, NEGATIVE = "positive", "negative"
NO_RISK = Risk.NONE.value
NOTHING = "nothing"  # evidence of its own: no keyword spoke for a category
# From which probability of any risk on a text is flagged. To miss one is worse than to look at one too many: found by
# cross-validation for a precision of some 0.7, as the next.
RISK_FROM = 0.2
OVERRULES_FROM = 0.5  # how likely a model must find its category, where keywords spoke for another
CLEAR_TONE = 0.7  # the keywords stand alone from so clear a tone on, angry or praising


class Target(models.TextChoices):
    CATEGORY = "category", _("Category")
    RISK = "risk", _("Risk")
    SENTIMENT = "sentiment", _("Tone")


class Said(NamedTuple):
    """What the keywords said of a text: category (the top of its branch) with confidence, risk ("none" for none),
    how much praise and anger they found, and whether the category is clear: they spoke, and did not disagree."""

    category: str
    confidence: float
    risk: str
    praise: float
    anger: float
    clear: bool

    @property
    def tone(self) -> float:
        """The tone by the keywords alone, from -1 (angry) to 1 (praise)."""
        return (self.praise - self.anger) / (self.praise + self.anger + 1.0)


class Answer(NamedTuple):
    """An answer and how likely it is right, from 0 to 1."""

    label: str
    confidence: float


def evidence(target: str, said: Said) -> dict[str, float]:
    """What the keywords said, as a model takes it. A risk that they found needs no model."""
    if target == Target.CATEGORY:
        return {said.category: said.confidence} if said.confidence else {NOTHING: 1.0}
    if target == Target.SENTIMENT:
        return {"tone": said.tone, "balance": tanh((said.praise - said.anger) / 3)}
    return {}


def model_answer(target: str, likely: Mapping[str, float], said: Said, *, knows: bool = True) -> Answer:
    """What a model's probabilities amount to.

    Where it is hardly sure itself, or does not know the category that the keywords spoke for, it does not overrule them.
    """
    if target == Target.RISK and 1 - likely[NO_RISK] >= RISK_FROM:
        label = max((name for name in likely if name != NO_RISK), key=likely.__getitem__)
        return Answer(label, 1 - likely[NO_RISK])
    label = NO_RISK if target == Target.RISK else max(likely, key=likely.__getitem__)
    if target == Target.CATEGORY and said.confidence and (likely[label] < OVERRULES_FROM or not knows):
        return keywords_answer(target, said)
    return Answer(label, likely[label])


def keywords_answer(target: str, said: Said) -> Answer:
    """What the keywords alone amount to."""
    if target == Target.CATEGORY:
        return Answer(said.category, said.confidence)
    if target == Target.RISK:
        return Answer(said.risk, float(said.risk != NO_RISK))
    return Answer(POSITIVE if said.tone > 0 else NEGATIVE, abs(said.tone))


def is_sure(target: str, said: Said) -> bool:
    """Whether the keywords need no help with a question: then no model is asked."""
    if target == Target.CATEGORY:
        return said.clear
    if target == Target.RISK:
        return said.risk != NO_RISK or (said.clear and abs(said.tone) >= CLEAR_TONE)
    return abs(said.tone) >= CLEAR_TONE
