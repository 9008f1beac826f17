"""How good the answers are: held against texts that a person labelled (CLS-03, CLS-10)."""

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
from apps.triage.learning import figures, targets, training
from apps.triage.learning.copies import near_copies
from apps.triage.learning.reader import Reader
from apps.triage.learning.targets import NEGATIVE, POSITIVE, Target
from apps.triage.learning.training import FOLDS, Example
from apps.triage.services.classify import classify
from apps.triage.services.training import example, judged

Row = Mapping[str, str]
HELD_BACK = 0  # the fifth of the reviews that the tone is measured on
STRANGERS = "酒店"  # the product group that the tone is measured on without having learned from any of its texts
GOALS = {"unseen_shop_reviews": 0.93, "group_never_trained_on": 0.90}


class Answer(NamedTuple):
    """What is compared of a classification; to keep all of it for many texts would cost more than to read them."""

    category: str
    risk: str
    demand: str


def read_csv(path: str, columns: Sequence[str] = ("text",)) -> list[dict[str, str]]:
    """The rows of a UTF-8 (with or without BOM) or GB18030 file. Raises DomainError `triage.file_unreadable` and
    `triage.file_columns` where one of `columns` is missing."""
    try:
        raw = Path(path).read_bytes()
        try:
            content = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            content = raw.decode("gb18030")
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError("triage.file_unreadable", name=path, why=error) from error
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    if not rows or not set(columns) <= set(rows[0]):
        raise DomainError("triage.file_columns", columns=", ".join(columns))
    return rows


def with_texts(labels: Iterable[Row], reviews: Iterable[Row]) -> list[dict[str, str]]:
    """Labels that name their texts by `source` and `row`, with the texts; those without one are left out."""
    texts = {(r["source"], r["row"]): r["text"] for r in reviews}
    return [{**row, "text": texts[key]} for row in labels if (key := (row["source"], row["row"])) in texts]


def measure(rows: Iterable[Row]) -> dict[str, Any]:
    """Figures for what `classify` says now; with columns `category`, `risk`, `demand` also how often that is right.

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
        "models": dict(rulebook.current().model_numbers),
        "cpu_microseconds_per_text": round(seconds / len(rows) * 1e6, 1) if rows else None,
        "share": _shares(a.category for a in answers),
        "risk_share": _shares(a.risk for a in answers),
        "demand_share": _shares(a.demand for a in answers),
    }
    if rows and "category" in rows[0]:
        pairs = [(row["category"], a.category) for row, a in zip(rows, answers, strict=True)]
        report |= {**figures.classes(pairs), "mistakes": figures.mistakes(pairs)}
    if rows and "risk" in rows[0]:
        report["risk"] = _risks([(row["risk"], a.risk) for row, a in zip(rows, answers, strict=True)])
    if rows and "demand" in rows[0]:
        report["demand"] = demands([(row["demand"], a.demand) for row, a in zip(rows, answers, strict=True)])
    return report


def examples(target: str, rows: Iterable[Row]) -> list[Example]:
    """The rows that have a label for this question, as the trainer takes them."""
    return [example(row["text"], row[target], group=row.get("set", "")) for row in rows if row.get(target)]


def review_examples(reviews: Iterable[Row]) -> list[Example]:
    """Reviews with the writers' own verdict (`positive` 1 or 0), as the trainer takes them."""
    return [
        example(r["text"], POSITIVE if r["positive"] == "1" else NEGATIVE, group=r["product_group"]) for r in reviews
    ]


def cross_validated(rows: Sequence[Row], extra: Sequence[Row] = ()) -> dict[str, Any]:
    """Category and risk, keywords with models that did not know the text; `extra` rows are only learned from.

    Demand is the keywords' alone.
    """
    report: dict[str, Any] = {"texts": len(rows), "parts": FOLDS, "learned_from_besides": len(extra)}
    for target in (Target.CATEGORY.value, Target.RISK.value):
        mine = examples(target, rows)
        if not mine:
            continue
        answers = training.cross_validate(target, mine, training.parts(mine), examples(target, extra))
        found = judged(target, mine, answers)
        found["by_set"] = _by_set(mine, [a.label for a in answers]) if target == Target.CATEGORY else {}
        report[target] = found
    if rows and "demand" in rows[0]:
        stated = [row for row in rows if row["demand"]]
        report["demand"] = demands([(row["demand"], classify(row["text"]).demand) for row in stated])
    return report


def tone_answers(reviews: Sequence[Row]) -> list[targets.Answer]:
    """The tone of each review, answered by a model that learned from the other fifths (all product groups)."""
    every = review_examples(reviews)
    return training.cross_validate(Target.SENTIMENT.value, every, training.parts(every))


def tone_by_group(reviews: Sequence[Row], answers: Sequence[targets.Answer]) -> dict[str, dict[str, Any]]:
    """By product group how often `tone_answers` are right: unseen texts of groups of which others were learned from."""
    right: dict[str, list[bool]] = {}
    for e, answer in zip(review_examples(reviews), answers, strict=True):
        right.setdefault(e.group, []).append(e.label == answer.label)
    return {name: {"texts": len(all_), "accuracy": figures.ratio(sum(all_), len(all_))} for name, all_ in right.items()}


def tone_figures(
    reviews: Sequence[Row], strangers: str = STRANGERS, answers: Sequence[targets.Answer] = ()
) -> dict[str, Any]:
    """How often the tone is right: on a fifth of the shop's reviews, learned from the others; and on all reviews of the
    product group `strangers`, learned from the other groups. What is nearly a copy of a text that was learned from is
    left out. `answers` are those of a cross-validation of all reviews, if there was one already."""
    target = Target.SENTIMENT.value
    every = review_examples(reviews)
    part = training.parts(every)
    answers = answers or tone_answers(reviews)
    learned = [e for e, p in zip(every, part, strict=True) if p != HELD_BACK]
    kept = [
        (e, answer)
        for e, answer, p, r in zip(every, answers, part, reviews, strict=True)
        if p == HELD_BACK and r["source"] == "shop"
    ]
    copies = near_copies([e.text for e, _ in kept], [e.text for e in learned])
    unseen = [pair for pair, copy in zip(kept, copies, strict=True) if not copy]
    others = [e for e in every if e.group != strangers]
    far = _no_copies([e for e in every if e.group == strangers], others)
    without = Reader({target: training.fit(target, others)})
    return {
        "unseen_shop_reviews": judged(target, [e for e, _ in unseen], [answer for _, answer in unseen]),
        "group_never_trained_on": judged(target, far, [training.ask(target, without, e) for e in far]),
    }


def _no_copies(some: Sequence[Example], learned: Sequence[Example]) -> list[Example]:
    copies = near_copies([e.text for e in some], [e.text for e in learned])
    return [e for e, copy in zip(some, copies, strict=True) if not copy]


def apart(reviews: Sequence[Row], answers: Sequence[targets.Answer]) -> dict[str, dict[str, Any]]:
    """`tone_figures` as they are kept with the shipped model: accuracy, the keywords' alone, and the goal."""
    return {
        name: {
            "texts": found["texts"],
            "accuracy": found["accuracy"],
            "keywords": found["keywords"]["accuracy"],
            "goal": GOALS[name],
        }
        for name, found in tone_figures(reviews, answers=answers).items()
    }


def demands(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """How many of the stated demands were found, and how many of those found were stated."""
    known = set(Demand.values)
    # "compensation" is the everyday name of what the vocabulary calls a claim
    named = [(Demand.CLAIM.value if label == "compensation" else label, answer) for label, answer in pairs]
    clean = [(label if label in known else Demand.NONE.value, answer) for label, answer in named]
    stated = [(label, answer) for label, answer in clean if label != Demand.NONE]
    right = sum(label == answer for label, answer in stated)
    return {
        "recall": figures.ratio(right, len(stated)),
        "precision": figures.ratio(right, sum(answer != Demand.NONE for _, answer in clean)),
        "stated": len(stated),
        "unknown_labels": dict(Counter(label for label, _ in named if label not in known)),
    }


def _by_set(mine: Sequence[Example], answers: Sequence[str]) -> dict[str, Any]:
    sets = sorted({e.group for e in mine})
    return {
        name: {
            "texts": sum(e.group == name for e in mine),
            "keywords": _accuracy([(e.label, e.said.category) for e in mine if e.group == name]),
            "accuracy": _accuracy([(e.label, a) for e, a in zip(mine, answers, strict=True) if e.group == name]),
        }
        for name in sets
    }


def _accuracy(pairs: figures.Pairs) -> float | None:
    return figures.ratio(sum(label == answer for label, answer in pairs), len(pairs))


def _shares(values: Iterable[str]) -> dict[str, float]:
    counts = Counter(values)
    total = counts.total()
    return {value: round(count / total, 4) for value, count in counts.most_common()}


def _risks(pairs: figures.Pairs) -> dict[str, Any]:
    """Each risk, and any risk at all: that a ticket is flagged matters more than as what."""
    each = {risk.value: figures.scores(pairs, risk.value) for risk in Risk if risk != Risk.NONE}
    return {"any": figures.any_risk(pairs), **each}
