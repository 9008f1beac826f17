"""Reading a text: category, demand, risk and tone. No query, some µs a text (CLS-09).

The keyword library reads first (CLS-02); where learned models work, they have their say after it (`learned`, CLS-03).
The keywords' rules, in the order a complaint clerk reads:
- The longest keyword wins where several begin at one place.
- Each keyword counts once; after each, the next one of the same category counts less (`Word.tires`), so that a long
  list of the same thing does not outweigh everything else.
- What is said first matters most: with every clause that holds a complaint, later ones count less, down to a floor.
- A clause of praise ("送得很快，但是…") says little about what the complaint is about.
- A danger to people counts in full wherever it stands.
- Nothing found: `other`, with confidence 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from apps.core.vocabulary import Demand, Risk
from apps.triage import folding, rulebook
from apps.triage.learning.targets import OTHER, Said, Target
from apps.triage.rulebook import Rulebook, Word
from apps.triage.services.learned import Judgement, judge

# Found by cross-validation on labelled texts; they describe reading, not policy, so they are no settings.
PRAISE_COUNTS = 0.25
LATER_COUNTS = 0.8
LATER_FLOOR = 0.3
BRANCH_SHARE = 0.5  # of its root's evidence, for a sub-category to be chosen
SURE_AT = 3.0  # evidence from which on a lone category is as sure as it can be
# From which share of the evidence, and from how much of it, on the keywords have spoken clearly: then no model is asked
# about the category, so that whoever gives a keyword a weight of 1 or more sees it decide.
CLEAR_SHARE, CLEAR_EVIDENCE = 0.6, 1.0
READS_CHARACTERS = 10_000

_NEGATIONS = frozenset("不没未无")
_DENIALS = ("没有", "不会", "没", "不", "无", "未")
_RISK_ORDER = {"": 0, Risk.LEGAL.value: 1, Risk.SAFETY.value: 2}
# Looking a member up costs as much as finding a word.
_NO_RISK, _DANGER, _NO_DEMAND = Risk.NONE.value, Risk.SAFETY.value, Demand.NONE.value


KEYWORDS, MODEL = "keywords", "model"  # who decided a category, and whose a hit is


class Hit(NamedTuple):
    """A word that spoke, at `start` of the text: a keyword, with what it counted after the rules above; or, without a
    weight, a piece by which a learned model decided otherwise than the keywords (`by`)."""

    text: str
    category: str
    weight: float
    start: int
    demand: str
    risk: str
    by: str = KEYWORDS


# Hits are made for every keyword of every text; the named tuple's own constructor takes three times as long.
_hit = partial(tuple.__new__, Hit)


class Classification(NamedTuple):
    """What the library and the learned models say of a text.

    `category` is a slug and `category_id` its row (None only where no such category is set up); `confidence` goes from
    0 to 1; `demand` and `risk` are values of the vocabulary; `sentiment` goes from -1 (angry) to 1 (praise);
    `department_id` is the department of the keyword that decided, if it names one; `version` is the library's.
    `decided_by` is "model" where a learned model put another category than the keywords; `model` is the number of the
    category model, None where none works. With one, `confidence` is how likely the category is right.
    """

    category: str
    category_id: UUID | None
    confidence: float
    hits: tuple[Hit, ...]
    demand: str
    risk: str
    sentiment: float
    department_id: int | None
    version: int
    decided_by: str = KEYWORDS
    model: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "category": self.category,
            "confidence": self.confidence,
            "hits": [{**hit._asdict(), "weight": round(hit.weight, 2)} for hit in self.hits],
            "demand": self.demand,
            "risk": self.risk,
            "sentiment": self.sentiment,
            "version": self.version,
            "decided_by": self.decided_by,
            "model": self.model,
        }


def classify(text: str) -> Classification:
    """Read a text with the current library."""
    return classify_with(rulebook.current(), text)


def classify_with(book: Rulebook, text: str) -> Classification:
    """Read a text with a given library; the same book and text give the same answer."""
    folded = folding.fold(text[:READS_CHARACTERS])
    reading = _Reading(book)
    reading.read(folded)
    said = reading.said()
    found = judge(book.reader, folded, said, book.branches.ids)
    category = reading.branch(found.category) if book.branches.deep else found.category
    return Classification(
        category,
        book.branches.ids.get(category),
        found.confidence,
        (*reading.hits, *_pieces(found, folded)) if found.pieces else tuple(reading.hits),
        reading.demand(),
        found.risk,
        found.sentiment,
        reading.department(category),
        book.version,
        KEYWORDS if found.category == said.category else MODEL,
        book.model_numbers.get(Target.CATEGORY.value),
    )


def listen(book: Rulebook, folded: str) -> Said:
    """What the keywords alone say of a folded text."""
    reading = _Reading(book)
    reading.read(folded[:READS_CHARACTERS])
    return reading.said()


def _pieces(found: Judgement, folded: str) -> list[Hit]:
    """The pieces by which a model decided, as hits; what white space was cut from has no place in the text."""
    spoke = [(piece, found.category, "") for piece in found.category_pieces]
    spoke += [(piece, "", found.risk) for piece in found.risk_pieces]
    placed = [(piece, category, folded.find(piece), risk) for piece, category, risk in spoke]
    return [Hit(piece, category, 0.0, at, "", risk, MODEL) for piece, category, at, risk in placed if at >= 0]


class _Reading:
    """One pass over a text."""

    __slots__ = ("attention", "book", "demands", "hits", "negative", "positive", "risk", "scores", "seen", "times")

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.hits: list[Hit] = []
        self.scores: dict[str, float] = {}  # by the root of the category
        self.times: dict[str, float] = {}  # how much the next keyword of a root counts
        self.seen: set[str] = set()
        self.demands: dict[str, int] = {}
        self.risk = ""
        self.positive = self.negative = 0.0
        self.attention = 1.0

    def read(self, text: str) -> None:
        tones, bearers = self.book.tones, self.book.bearers
        clause: list[tuple[Word, int]] = []
        tone = 0.0
        previous = 0
        for index, start, end in self.book.finder.find_matches_as_indexes(text):
            feeling = tones[index]
            if feeling is None:  # the clause ends here
                if clause:
                    self._weigh(clause, tone, text)
                    clause = []
                tone = 0.0
            elif feeling:
                if feeling > 0 and not _NEGATIONS.isdisjoint(text[max(previous, start - 3) : start]):
                    feeling = -0.8 * feeling  # "不是很好" is milder than "很差"
                tone += feeling
                if feeling > 0:
                    self.positive += feeling
                else:
                    self.negative -= feeling
            word = bearers[index]
            if word is not None:
                clause.append((word, start))
            previous = end
        if clause:
            self._weigh(clause, tone, text)

    def _weigh(self, clause: list[tuple[Word, int]], tone: float, text: str) -> None:
        """Count a clause's keywords."""
        factor = PRAISE_COUNTS if tone > 0 else self.attention
        complaint = False
        hits, seen, times, scores = self.hits, self.seen, self.times, self.scores
        for (name, category, root, weight, tires, demand, risk, _, _), start in clause:
            counted = 0.0
            if root and name not in seen:
                seen.add(name)
                again = times.get(root, 1.0)
                times[root] = again * tires
                counted = weight if risk == _DANGER and tone <= 0 else weight * factor * again
                scores[root] = scores.get(root, 0.0) + counted
                complaint = True
            if demand or risk:
                if text[max(0, start - 2) : start].endswith(_DENIALS):
                    demand = risk = ""  # "没有漏电", "不想退货"
                self._note(demand, risk)
            hits.append(_hit((name, category, counted, start, demand, risk, KEYWORDS)))
        if complaint and tone <= 0 and self.attention > LATER_FLOOR:
            self.attention = max(self.attention * LATER_COUNTS, LATER_FLOOR)

    def _note(self, demand: str, risk: str) -> None:
        if demand:
            self.demands[demand] = self.demands.get(demand, 0) + 1
        if risk and _RISK_ORDER.get(risk, 0) > _RISK_ORDER[self.risk]:
            self.risk = risk

    def said(self) -> Said:
        category, confidence, clear = self._verdict()
        return Said(category, confidence, self.risk or _NO_RISK, self.positive, self.negative, clear)

    def _verdict(self) -> tuple[str, float, bool]:
        """The top category, how sure it is (its share of the evidence, less where there is little evidence), and whether
        it is clear."""
        if not self.scores:
            return OTHER, 0.0, False
        scores = self.scores
        if len(scores) == 1:
            [(root, best)] = scores.items()
            return root, round(min(1.0, best / SURE_AT), 3), best >= CLEAR_EVIDENCE
        best = max(scores.values())
        total = sum(scores.values())
        winners = [slug for slug, evidence in scores.items() if evidence == best]
        root = winners[0] if len(winners) == 1 else min(winners, key=self.book.branches.ranks.__getitem__)
        share = best / total
        return root, round(share * min(1.0, best / SURE_AT), 3), share >= CLEAR_SHARE and best >= CLEAR_EVIDENCE

    def branch(self, root: str) -> str:
        """The sub-category that holds most of its root's evidence, or the root itself."""
        evidence: dict[str, float] = {}
        for hit in self.hits:
            evidence[hit.category] = evidence.get(hit.category, 0.0) + hit.weight
        ids, lines = self.book.branches.ids, self.book.branches.lines
        under = {slug: w for slug, w in evidence.items() if slug and slug != root and ids[root] in lines[ids[slug]]}
        if not under:
            return root
        best = max(under, key=lambda slug: under[slug])
        return best if under[best] >= BRANCH_SHARE * self.scores.get(root, 0.0) else root

    def demand(self) -> str:
        """What is asked for most often; the first of equals."""
        return max(self.demands, key=lambda d: self.demands[d]) if self.demands else _NO_DEMAND

    def department(self, category: str) -> int | None:
        """The department of the weightiest keyword of the chosen category, if that keyword names one."""
        if not self.book.departments:
            return None
        mine = [hit for hit in self.hits if hit.category == category]
        if not mine:
            return None
        decisive = max(mine, key=lambda hit: hit.weight).text
        return self.book.departments.get(decisive)
