"""Joining what the keywords say with what the learned weights say, with confidences that mean what they say."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

# For each class that could be the answer: its name and its evidence (from the learned weights, from the keywords, …).
Rows = Sequence[tuple[str, tuple[float, ...]]]

ROUNDS = 40
RATE = 0.3
SHRINK = 0.003


@dataclass(frozen=True, slots=True)
class Combiner:
    """A small logistic regression: the same factors for every class, and what each class has from the outset."""

    factors: tuple[float, ...]
    biases: Mapping[str, float]
    default: float  # the bias of a class that was never seen in training
    threshold: float = 0.5  # from which probability on a risk is flagged

    def probabilities(self, rows: Rows) -> list[float]:
        biases, default, factors = self.biases, self.default, self.factors
        scores = [biases.get(name, default) + sum(map(float.__mul__, factors, evidence)) for name, evidence in rows]
        best = max(scores)
        powers = [exp(score - best) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]

    def as_json(self) -> dict[str, Any]:
        return {
            "factors": self.factors,
            "biases": dict(self.biases),
            "default": self.default,
            "threshold": self.threshold,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Combiner:
        return cls(tuple(data["factors"]), dict(data["biases"]), data["default"], data["threshold"])


def fit(examples: Sequence[tuple[Rows, str, float]]) -> Combiner:
    """The combiner that gives the right answers the highest probability. An example is (rows, right answer, weight).

    Adagrad over shuffled examples; the same examples give the same combiner. An answer that is not among an
    example's rows teaches nothing.
    """
    width = len(examples[0][0][0][1]) if examples else 0
    factors, factor_sums = [1.0] * width, [1e-6] * width
    biases: dict[str, float] = {}
    bias_sums: dict[str, float] = {}
    order = list(range(len(examples)))
    shuffle = random.Random(1)
    for _ in range(ROUNDS):
        shuffle.shuffle(order)
        for position in order:
            rows, answer, weight = examples[position]
            now = Combiner(tuple(factors), biases, 0.0).probabilities(rows)
            slopes = [weight * (p - (name == answer)) for p, (name, _) in zip(now, rows, strict=True)]
            for j in range(width):
                slope = sum(s * evidence[j] for s, (_, evidence) in zip(slopes, rows, strict=True))
                factor_sums[j] += slope * slope
                factors[j] -= RATE * slope / sqrt(factor_sums[j])
            for s, (name, _) in zip(slopes, rows, strict=True):
                slope = s + SHRINK * weight * biases.get(name, 0.0)
                bias_sums[name] = bias_sums.get(name, 1e-6) + slope * slope
                biases[name] = biases.get(name, 0.0) - RATE * slope / sqrt(bias_sums[name])
    return Combiner(tuple(factors), biases, min(biases.values(), default=0.0))
