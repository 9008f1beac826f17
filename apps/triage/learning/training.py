"""From labelled texts to a model with honest figures. Nothing here touches the database."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.vocabulary import Risk
from apps.triage.learning import combine, solver
from apps.triage.learning.combine import Combiner
from apps.triage.learning.linear import LinearModel, pack_squares, pack_weights
from apps.triage.learning.solver import Corpus
from apps.triage.learning.targets import Said, Target, learned_classes, rows

FOLDS = 5
COMBINED_FROM = 6_000  # texts are enough to fit the handful of numbers that join words and weights
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model made of a text that it had not been trained on."""

    label: str
    confidence: float


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
            (rows(self.target, dict(zip(self.classes, m, strict=True)), e.said), e.label, e.weight)
            for m, e in zip(margins, self.examples, strict=True)
        ]
        answers: list[Answer | None] = [None] * len(prepared)
        for part in sorted(set(parts)):
            combiner = self._combiner([x for x, p in zip(prepared, parts, strict=True) if p != part])
            for i, p in enumerate(parts):
                if p == part:
                    answers[i] = self._answer(combiner, i, prepared[i][0])
        return self._combiner(prepared), [a for a in answers if a is not None]

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
                self.base.effective(name) if self.base else None,
            )
            for name in self.classes
        ]  # fmt: skip

    def _margins(self, learned: Sequence[tuple[list[float], float]], i: int) -> list[float]:
        row, length = self.corpus.texts[i], self.corpus.lengths[i]
        return [sum(map(weights.__getitem__, row)) / length + bias for weights, bias in learned]

    def _combiner(self, prepared: Sequence[combine_example]) -> Combiner:
        if len(prepared) > COMBINED_FROM:
            prepared = random.Random(1).sample(prepared, COMBINED_FROM)  # noqa: S311 (a sample, not a secret)
        return combine.fit(prepared)

    def _answer(self, combiner, i, evidence) -> Answer: ...
