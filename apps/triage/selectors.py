"""Reads for the admin: what the library makes of a text, step by step."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from apps.accounts.models import Department
from apps.core.vocabulary import Demand, Risk
from apps.triage.learning.targets import OTHER
from apps.triage.models import Category, RoutingRule
from apps.triage.services.classify import MODEL, READS_CHARACTERS, Classification, Hit, classify
from apps.triage.services.route import route
from apps.triage.services.score import Line, Priority, ScoreFacts, explain, score
from apps.triage.states import PriorityLevel


class Piece(NamedTuple):
    """A stretch of the text; `hit` is the keyword it is, with `tells` as what it told in words."""

    text: str
    hit: Hit | None
    tells: str


class Evidence(NamedTuple):
    """What spoke for a category; `share` is percent of all evidence."""

    category: str
    weight: float
    share: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything that would happen to a text if it came in now."""

    pieces: list[Piece]
    classification: Classification
    category: str
    confidence: int  # percent
    evidence: list[Evidence]
    demand: str
    risk: str
    priority: Priority
    level: str
    lines: list[Line]
    department: Department
    collaborators: list[Department]
    rule: RoutingRule | None


def try_text(text: str, facts: ScoreFacts, *, product_group: str = "", region: str = "") -> Trial:
    """Classify, score and route a text without keeping anything. `facts` says what the text can't: urgency, tier,
    kind, impact, repeats; risk and tone come from the text. Raises DomainError `routing.no_department`."""
    found = classify(text)
    names = dict(Category.objects.values_list("slug", "name"))
    facts.risk, facts.sentiment = found.risk, found.sentiment
    facts.risk_words = tuple(dict.fromkeys(hit.text for hit in found.hits if hit.risk == found.risk))
    priority = score(facts)
    routing = route(found.category_id, product_group, region, facts.kind, keyword_department_id=found.department_id)
    departments = Department.objects.in_bulk([routing.department_id, *routing.collaborator_ids])
    return Trial(
        pieces=_pieces(text, found.hits, names),
        classification=found,
        category=names.get(found.category, str(_("Other")) if found.category == OTHER else found.category),
        confidence=round(found.confidence * 100),
        evidence=_evidence(found.hits, names),
        demand=str(Demand(found.demand).label),
        risk=str(Risk(found.risk).label),
        priority=priority,
        level=str(PriorityLevel(priority.level).label),
        lines=explain(priority.parts),
        department=departments[routing.department_id],
        collaborators=[departments[pk] for pk in routing.collaborator_ids],
        rule=RoutingRule.objects.select_related("category", "department").filter(pk=routing.rule_id).first(),
    )


def _pieces(text: str, hits: tuple[Hit, ...], names: dict[str, str]) -> list[Piece]:
    """The text cut at its hits; a hit that told nothing here (an entry met a second time) is marked all the same."""
    pieces = []
    position = 0
    for hit in sorted(hits, key=lambda h: h.start):
        end = hit.start + len(hit.text)
        if position < hit.start:
            pieces.append(Piece(text[position : hit.start], None, ""))
        pieces.append(Piece(text[hit.start : end], hit, _tells(hit, names)))
        position = end
    if position < len(text):
        pieces.append(Piece(text[position:], None, ""))
    if len(text) > READS_CHARACTERS:
        pieces.append(Piece(" […]", None, ""))
    return pieces


def _tells(hit: Hit, names: dict[str, str]) -> str:
    told = [f"{names.get(hit.category, hit.category)} +{hit.weight:.1f}"] if hit.category and hit.weight else []
    if hit.by == MODEL:
        told = [_("learned")] + ([names.get(hit.category, hit.category)] if hit.category else [])
    told += [str(Demand(hit.demand).label)] if hit.demand else []
    told += [str(Risk(hit.risk).label)] if hit.risk else []
    return " · ".join(told)


def _evidence(hits: tuple[Hit, ...], names: dict[str, str]) -> list[Evidence]:
    sums: dict[str, float] = {}
    for hit in hits:
        if hit.category and hit.weight:
            sums[hit.category] = sums.get(hit.category, 0.0) + hit.weight
    total = sum(sums.values())
    return [
        Evidence(names.get(slug, slug), weight, round(100 * weight / total))
        for slug, weight in sorted(sums.items(), key=lambda pair: -pair[1])
    ]
