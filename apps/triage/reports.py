"""Reads for the admin's pages: a model's figures, a replay, the effect of points, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.vocabulary import Risk
from apps.triage import rulebook, sources
from apps.triage.learning.targets import NEGATIVE, POSITIVE, Target
from apps.triage.models import Category, ModelVersion, Replay, ScoreWeight
from apps.triage.services.score import score_with
from apps.triage.states import PriorityLevel

PREVIEWED = 30  # open tickets that changed points are tried on


class Tile(NamedTuple):
    """A figure with what the keywords alone reach, both as percent; None where it was not measured."""

    label: str
    value: float | None
    keywords: float | None

    @property
    def gain(self) -> float | None:
        return None if self.value is None or self.keywords is None else round(self.value - self.keywords, 1)


class Bar(NamedTuple):
    """One class: how many texts are labelled so, and how many of them were found, by the model and by the keywords."""

    label: str
    texts: int
    precision: float | None
    recall: float | None
    f1: float | None
    keywords_f1: float | None


class Cell(NamedTuple):
    """A cell of the confusion table; `shade` from 0 to 9 says what part of the row it is."""

    count: int
    shade: int
    right: bool


@dataclass(frozen=True, slots=True)
class Figures:
    tiles: list[Tile]
    bars: list[Bar]
    answers: list[str]  # columns of the confusion table
    confusion: list[tuple[str, list[Cell]]]
    calibration: list[dict[str, Any]]
    compared: dict[str, Any] | None
    missed: list[str]  # goals that were not reached, in words


def names_of(target: str) -> dict[str, str]:
    """The answers to a question, in words."""
    if target == Target.CATEGORY:
        return dict(Category.objects.values_list("slug", "name"))
    if target == Target.RISK:
        return {value: str(label) for value, label in Risk.choices}
    return {POSITIVE: _("Praise"), NEGATIVE: _("Dissatisfaction")}


def figures(version: ModelVersion, *, of_keywords: bool = False) -> Figures:
    """What the page of a model shows; `of_keywords` shows the confusion of the keywords alone."""
    found, names = version.figures, names_of(version.target)
    keywords = found.get("keywords", {})
    tiles = [
        Tile(_("Accuracy"), _percent(found["accuracy"]), _percent(keywords.get("accuracy"))),
        Tile(_("Macro-F1"), _percent(found["macro_f1"]), _percent(keywords.get("macro_f1"))),
    ]
    if flagged := found.get("any_risk"):
        alone = keywords.get("any_risk", {})
        tiles += [
            Tile(_("Risks found (recall)"), _percent(flagged["recall"]), _percent(alone.get("recall"))),
            Tile(
                _("Flags that are right (precision)"), _percent(flagged["precision"]), _percent(alone.get("precision"))
            ),
        ]
    if demand := found.get("demand"):
        tiles.append(Tile(_("Demands found (recall), by keywords"), _percent(demand["recall"]), None))
    if found.get("by_people_accuracy") is not None and version.corrections < version.texts:
        tiles.append(Tile(_("Accuracy where a person decided"), _percent(found["by_people_accuracy"]), None))
    apart = _apart(found.get("apart", {}))
    tiles += [tile for tile, _goal in apart]
    confusion = keywords.get("confusion", {}) if of_keywords else found["confusion"]
    order = {name: place for place, (name, _each) in enumerate(_by_size(found))}
    seen = {name for row in confusion.values() for name in row} | set(confusion)
    answers = sorted(seen, key=lambda name: (order.get(name, len(order)), name))
    return Figures(
        tiles=tiles,
        bars=[
            _bar(names.get(name, name), each, keywords.get("classes", {}).get(name)) for name, each in _by_size(found)
        ],
        answers=[names.get(name, name) for name in answers],
        confusion=[(names.get(n, n), _cells(n, confusion[n], answers)) for n in answers if confusion.get(n)],
        calibration=[{**c, "said": _percent(c["said"]), "right": _percent(c["right"])} for c in found["calibration"]],
        compared=_compared(found.get("compared")),
        missed=[
            _("%(figure)s: %(value).1f %%; the goal is %(goal).0f %%.")
            % {"figure": tile.label, "value": tile.value, "goal": goal}
            for tile, goal in apart
            if tile.value is not None and tile.value < goal
        ],
    )


def _apart(found: Mapping[str, Any]) -> list[tuple[Tile, float]]:
    """Texts that were kept aside altogether, and the goal in percent."""
    names = {
        "unseen_shop_reviews": _("Shop reviews never seen"),
        "group_never_trained_on": _("Hotels, trained without any of their texts"),
    }
    return [
        (Tile(names[name], _percent(each["accuracy"]), _percent(each["keywords"])), 100 * each["goal"])
        for name, each in found.items()
        if name in names
    ]


class Move(NamedTuple):
    before: str
    after: str
    count: int
    share: int  # percent of the most frequent move
    examples: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found so far."""

    percent: int
    moved: int
    moves: list[Move]
    risks: list[Move]
    labelled: int
    right_before: float | None
    right_after: float | None
    better: list[dict[str, Any]]
    worse: list[dict[str, Any]]

    @property
    def gain(self) -> float:
        return round((self.right_after or 0) - (self.right_before or 0), 1)


def outcome(replay: Replay) -> Outcome:
    tally, names = replay.tally, names_of(Target.CATEGORY)
    moves, labelled = _moves(tally["moves"], names), tally["labelled"]

    def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**r, "from": names.get(r["from"], r["from"]), "to": names.get(r["to"], r["to"])} for r in rows]

    return Outcome(
        percent=100 if replay.finished else min(99, 100 * replay.done // replay.total) if replay.total else 0,
        moved=sum(move.count for move in moves),
        moves=moves,
        risks=_moves(tally["risks"], names_of(Target.RISK)),
        labelled=labelled,
        right_before=round(100 * tally["right_before"] / labelled, 1) if labelled else None,
        right_after=round(100 * tally["right_after"] / labelled, 1) if labelled else None,
        better=named(tally["better"]),
        worse=named(tally["worse"]),
    )


class Effect(NamedTuple):
    """An open ticket under other points; `rank` counts from 1, `moved` is by how many places it goes up."""

    name: str
    url: str
    title: str
    score_before: int
    score: int
    level_before: str
    level: str
    rank: int
    moved: int

    @property
    def other_level(self) -> bool:
        return self.level != self.level_before


def effect_of(points: Mapping[tuple[str, str], int], *, actor: Actor) -> list[Effect]:
    """The next open tickets in the order that these points give them (CLS-05), by (factor, value). Nothing is kept."""
    before = rulebook.current()
    rows = ScoreWeight.objects.values_list("factor", "value", "points")
    changed = [(factor, value, points.get((factor, value), old)) for factor, value, old in rows]
    after = replace(before, **rulebook.points_of(changed))
    waiting = sources.current().waiting(actor=actor, limit=PREVIEWED)
    scored = [(w, score_with(before, w.facts), score_with(after, w.facts)) for w in waiting]
    old_order = sorted(range(len(scored)), key=lambda i: scored[i][0].place(scored[i][1].score))
    new_order = sorted(range(len(scored)), key=lambda i: scored[i][0].place(scored[i][2].score))
    old_rank = {i: rank for rank, i in enumerate(old_order, 1)}
    levels = {value: str(label) for value, label in PriorityLevel.choices}
    return [
        Effect(
            name=scored[i][0].name,
            url=scored[i][0].url,
            title=scored[i][0].title,
            score_before=scored[i][1].score,
            score=scored[i][2].score,
            level_before=levels[scored[i][1].level],
            level=levels[scored[i][2].level],
            rank=rank,
            moved=old_rank[i] - rank,
        )
        for rank, i in enumerate(new_order, 1)
    ]


def _percent(part: float | None) -> float | None:
    return None if part is None else round(100 * part, 1)


def _by_size(found: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(found["classes"].items(), key=lambda pair: -pair[1]["texts"])


def _bar(label: str, each: Mapping[str, Any], alone: Mapping[str, Any] | None) -> Bar:
    keywords = _percent(alone["f1"]) if alone else None
    return Bar(
        label, each["texts"], _percent(each["precision"]), _percent(each["recall"]), _percent(each["f1"]), keywords
    )


def _cells(label: str, row: Mapping[str, int], answers: list[str]) -> list[Cell]:
    whole = sum(row.values()) or 1
    return [Cell(row.get(name, 0), min(9, 10 * row.get(name, 0) // whole), name == label) for name in answers]


def _compared(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not found or not found["texts"]:
        return None
    return {**found, "own": _percent(found["own"]), "other": _percent(found["other"])}


def _moves(found: Mapping[str, Any], names: Mapping[str, str]) -> list[Move]:
    ordered = sorted(found.values(), key=lambda move: -move["count"])
    most = ordered[0]["count"] if ordered else 1
    return [
        Move(
            names.get(move["from"], move["from"]),
            names.get(move["to"], move["to"]),
            move["count"],
            round(100 * move["count"] / most),
            move["examples"],
        )
        for move in ordered
    ]
