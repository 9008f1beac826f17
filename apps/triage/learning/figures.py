"""How good answers are, held against labels: the figures shown with a model and by `evaluate_classifier`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from apps.core.vocabulary import Risk

Pairs = Sequence[tuple[str, str]]  # label, answer


def ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def scores(pairs: Pairs, label: str) -> dict[str, Any]:
    """Recall, precision and F1 of one label; None where there is nothing to count."""
    right = sum(a == b == label for a, b in pairs)
    labelled, answered = sum(a == label for a, _ in pairs), sum(b == label for _, b in pairs)
    precision, recall = ratio(right, answered), ratio(right, labelled)
    f1 = round(2 * precision * recall / (precision + recall), 4) if precision and recall else 0.0
    return {"texts": labelled, "precision": precision, "recall": recall, "f1": f1}


def classes(pairs: Pairs) -> dict[str, Any]:
    """Accuracy, macro-F1 over the labels that occur, and the scores of each."""
    labels = sorted({label for label, _ in pairs})
    each = {label: scores(pairs, label) for label in labels}
    return {
        "accuracy": ratio(sum(label == answer for label, answer in pairs), len(pairs)),
        "macro_f1": round(sum(c["f1"] for c in each.values()) / len(each), 4) if each else None,
        "classes": each,
    }


def any_risk(pairs: Pairs) -> dict[str, Any]:
    """Whether a risk was flagged at all: that matters more than as what."""
    return scores([(str(label != Risk.NONE), str(answer != Risk.NONE)) for label, answer in pairs], "True")


def confusion(pairs: Pairs) -> dict[str, dict[str, int]]:
    """How often each label was answered with what."""
    counts = Counter(pairs)
    labels = sorted({name for pair in counts for name in pair})
    return {label: {name: counts[label, name] for name in labels if counts[label, name]} for label in labels}


def mistakes(pairs: Pairs, most: int = 15) -> dict[str, int]:
    """The commonest wrong answers."""
    return dict(Counter(f"{label} → {answer}" for label, answer in pairs if label != answer).most_common(most))


def calibration(answers: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """By tenths of confidence: how many answers, what confidence they had, and what part of them was right."""
    tenths: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in answers:
        tenths.setdefault(min(9, int(confidence * 10)), []).append((confidence, right))
    return [
        {
            "from": tenth / 10,
            "texts": len(found),
            "said": round(sum(confidence for confidence, _ in found) / len(found), 3),
            "right": round(sum(right for _, right in found) / len(found), 3),
        }
        for tenth, found in sorted(tenths.items())
    ]
