"""Training a model of two classes that reads a text's clauses one by one, too (the tone). Uses scikit-learn.

What a text says as a whole and what its clauses say one by one err in different places: a long text of praise with one
loud complaint, a first sentence that the last one takes back. So two layers are learned: the pieces' weights, and what
the `impressions` that they make are worth. The second is learned from texts whose weights were learned without them,
because a model's impression of a text that it knows is too good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from apps.triage.learning.grams import clause_grams
from apps.triage.learning.linear import LinearModel, impressions
from apps.triage.learning.vectors import by_length, contrast, count, packed, vocabulary

MILDNESS = 0.3  # found by cross-validation
IMPRESSIONS = len(impressions(0.0, []))


def fit_by_clauses(
    texts: Sequence[str], labels: Sequence[str], heard: Sequence[Mapping[str, float]], parts: Sequence[int]
) -> tuple[LinearModel, list[dict[str, float]]]:
    """The model, and how likely each text is what by layers that were both learned without its part (cross-validation
    costs nothing here, the parts are learned anyway). `heard` is the evidence by text.

    Only what can be counted without labels (which pieces there are, how rare each is) comes from all texts there.
    """
    import numpy as np

    first = _First(texts, labels)
    told, columns = _columns(first, parts, heard)
    second = _second(columns, first.labels)
    said = {name: [one] for name, one in zip(told, second.coef_[0][IMPRESSIONS:], strict=True)}
    known = Counter(labels)
    model = packed(
        second.classes_, first.index, [first.weights(np.full(len(texts), True))], first.squares, second.intercept_,
        said, tuple(known[name] for name in second.classes_), second.coef_[0][:IMPRESSIONS],
    )  # fmt: skip
    return model, _answers(columns, first.labels, np.array(parts))


def _answers(columns: Any, labels: Any, part: Any) -> list[dict[str, float]]:
    import numpy as np

    answers: list[dict[str, float]] = [{}] * len(part)
    for one in sorted(set(part.tolist())):
        inside = part == one
        second = _second(columns[~inside], labels[~inside])
        for i, likely in zip(np.flatnonzero(inside), second.predict_proba(columns[inside]).tolist(), strict=True):
            answers[i] = dict(zip(map(str, second.classes_), likely, strict=True))
    return answers


class _First:
    """The first layer: weights of the pieces, learned from some of the texts."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        import numpy as np

        self.labels = np.array(labels)
        self.index, self._found, self.squares = vocabulary(texts, None)
        spoken = [clause_grams(text) for text in texts]
        self._bounds = np.cumsum([0, *map(len, spoken)])
        self._clauses = by_length(count([clause for each in spoken for clause in each], self.index), self.squares)
        self._whole = by_length(self._found, self.squares)

    def weights(self, known: Any) -> Any:
        """The weights as `known` texts teach them."""
        import numpy as np
        from scipy import sparse
        from sklearn.svm import LinearSVC
        from threadpoolctl import threadpool_limits

        moves = np.sqrt(self.squares) * contrast(self._found[known], self.labels[known])
        with threadpool_limits(1):  # whatever else this machine does goes on
            learner = LinearSVC(C=MILDNESS, random_state=0)
            learner.fit((self._whole[known] @ sparse.diags(moves)).tocsr(), self.labels[known])
        return learner.coef_[0] * moves

    def impressions(self, weights: Any, texts: Any) -> list[tuple[float, ...]]:
        totals, loud, bounds = self._whole @ weights, self._clauses @ weights, self._bounds
        return [impressions(float(totals[i]), loud[bounds[i] : bounds[i + 1]].tolist()) for i in texts]


def _columns(first: _First, parts: Sequence[int], heard: Sequence[Mapping[str, float]]) -> tuple[list[str], Any]:
    """What the second layer learns from: each text's impressions on weights that were learned without its part, and the
    evidence, with the evidence's names."""
    import numpy as np
    from sklearn.feature_extraction import DictVectorizer

    part = np.array(parts)
    made = np.zeros((len(parts), IMPRESSIONS))
    for one in sorted(set(parts)):
        inside = np.flatnonzero(part == one)
        made[inside] = first.impressions(first.weights(part != one), inside)
    told = DictVectorizer()
    return list(told.fit(heard).feature_names_), np.hstack([made, told.transform(heard).toarray()])


def _second(columns: Any, labels: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(columns, labels)
