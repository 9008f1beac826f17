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
from apps.triage.learning.combine import Combiner, Rows

OTHER = "other"
POSITIVE, NEGATIVE = "positive", "negative"
_NONE, _SAFETY, _LEGAL = Risk.NONE.value, Risk.SAFETY.value, Risk.LEGAL.value


class Target(models.TextChoices):
    CATEGORY = "category", _("Category")
    RISK = "risk", _("Risk")
    SENTIMENT = "sentiment", _("Tone")


class Said(NamedTuple):
    """What the keywords said of a text: category (the top of its branch) with confidence, risk ("none" for none),
    and how much praise and anger they found."""

    category: str
    confidence: float
    risk: str
    praise: float
    anger: float


class Answer(NamedTuple):
    """An answer and how likely it is right, from 0 to 1."""

    label: str
    confidence: float


def learned_classes(target: str, answers: set[str]) -> tuple[str, ...]:
    """For which answers weights are learned: not for the one that the others exclude."""
    if target == Target.RISK:
        return (_SAFETY, _LEGAL)
    return (POSITIVE,) if target == Target.SENTIMENT else tuple(sorted(answers))


def rows(target: str, margins: Mapping[str, float], said: Said) -> Rows:
    """The evidence for each answer: from the learned weights, then from the keywords."""
    if target == Target.CATEGORY:
        named = margins if said.category in margins else {**margins, said.category: min(margins.values(), default=0.0)}
        return [
            (name, (margin, said.confidence if name == said.category else 0.0, float(name == OTHER and not said.confidence)))
            for name, margin in named.items()
        ]  # fmt: skip
    if target == Target.RISK:
        flagged = [(kind, (margins[kind], float(said.risk == kind))) for kind in (_SAFETY, _LEGAL)]
        return [(_NONE, (0.0, 0.0)), *flagged]
    evidence = (margins[POSITIVE], tone(said), tanh((said.praise - said.anger) / 3))
    return [(NEGATIVE, (0.0, 0.0, 0.0)), (POSITIVE, evidence)]


def answer(target: str, combiner: Combiner, evidence: Rows, said: Said) -> Answer:
    """What to say. A risk that the keywords found stays: to miss one is worse than to look at one too many."""
    likely = combiner.probabilities(evidence)
    if target != Target.RISK:
        best = max(range(len(likely)), key=likely.__getitem__)
        return Answer(evidence[best][0], likely[best])
    none, safety, legal = likely
    if said.risk != _NONE:
        return Answer(said.risk, 1 - none)
    if 1 - none < combiner.threshold:
        return Answer(_NONE, none)
    return Answer(_SAFETY if safety >= legal else _LEGAL, 1 - none)


def tone(said: Said) -> float:
    """The tone by the keywords alone, from -1 (angry) to 1 (praise)."""
    return (said.praise - said.anger) / (said.praise + said.anger + 1.0)


def keywords_alone(target: str, said: Said) -> str:
    """The answer where there is no model."""
    if target == Target.CATEGORY:
        return said.category
    if target == Target.RISK:
        return said.risk
    return POSITIVE if tone(said) > 0 else NEGATIVE
