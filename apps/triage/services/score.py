"""Priority as an explainable sum of points (CLS-05). Which fact is worth how many points are `ScoreWeight` rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _

from apps.core.vocabulary import Kind, Risk, Tier, Urgency
from apps.triage import rulebook
from apps.triage.rulebook import Rulebook
from apps.triage.states import Factor, Impact, PriorityLevel, value_label

HIGHEST = 100


@dataclass(slots=True)
class ScoreFacts:
    """What the score looks at. `repeats` counts this customer's earlier tickets, `nudges` how often they asked where this
    one stands (HND-11); `sentiment` goes from -1 to 1; `risk_words` are the words that told of the risk, kept for the
    explanation."""

    urgency: str = Urgency.NORMAL
    tier: str = Tier.NORMAL
    kind: str = Kind.COMPLAINT
    risk: str = Risk.NONE
    impact: str = Impact.SINGLE
    repeats: int = 0
    sentiment: float = 0.0
    risk_words: tuple[str, ...] = ()
    nudges: int = 0


class Part(NamedTuple):
    """One line of the break-down, in codes: words are put to it where it is shown, in the reader's language."""

    factor: str
    value: str
    points: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Priority:
    """`score` from 0 to 100 and what it amounts to; `parts` add up to it, before it is cut to that range."""

    score: int
    level: str
    parts: tuple[Part, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """The break-down for a JSON column; `explain` reads it back."""
        return [{"factor": p.factor, "value": p.value, "points": p.points, "words": list(p.words)} for p in self.parts]


class Line(NamedTuple):
    """One line of the break-down in words."""

    factor: str
    value: str
    points: int
    words: str


def score(facts: ScoreFacts) -> Priority:
    """The priority by the current points. What is worth nothing does not show in the parts."""
    return score_with(rulebook.current(), facts)


def score_with(book: Rulebook, facts: ScoreFacts) -> Priority:
    """The priority by the points of a given library."""
    worth = book.points.get
    parts = []
    total = 0
    for factor, value in (
        ("urgency", facts.urgency),
        ("tier", facts.tier),
        ("kind", facts.kind),
        ("impact", facts.impact),
    ):
        if points := worth((factor, value), 0):
            total += points
            parts.append(Part(factor, str(value), points))
    if points := worth(("risk", facts.risk), 0):
        total += points
        parts.append(Part("risk", str(facts.risk), points, facts.risk_words))
    for factor, steps, count in (("repeats", book.repeats, facts.repeats), ("nudges", book.nudges, facts.nudges)):
        reached = next(((value, points) for least, value, points in steps if count >= least), None)
        if reached:
            total += reached[1]
            parts.append(Part(factor, *reached, (str(count),)))
    for most, value, points in book.sentiment:
        if facts.sentiment <= most:
            total += points
            parts.append(Part("sentiment", value, points, (f"{facts.sentiment:g}",)))
            break
    total = max(0, min(HIGHEST, total))
    level = next((level for least, level in book.levels if total >= least), PriorityLevel.LOW.value)
    return Priority(total, level, tuple(parts))


def explain(parts: Iterable[Part | Mapping[str, Any]], language: str | None = None) -> list[Line]:
    """The break-down in words, in `language` or the active one. Takes parts or what `Priority.as_json` gave."""
    with translation.override(language or translation.get_language()):
        return [_line(p if isinstance(p, Part) else Part(**{**p, "words": tuple(p["words"])})) for p in parts]


def _line(part: Part) -> Line:
    words = "、".join(part.words)
    if part.factor in (Factor.REPEATS, Factor.NUDGES):
        return Line(_label(part.factor), _("%(count)s or more") % {"count": part.value}, part.points, words)
    if part.factor == Factor.SENTIMENT:
        return Line(_label(part.factor), _("%(limit)s or lower") % {"limit": part.value}, part.points, words)
    return Line(_label(part.factor), value_label(part.factor, part.value), part.points, words)


def _label(factor: str) -> str:
    return str(Factor(factor).label) if factor in Factor.values else factor
