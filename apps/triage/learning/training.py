"""From labelled texts to a model with honest figures. Nothing here touches the database."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from apps.core.vocabulary import Risk
from apps.triage.learning import combine, solver
from apps.triage.learning.combine import Combiner, Rows
from apps.triage.learning.linear import LinearModel, pack_squares, pack_weights
from apps.triage.learning.solver import Corpus
from apps.triage.learning.targets import Answer, Said, Target, answer, learned_classes, rows

FOLDS = 5
COMBINED_FROM = 6_000  # texts are enough to fit the handful of numbers that join words and weights
LEAST_LIKELY_RISK = 0.15  # below, nobody would see why a ticket is flagged
RISK_PRECISION = 0.6  # of what is flagged, so much must be right; then as much as possible is found


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text, folded. `weight` is how much the label is trusted; `at` when it was given, None if unknown."""

    text: str
    label: str
    weight: float
    said: Said
    at: datetime | None = None
    group: str = ""


class Prepared(NamedTuple):
    """An example with the evidence from weights that were trained without it."""

    rows: Rows
    example: Example


def folds(examples: Sequence[Example]) -> list[int]:
    """Which fifth a text belongs to; by its words, so that the same text never stands on both sides."""
    return [int(hashlib.sha256(e.text.encode()).hexdigest()[:8], 16) % FOLDS for e in examples]


class Trainer:
    """Trains one target: cross-validated margins first, the combiner on them, then the weights on everything."""

    def __init__(self, target: str, examples: Sequence[Example], base: LinearModel | None = None) -> None:
        self.target = target
        self.examples = examples
        self.base = base
        self.classes = learned_classes(target, {e.label for e in examples} | set(base.classes if base else ()))
        self.weights = [e.weight for e in examples]
        texts = [e.text for e in examples]
        self.corpus: Corpus = solver.corpus(texts, *solver.vocabulary(texts, base))

    def cross_validate(self, parts: Sequence[int]) -> tuple[Combiner, list[Answer]]:
        """The combiner, and the answer to each text from weights and a combiner that did not know its part."""
        margins: list[list[float]] = [[] for _ in self.examples]
        for part in sorted(set(parts)):
            chosen = [i for i, p in enumerate(parts) if p != part]
            learned = self._fit(chosen)
            for i, p in enumerate(parts):
                if p == part:
                    margins[i] = self._margins(learned, i)
        prepared = [
            Prepared(rows(self.target, dict(zip(self.classes, m, strict=True)), e.said), e)
            for m, e in zip(margins, self.examples, strict=True)
        ]
        answers: dict[int, Answer] = {}
        for part in sorted(set(parts)):
            combiner = self._combiner([x for x, p in zip(prepared, parts, strict=True) if p != part])
            for i, p in enumerate(parts):
                if p == part:
                    answers[i] = answer(self.target, combiner, prepared[i].rows, self.examples[i].said)
        return self._combiner(prepared), [answers[i] for i in range(len(prepared))]

    def model(self, combiner: Combiner) -> LinearModel:
        """The model trained on all examples."""
        learned = self._fit(range(len(self.examples)))
        squares, square_scale = pack_squares(self.corpus.squares)
        packed = [pack_weights(weights) for weights, _ in learned]
        return LinearModel(
            classes=self.classes,
            index=self.corpus.index,
            weights=tuple(codes for codes, _ in packed),
            scales=tuple(scale for _, scale in packed),
            biases=tuple(bias for _, bias in learned),
            squares=squares,
            square_scale=square_scale,
            combiner=combiner,
        )

    def _fit(self, chosen: Sequence[int]) -> list[tuple[list[float], float]]:
        return [
            solver.fit(
                self.corpus, chosen, [e.label == name for e in self.examples], self.weights,
                self.base.start(name) if self.base else None,
            )
            for name in self.classes
        ]  # fmt: skip

    def _margins(self, learned: Sequence[tuple[list[float], float]], i: int) -> list[float]:
        row, length = self.corpus.texts[i], self.corpus.lengths[i]
        return [sum(map(weights.__getitem__, row)) / length + bias for weights, bias in learned]

    def _combiner(self, prepared: Sequence[Prepared]) -> Combiner:
        if len(prepared) > COMBINED_FROM:
            prepared = random.Random(1).sample(prepared, COMBINED_FROM)
        combiner = combine.fit([(p.rows, p.example.label, p.example.weight) for p in prepared])
        if self.target == Target.RISK:
            return replace(combiner, threshold=_risk_threshold(combiner, prepared))
        return combiner


def _risk_threshold(combiner: Combiner, prepared: Sequence[Prepared]) -> float:
    """The lowest probability from which on enough of what is flagged is right, the keywords' flags among it."""
    flagged = [(2.0 if p.example.said.risk != Risk.NONE else 1 - combiner.probabilities(p.rows)[0], p) for p in prepared]
    best, right = 1.0, 0
    for count, (likely, p) in enumerate(sorted(flagged, key=lambda pair: -pair[0]), 1):
        right += p.example.label != Risk.NONE
        if likely <= 1 and right >= RISK_PRECISION * count:
            best = likely
    return max(best, LEAST_LIKELY_RISK)
