"""Learning the weights: a linear support vector machine by dual coordinate descent, in plain Python.

The algorithm is that of LIBLINEAR (Hsieh and others, "A Dual Coordinate Descent Method for Large-scale Linear SVM",
2008, algorithm 1, squared hinge loss). Pieces are weighted by inverse document frequency and by how differently often
they stand in texts of the class and in others (Wang and Manning, "Baselines and Bigrams", 2012).
"""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from apps.triage.learning.grams import grams
from apps.triage.learning.linear import LinearModel

COST = 0.4  # of a mistake, against large weights; found by cross-validation, as are the next
ENOUGH = 0.1  # how far from the optimum the solver may stop
MOST_ROUNDS = 25
MOST_PIECES = 60_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as the numbers of their pieces, with repeats. `lengths` are what a text's sums are divided by."""

    index: dict[str, int]
    texts: Sequence[array[int]]
    squares: Sequence[float]  # of the inverse document frequency, by piece
    lengths: Sequence[float]


def vocabulary(texts: Sequence[str], base: LinearModel | None = None) -> tuple[dict[str, int], list[float]]:
    """Pieces that stand in enough texts, and their squared inverse document frequency. Those of `base` keep theirs."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(grams(text)))
    least = max(2, min(5, len(texts) // 1000))
    known = {} if base is None else {p: base.squares[i] * base.square_scale for p, i in base.index.items()}
    common = [piece for piece, count in counts.most_common() if count >= least and piece not in known]
    squares = dict(known)
    for piece in common[:MOST_PIECES]:
        squares[piece] = (log((1 + len(texts)) / (1 + counts[piece])) + 1) ** 2
    return {piece: i for i, piece in enumerate(squares)}, list(squares.values())


def corpus(texts: Sequence[str], index: dict[str, int], squares: Sequence[float]) -> Corpus:
    """Folded texts, cut into pieces and looked up."""
    rows = []
    for text in texts:
        rows.append(array("I", [i for i in map(index.get, grams(text)) if i is not None]))
    lengths = [sqrt(sum(map(squares.__getitem__, row))) or 1.0 for row in rows]
    return Corpus(index, rows, squares, lengths)


def fit(
    data: Corpus, chosen: Sequence[int], positive: Sequence[bool], weights: Sequence[float],
    start: tuple[Mapping[str, float], float] | None = None,
) -> tuple[list[float], float]:  # fmt: skip
    """Weights by piece and the bias that tell `positive` texts from the others, trained on the `chosen` texts.

    `weights` says how much each text counts. With `start` the weights begin there and are pulled towards it, so that
    few texts move them little.
    """
    contrast = _contrast(data, chosen, positive, weights)
    moves = [square * ratio for square, ratio in zip(data.squares, contrast, strict=True)]
    learned = [0.0] * len(moves)
    begin, bias = start or ({}, 0.0)
    for piece, weight in begin.items():
        learned[data.index[piece]] = weight
    softness = {i: 1 / (2 * COST * weights[i]) for i in chosen}
    sizes = {i: _size(data, i, moves) + 1 + softness[i] for i in chosen}
    pressed = dict.fromkeys(chosen, 0.0)  # how hard each text presses on the border: its dual variable
    order = list(chosen)
    shuffle = random.Random(1)
    for _ in range(MOST_ROUNDS):
        shuffle.shuffle(order)
        worst = 0.0
        for i in order:
            row, length, side = data.texts[i], data.lengths[i], 1.0 if positive[i] else -1.0
            old = pressed[i]
            slope = side * (sum(map(learned.__getitem__, row)) / length + bias) - 1 + softness[i] * old
            if old == 0.0 and slope >= 0:
                continue
            worst = max(worst, abs(slope))
            new = pressed[i] = max(0.0, old - slope / sizes[i])
            step = (new - old) * side
            if step:
                bias += step
                step /= length
                for j in row:
                    learned[j] += step * moves[j]
        if worst < ENOUGH:
            break
    return learned, bias


def _size(data: Corpus, i: int, moves: Sequence[float]) -> float:
    """The square of the length of a text's vector after class weighting."""
    return sum(n * n * moves[j] for j, n in Counter(data.texts[i]).items()) / data.lengths[i] ** 2


def _contrast(
    data: Corpus, chosen: Sequence[int], positive: Sequence[bool], weights: Sequence[float]
) -> list[float]:
    """By piece: how much more often it stands in texts of one kind than of the other, as a logarithm."""
    counts = {True: [1.0] * len(data.squares), False: [1.0] * len(data.squares)}
    totals = {True: 2.0, False: 2.0}
    for i in chosen:
        column, weight = counts[bool(positive[i])], weights[i]
        totals[bool(positive[i])] += weight
        for j in set(data.texts[i]):
            column[j] += weight
    even = log(totals[True] / totals[False])
    return [abs(log(p / n) - even) for p, n in zip(counts[True], counts[False], strict=True)]
