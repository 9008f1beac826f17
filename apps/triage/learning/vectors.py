"""Texts as columns of numbers, and learned columns as a model: what both ways of training have in common. Uses scikit-learn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from apps.triage.learning.grams import grams
from apps.triage.learning.linear import LinearModel, pack_squares, pack_weights

MOST_PIECES = 60_000


def vocabulary(texts: Sequence[str], base: LinearModel | None) -> tuple[dict[str, int], Any, Any]:
    """The pieces that stand in enough texts, which text holds which, and their squared inverse document frequency.

    Those of `base` come first and keep theirs.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    least = max(2, min(5, len(texts) // 1000))
    spelled = [set(grams(text)) for text in texts]
    counter = CountVectorizer(analyzer=list, binary=True, min_df=least, max_features=MOST_PIECES, dtype=np.float64)
    index = {piece: i for i, piece in enumerate(sorted(counter.fit(spelled).vocabulary_))}
    if base is not None:
        index = {piece: i for i, piece in enumerate(dict.fromkeys([*base.index, *index]))}
    found = count(spelled, index)
    often = np.asarray(found.sum(axis=0)).ravel()
    squares = (np.log((1 + len(texts)) / (1 + often)) + 1) ** 2
    if base is not None:
        squares[: len(base.index)] = np.frombuffer(base.squares, dtype=np.uint8) * base.square_scale
    return index, found, squares


def count(texts: Sequence[Collection[str]], index: dict[str, int]) -> Any:
    """How often each piece stands in each text, which is given by its pieces."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(analyzer=list, vocabulary=index, dtype=np.float64).transform(texts).tocsr()


def by_length(found: Any, squares: Any) -> Any:
    """The counts by the length of each text, as `LinearModel` reads them."""
    import numpy as np
    from scipy import sparse

    lengths = np.sqrt(found @ squares)
    lengths[lengths == 0] = 1.0
    return (sparse.diags(1 / lengths) @ found).tocsr()


def contrast(found: Any, labels: Any) -> Any:
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


def packed(
    classes: Any,
    index: dict[str, int],
    rows: Any,
    squares: Any,
    biases: Any,
    said: dict[str, Any],
    counts: tuple[int, ...],
    clauses: Sequence[float] = (),
) -> LinearModel:
    rows_as_bytes = [pack_weights(row.tolist()) for row in rows]
    lengths, scale = pack_squares(squares.tolist())
    return LinearModel(
        classes=tuple(map(str, classes)),
        index=index,
        weights=tuple(codes for codes, _ in rows_as_bytes),
        scales=tuple(step for _, step in rows_as_bytes),
        biases=tuple(map(float, biases)),
        squares=lengths,
        square_scale=scale,
        evidence={name: tuple(map(float, worth)) for name, worth in said.items() if name},
        counts=counts,
        clauses=tuple(map(float, clauses)),
    )
