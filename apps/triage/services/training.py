"""Learning from what people decided about this site's tickets, and judging what was learned (CLS-03)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.triage import rulebook, sources
from apps.triage.folding import fold
from apps.triage.learning import figures, training
from apps.triage.learning.linear import LinearModel
from apps.triage.learning.reader import Reader
from apps.triage.learning.targets import Answer, Target, keywords_answer
from apps.triage.learning.training import FOLDS, Example
from apps.triage.models import ModelVersion, Origin
from apps.triage.services import models
from apps.triage.services.classify import listen

LEAST_TEXTS = 60
LEAST_COMPARED = 30
LEAST_NEW_DECISIONS = 30  # before the scheduled task trains anew
MOST_TICKETS = 3_000  # trained in about a minute
LEFT_STANDING = 0.4  # what a category is worth as a label that nobody touched until the ticket was closed


def example(text: str, label: str, *, weight: float = 1.0, at: Any = None, group: str = "") -> Example:
    """A labelled text as the trainer takes it, read by the current keywords."""
    folded = fold(text)
    return Example(folded, label, listen(rulebook.current(), folded), weight, at, group)


def from_tickets() -> list[Example]:
    """What people decided about past tickets' categories, and what they let stand. A sub-category counts as its top."""
    roots = rulebook.current().branches.roots()
    past = sources.current().decided(actor=system("triage"), limit=MOST_TICKETS)
    return [
        example(p.text, roots[p.category], weight=1.0 if p.by_person else LEFT_STANDING, at=p.at)
        for p in past
        if p.category in roots and p.text.strip()
    ]


def retrain(*, actor: Actor) -> ModelVersion | None:
    """Train on this site's tickets if people decided enough of them since the last time; None where they did not."""
    last = ModelVersion.objects.filter(target=Target.CATEGORY, origin=Origin.TICKETS).order_by("-number").first()
    examples = from_tickets()
    new = sum(e.weight == 1.0 and (last is None or (e.at is not None and e.at > last.created_at)) for e in examples)
    return None if new < LEAST_NEW_DECISIONS or too_few(examples) else train(examples, actor=actor)


def too_few(examples: Sequence[Example]) -> bool:
    """Whether there is too little to learn from: then the shipped model goes on."""
    return len(examples) < LEAST_TEXTS or len({e.label for e in examples}) < 2


def train(examples: Sequence[Example], *, actor: Actor) -> ModelVersion:
    """Train a category model, judge it, keep it, and let it work if it is not worse than what works now.

    The shipped model's opinion is learned from as well, so that a few decisions already help and rare categories stay
    known. Takes up to a minute and is done outside of a transaction. Raises DomainError `core.not_allowed`,
    `training.too_few`.
    """
    models.check_right(actor)
    if too_few(examples):
        raise DomainError("training.too_few", least=LEAST_TEXTS, texts=len(examples))
    target = Target.CATEGORY.value
    shipped = ModelVersion.objects.filter(target=target, origin=Origin.SHIPPED).order_by("-number").first()
    base = models.weights(shipped) if shipped else None
    answers = training.cross_validate(target, examples, training.parts(examples), base=base)
    found = judged(target, examples, answers)
    found["compared"] = compared = _compared(target, examples, answers)
    weights = training.fit(target, examples, base).to_bytes()
    with transaction.atomic():
        version = models.keep(target, weights, actor=actor, origin=Origin.TICKETS, figures=found)
        if compared["texts"] >= LEAST_COMPARED and compared["own"] >= compared["other"]:
            models.activate(version, actor=actor)
    return version


def judged(target: str, examples: Sequence[Example], answers: Sequence[Answer]) -> dict[str, Any]:
    """The figures that are kept with a model: its answers and the keywords' alone, held against the labels."""
    pairs = [(e.label, a.label) for e, a in zip(examples, answers, strict=True)]
    alone = [(e.label, keywords_answer(target, e.said).label) for e in examples]
    by_people = [pair for pair, e in zip(pairs, examples, strict=True) if e.weight == 1.0]
    sure = [(a.confidence, a.label == e.label) for e, a in zip(examples, answers, strict=True)]
    found = {
        "texts": len(examples),
        "corrections": len(by_people),
        "parts": FOLDS,
        **figures.classes(pairs),
        "by_people_accuracy": figures.ratio(sum(a == b for a, b in by_people), len(by_people)),
        "confusion": figures.confusion(pairs),
        "calibration": figures.calibration(sure),
        "keywords": {**figures.classes(alone), "confusion": figures.confusion(alone)},
    }
    if target == Target.RISK:
        found["any_risk"] = figures.any_risk(pairs)
        found["keywords"]["any_risk"] = figures.any_risk(alone)
    return found


def _compared(target: str, examples: Sequence[Example], answers: Sequence[Answer]) -> dict[str, Any]:
    """How the new model does beside what works now, on texts that neither was trained on.

    The new one answered each text without knowing it; the working one, if it was trained here, is only asked about
    texts that came later.
    """
    active = ModelVersion.objects.filter(target=target, active=True).first()
    known_until = active.created_at if active and active.origin == Origin.TICKETS else None
    model: LinearModel | None = models.weights(active) if active else None
    fresh = [
        (e, a)
        for e, a in zip(examples, answers, strict=True)
        if known_until is None or e.at is None or e.at > known_until
    ]
    reader = Reader({target: model} if model else {})
    others = [training.ask(target, reader, e) for e, _ in fresh]
    return {
        "number": active.number if active else None,
        "texts": len(fresh),
        "own": _trusted([(e, a) for e, a in fresh]),
        "other": _trusted([(e, o) for (e, _), o in zip(fresh, others, strict=True)]),
    }


def _trusted(pairs: Sequence[tuple[Example, Answer]]) -> float:
    """The part of answers that is right, each counted by how much its label is trusted: what nobody touched agrees
    with whatever worked then."""
    whole = sum(e.weight for e, _ in pairs)
    return round(sum(e.weight for e, a in pairs if a.label == e.label) / whole, 4) if whole else 0.0
