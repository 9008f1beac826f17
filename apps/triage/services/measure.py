"""How good the library is: its answers held against texts that a person labelled (CLS-03, CLS-10)."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from apps.core.errors import DomainError
from apps.core.vocabulary import Demand, Risk
from apps.triage import rulebook
from apps.triage.services.classify import classify


class Answer(NamedTuple):
    """What is compared of a classification; to keep all of it for many texts would cost more than to read them."""

    category: str
    risk: str
    demand: str


Pairs = Sequence[tuple[str, str]]  # label, answer


def read_csv(path: str) -> list[dict[str, str]]:
    """The rows of a UTF-8 (with or without BOM) or GB18030 file. Raises DomainError `triage.file_unreadable` and
    `triage.file_columns` where there is no column `text`."""
    try:
        raw = Path(path).read_bytes()
        try:
            content = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            content = raw.decode("gb18030")
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError("triage.file_unreadable", name=path, why=error) from error
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    if not rows or "text" not in rows[0]:
        raise DomainError("triage.file_columns", columns="text")
    return rows


def measure(rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Figures for texts; with columns `category`, `risk`, `demand` also how often the library says the same.

    Labels that the product's vocabulary does not know count as "none" for demand and are listed.
    """
    rows = list(rows)
    version = rulebook.current().version  # loading the library is not part of reading a text
    began = time.process_time()
    answers = [Answer(a.category, a.risk, a.demand) for a in (classify(row["text"]) for row in rows)]
    seconds = time.process_time() - began
    report: dict[str, Any] = {
        "texts": len(rows),
        "library_version": version,
        "cpu_microseconds_per_text": round(seconds / len(rows) * 1e6, 1) if rows else None,
        "share": _shares(a.category for a in answers),
        "risk_share": _shares(a.risk for a in answers),
        "demand_share": _shares(a.demand for a in answers),
    }
    if rows and "category" in rows[0]:
        report |= _categories([(row["category"], a.category) for row, a in zip(rows, answers, strict=True)])
    if rows and "risk" in rows[0]:
        report["risk"] = _risks([(row["risk"], a.risk) for row, a in zip(rows, answers, strict=True)])
    if rows and "demand" in rows[0]:
        report["demand"] = _demands(rows, answers)
    return report


def _shares(values: Iterable[str]) -> dict[str, float]:
    counts = Counter(values)
    total = counts.total()
    return {value: round(count / total, 4) for value, count in counts.most_common()}


def _categories(pairs: Pairs) -> dict[str, Any]:
    labels = sorted({label for label, _ in pairs})
    classes = {label: _scores(pairs, label) for label in labels}
    wrong = Counter(f"{label} → {answer}" for label, answer in pairs if label != answer)
    return {
        "accuracy": round(sum(label == answer for label, answer in pairs) / len(pairs), 4),
        "macro_f1": round(sum(c["f1"] for c in classes.values()) / len(classes), 4),
        "classes": classes,
        "mistakes": dict(wrong.most_common(15)),
    }


def _risks(pairs: Pairs) -> dict[str, Any]:
    """Each risk, and any risk at all: that a ticket is flagged matters more than as what."""
    flagged = [(str(label != Risk.NONE), str(answer != Risk.NONE)) for label, answer in pairs]
    return {
        "any": _scores(flagged, "True"),
        **{risk.value: _scores(pairs, risk.value) for risk in Risk if risk != Risk.NONE},
    }


def _demands(rows: Sequence[Mapping[str, str]], answers: Sequence[Answer]) -> dict[str, Any]:
    known = set(Demand.values)
    # "compensation" is the everyday name of what the vocabulary calls a claim
    labels = [Demand.CLAIM.value if row["demand"] == "compensation" else row["demand"] for row in rows]
    pairs = [
        (label if label in known else Demand.NONE.value, a.demand) for label, a in zip(labels, answers, strict=True)
    ]
    stated = [(label, answer) for label, answer in pairs if label != Demand.NONE]
    return {
        "recall": _ratio(sum(label == answer for label, answer in stated), len(stated)),
        "precision": _ratio(
            sum(label == answer for label, answer in stated), sum(answer != Demand.NONE for _, answer in pairs)
        ),
        "stated": len(stated),
        "unknown_labels": dict(Counter(label for label in labels if label not in known)),
    }


def _scores(pairs: Pairs, label: str) -> dict[str, Any]:
    right = sum(a == b == label for a, b in pairs)
    labelled, answered = sum(a == label for a, _ in pairs), sum(b == label for _, b in pairs)
    precision, recall = _ratio(right, answered), _ratio(right, labelled)
    f1 = round(2 * precision * recall / (precision + recall), 4) if precision and recall else 0.0
    return {"texts": labelled, "precision": precision, "recall": recall, "f1": f1}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
