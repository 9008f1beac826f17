"""From labelled texts to a model. The only place that needs scikit-learn, which is loaded when it is needed: it takes
over a second and 120 MB, which no process that only reads texts should pay. Nothing here touches the database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.triage.learning.grams import grams
from apps.triage.learning.linear import ZERO, LinearModel, pack_squares, pack_weights
from apps.triage.learning.targets import Answer, Said, Target, evidence, is_sure, joined

FOLDS = 5
MOST_PIECES = 60_000
MILDNESS = {Target.CATEGORY: 10.0, Target.RISK: 10.0, Target.SENTIMENT: 6.0}  # found by cross-validation
BASE_SPEAKS = 3.0  # how large the shipped model's opinion stands beside the pieces of a site's own texts


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text, folded. `weight` is how much the label is trusted; `at` when it was given, None if unknown."""

    text: str
    label: str
    said: Said
    weight: float = 1.0
    at: datetime | None = None
    group: str = ""


def parts(examples: Sequence[Example]) -> list[int]:
    """Which fifth a text belongs to; by its words, so that the same text never stands on both sides."""
    return [int(hashlib.sha256(e.text.encode(errors="replace")).hexdigest()[:8], 16) % FOLDS for e in examples]


def cross_validate(
    target: str, examples: Sequence[Example], chosen: Sequence[int], extra: Sequence[Example] = (),
    base: LinearModel | None = None,
) -> list[Answer]:  # fmt: skip
    """The answer to each example, keywords and model together, by a model that has not seen its part.

    `extra` examples are only learned from.
    """
    answers: dict[int, Answer] = {}
    for part in sorted(set(chosen)):
        held = [i for i, p in enumerate(chosen) if p == part]
        texts = {examples[i].text for i in held}
        learned = [e for e, p in zip(examples, chosen, strict=True) if p != part]
        model = fit(target, [*learned, *(e for e in extra if e.text not in texts)], base)
        answers |= {i: ask(target, model, examples[i]) for i in held}
    return [answers[i] for i in range(len(examples))]


def ask(target: str, model: LinearModel, example: Example) -> Answer:
    """What keywords and this model answer, asked as `services.learned` asks."""
    said = example.said
    likely = None if is_sure(target, said) else model.read(grams(example.text), evidence(target, said))
    return joined(target, said, likely)


def fit(target: str, examples: Sequence[Example], base: LinearModel | None = None) -> LinearModel:
    """The model that gives the examples' labels the highest probability.

    With `base` the opinion of that model is part of what is learned from, and its classes stay known, so that few
    texts change little. Raises ValueError where fewer than two labels are left.
    """
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    labels = [e.label for e in examples]
    index, found, squares = _pieces([e.text for e in examples], base)
    moves = np.sqrt(squares) * _contrast(found, np.array(labels))
    lengths = np.sqrt(found @ squares)
    lengths[lengths == 0] = 1.0
    plain = sparse.diags(1 / lengths) @ found
    told = DictVectorizer()
    columns = [
        plain @ sparse.diags(moves),
        told.fit_transform([evidence(target, e.said) or {"": 0.0} for e in examples]),
    ]
    weights = [e.weight for e in examples]
    if base is not None:
        table, worth = (
            _unpacked(base),
            np.array([base.evidence.get(n, (0.0,) * len(base.biases)) for n in told.feature_names_]),
        )
        opinion = plain[:, : len(base.index)] @ table.T + columns[1] @ worth + np.array(base.biases)
        columns.append(sparse.csr_matrix(opinion / BASE_SPEAKS))
        columns = [sparse.vstack([c, r]) for c, r in zip(columns, _reminders(base, columns), strict=True)]
        labels, weights = [*labels, *base.classes], [*weights, *[1.0] * len(base.classes)]
    balance = "balanced" if target == Target.RISK else None  # risks are rare, and must be found all the same
    learner = LogisticRegression(C=MILDNESS[Target(target)], max_iter=1000, class_weight=balance)
    learner.fit(sparse.hstack(columns).tocsr(), labels, weights)
    own, kept = len(index), len(told.feature_names_)
    rows, said, biases = learner.coef_[:, :own] * moves, learner.coef_[:, own : own + kept], learner.intercept_
    if base is not None:
        trust = learner.coef_[:, own + kept :] / BASE_SPEAKS
        rows[:, : len(base.index)] += trust @ table
        said, biases = said + trust @ worth.T, biases + trust @ np.array(base.biases)
    return _packed(learner.classes_, index, rows, squares, biases, dict(zip(told.feature_names_, said.T, strict=True)))


def _pieces(texts: Sequence[str], base: LinearModel | None) -> tuple[dict[str, int], Any, Any]:
    """The pieces that stand in enough texts, which text holds which, and their squared inverse document frequency.

    Those of `base` come first and keep theirs.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    least = max(2, min(5, len(texts) // 1000))
    counter = CountVectorizer(analyzer=grams, binary=True, min_df=least, max_features=MOST_PIECES, dtype=np.float64)
    index = {piece: i for i, piece in enumerate(sorted(counter.fit(texts).vocabulary_))}
    if base is not None:
        index = {piece: i for i, piece in enumerate(dict.fromkeys([*base.index, *index]))}
    found = CountVectorizer(analyzer=grams, binary=True, vocabulary=index, dtype=np.float64).transform(texts)
    often = np.asarray(found.sum(axis=0)).ravel()
    squares = (np.log((1 + len(texts)) / (1 + often)) + 1) ** 2
    if base is not None:
        squares[: len(base.index)] = np.frombuffer(base.squares, dtype=np.uint8) * base.square_scale
    return index, found.tocsr(), squares


def _contrast(found: Any, labels: Any) -> Any:
    """By piece: how differently often it stands in texts of one class and in the others, where that is largest.

    Wang and Manning, "Baselines and Bigrams" (2012); the root, because rare classes exaggerate.
    """
    import numpy as np

    most = np.zeros(found.shape[1])
    for label in set(labels):
        here = labels == label
        inside, outside = (np.asarray(found[side].sum(axis=0)).ravel() + 1 for side in (here, ~here))
        most = np.maximum(most, np.abs(np.log(inside / (here.sum() + 2)) - np.log(outside / ((~here).sum() + 2))))
    return np.sqrt(most)


def _unpacked(model: LinearModel) -> Any:
    import numpy as np

    codes = np.array([np.frombuffer(row, dtype=np.uint8) for row in model.weights], dtype=np.float64)
    return (codes - ZERO) * np.array(model.scales)[:, None]


def _reminders(base: LinearModel, columns: Sequence[Any]) -> list[Any]:
    """One made-up example per class of the base, without a text, in which the base is sure: it is to be believed."""
    import numpy as np
    from scipy import sparse

    count, rows = len(base.classes), len(base.biases)
    sure = np.eye(count, rows) if rows == count else np.array([[-1.0], [1.0]])
    return [*(sparse.csr_matrix((count, c.shape[1])) for c in columns[:-1]), sparse.csr_matrix(sure * 4 / BASE_SPEAKS)]


def _packed(
    classes: Any, index: dict[str, int], rows: Any, squares: Any, biases: Any, said: dict[str, Any]
) -> LinearModel:
    packed = [pack_weights(row.tolist()) for row in rows]
    lengths, scale = pack_squares(squares.tolist())
    return LinearModel(
        classes=tuple(map(str, classes)),
        index=index,
        weights=tuple(codes for codes, _ in packed),
        scales=tuple(step for _, step in packed),
        biases=tuple(map(float, biases)),
        squares=lengths,
        square_scale=scale,
        evidence={name: tuple(map(float, worth)) for name, worth in said.items() if name},
    )
