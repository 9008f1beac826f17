"""From labelled texts to a model. Needs scikit-learn, as `by_clauses` and `vectors` do; it is loaded when it is needed: it
takes over a second and 120 MB, which no process that only reads texts should pay. Nothing here touches the database."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.triage.learning.by_clauses import fit_by_clauses
from apps.triage.learning.grams import tidy
from apps.triage.learning.linear import ZERO, LinearModel
from apps.triage.learning.reader import Reader
from apps.triage.learning.targets import Answer, Said, Target, evidence, is_sure, keywords_answer, model_answer
from apps.triage.learning.vectors import by_length, contrast, packed, vocabulary

FOLDS = 5
MILDNESS = {Target.CATEGORY: 10.0, Target.RISK: 10.0}  # found by cross-validation
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
    if target == Target.SENTIMENT:
        return fit_tone(examples, chosen)[1]
    answers: dict[int, Answer] = {}
    for part in sorted(set(chosen)):
        held = [i for i, p in enumerate(chosen) if p == part]
        texts = {examples[i].text for i in held}
        learned = [e for e, p in zip(examples, chosen, strict=True) if p != part]
        reader = Reader({target: fit(target, [*learned, *(e for e in extra if e.text not in texts)], base)})
        answers |= {i: ask(target, reader, examples[i]) for i in held}
    return [answers[i] for i in range(len(examples))]


def fit_tone(examples: Sequence[Example], chosen: Sequence[int]) -> tuple[LinearModel, list[Answer]]:
    """The model of the tone, and the answer to each example, keywords and model together, by one that has not seen its
    part."""
    target = Target.SENTIMENT.value
    heard = [evidence(target, e.said) for e in examples]
    model, likely = fit_by_clauses([e.text for e in examples], [e.label for e in examples], heard, chosen)
    return model, [
        model_answer(target, one, e.said)
        if tidy(e.text) and not is_sure(target, e.said)
        else keywords_answer(target, e.said)
        for e, one in zip(examples, likely, strict=True)
    ]


def ask(target: str, reader: Reader, example: Example) -> Answer:
    """What keywords and the model for this question answer, asked as `services.learned` asks."""
    said = example.said
    reading = None if is_sure(target, said) else reader.read(example.text)
    likely = reading.likely(target, evidence(target, said)) if reading else None
    if likely is None:
        return keywords_answer(target, said)
    return model_answer(target, likely, said, knows=reader.models[target].knows(said.category))


def fit(target: str, examples: Sequence[Example], base: LinearModel | None = None) -> LinearModel:
    """The model that gives the examples' labels the highest probability.

    With `base` the opinion of that model is part of what is learned from, and its classes stay known, so that few
    texts change little. The tone is learned clause by clause and takes no `base`. Raises ValueError where fewer than
    two labels are left.
    """
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if target == Target.SENTIMENT:
        return fit_tone(examples, parts(examples))[0]
    labels, weights = [e.label for e in examples], [e.weight for e in examples]
    index, found, squares = vocabulary([e.text for e in examples], base)
    moves, plain = np.sqrt(squares) * contrast(found, np.array(labels)), by_length(found, squares)
    told = DictVectorizer()
    heard = told.fit_transform([evidence(target, e.said) or {"": 0.0} for e in examples])
    columns = [plain @ sparse.diags(moves), heard]
    opinion = _Opinion(base, told.feature_names_) if base else None
    if base and opinion:
        columns = opinion.beside(columns, plain)
        labels, weights = [*labels, *base.classes], [*weights, *[1.0] * len(base.classes)]
    balance = "balanced" if target == Target.RISK else None  # risks are rare, and must be found all the same
    learner = LogisticRegression(C=MILDNESS[Target(target)], max_iter=1000, class_weight=balance)
    with threadpool_limits(1):  # whatever else this machine does goes on
        learner.fit(sparse.hstack(columns).tocsr(), labels, weights)
    own, kept = len(index), heard.shape[1]
    rows, said, biases = learner.coef_[:, :own] * moves, learner.coef_[:, own : own + kept], learner.intercept_
    if opinion:
        rows, said, biases = opinion.merged(learner.coef_[:, own + kept :], rows, said, biases)
    counts = Counter(e.label for e in examples) + (
        Counter(dict(zip(base.classes, base.counts, strict=True))) if base else Counter()
    )
    known = tuple(counts[label] for label in learner.classes_)
    return packed(
        learner.classes_, index, rows, squares, biases, dict(zip(told.feature_names_, said.T, strict=True)), known
    )


class _Opinion:
    """What another model thinks of the texts, as columns to learn from; afterwards folded into the new weights."""

    def __init__(self, base: LinearModel, told: Sequence[str]) -> None:
        import numpy as np

        self.classes, self.biases = base.classes, np.array(base.biases)
        codes = np.array([np.frombuffer(row, dtype=np.uint8) for row in base.weights], dtype=np.float64)
        self.table = (codes - ZERO) * np.array(base.scales)[:, None]
        self.worth = np.array([base.evidence.get(name, (0.0,) * len(base.biases)) for name in told])

    def beside(self, columns: Sequence[Any], plain: Any) -> list[Any]:
        """The columns with the opinion as a further one, and below them one made-up example per class, without a text,
        in which the other model is sure: it is to be believed."""
        import numpy as np
        from scipy import sparse

        margins = plain[:, : self.table.shape[1]] @ self.table.T + columns[1] @ self.worth + self.biases
        count, rows = len(self.classes), len(self.biases)
        sure = np.eye(count, rows) if rows == count else np.array([[-1.0], [1.0]])
        above = [*columns, sparse.csr_matrix(margins / BASE_SPEAKS)]
        below = [*(sparse.csr_matrix((count, c.shape[1])) for c in columns), sparse.csr_matrix(sure * 4 / BASE_SPEAKS)]
        return [sparse.vstack(pair) for pair in zip(above, below, strict=True)]

    def merged(self, trust: Any, rows: Any, said: Any, biases: Any) -> tuple[Any, Any, Any]:
        """The learned weights with what is trusted of the other model added to them."""
        trust = trust / BASE_SPEAKS
        rows[:, : self.table.shape[1]] += trust @ self.table
        return rows, said + trust @ self.worth.T, biases + trust @ self.biases
