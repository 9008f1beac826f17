"""The whole library in memory: keywords, points, routing rules. Every process keeps one and reloads it when it changed.

`current()` asks the database at most once a second for the newest version (one tiny query); so a change works in
every process within a second and without a restart (CLS-02), and classifying costs no query (CLS-09).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from ahocorasick_rs import AhoCorasick, MatchKind
from django.db import connection

from apps.accounts.models import Department
from apps.core.vocabulary import Demand, Risk
from apps.triage.folding import fold
from apps.triage.learning.linear import LinearModel
from apps.triage.learning.reader import Reader
from apps.triage.learning.targets import OTHER as OTHER  # where it is looked for
from apps.triage.models import Category, Keyword, ModelVersion, RoutingRule, ScoreWeight
from apps.triage.states import Factor

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS = 1.0
FALLBACK_DEPARTMENT = "service"  # takes what no routing rule fits
# A clause ends here: praise in one clause must not weaken the complaint in the next.
CLAUSE_ENDS = ',.!?;:~…、。()[]{}<>"“”《》—\n\r\t \u3000'


class Word(NamedTuple):
    """A keyword as the matcher needs it. `root` is the top of its category's branch; `tires` is how much the next
    keyword of the same root still counts after this one."""

    text: str
    category: str
    root: str
    weight: float
    tires: float
    demand: str
    risk: str
    sentiment: float
    department_id: int | None


class Rule(NamedTuple):
    """A routing rule; `product_group` and `region` are folded."""

    id: UUID
    category_id: UUID | None
    product_group: str
    region: str
    kind: str
    department_id: int
    collaborator_ids: tuple[int, ...]
    order: int

    @property
    def conditions(self) -> int:
        return sum(map(bool, (self.category_id, self.product_group, self.region, self.kind)))


@dataclass(frozen=True, slots=True)
class Branches:
    """The category tree, active categories only."""

    ids: Mapping[str, UUID]
    lines: Mapping[UUID, tuple[UUID, ...]]  # a category, its parent, … up to the top
    ranks: Mapping[str, int]
    deep: bool  # whether any category has a parent

    def roots(self) -> dict[str, str]:
        """Each category's top of its branch."""
        slugs = {pk: slug for slug, pk in self.ids.items()}
        return {slug: slugs[self.lines[pk][-1]] for slug, pk in self.ids.items()}


@dataclass(frozen=True, slots=True)
class Rulebook:
    version: int
    finder: AhoCorasick  # finds the words, and behind them the clause ends; by its index:
    tones: Sequence[float | None]  # None: a clause ends here
    bearers: Sequence[Word | None]  # the word, if it bears anything but a tone
    branches: Branches
    points: Mapping[tuple[str, str], int]
    repeats: tuple[tuple[float, str, int], ...]  # at least, value, points; the highest first
    sentiment: tuple[tuple[float, str, int], ...]  # at or below, value, points; the lowest first
    levels: tuple[tuple[int, str], ...]  # from points on, level; the highest first
    rules: Mapping[UUID | None, tuple[Rule, ...]]  # by category, the most specific first
    departments: Mapping[str, int]  # of the keywords that name one
    fallback_department_id: int | None
    reader: Reader = field(default_factory=lambda: Reader({}))  # the learned models; none: the keywords stand alone
    model_numbers: Mapping[str, int] = field(default_factory=dict)
    nudges: tuple[tuple[float, str, int], ...] = ()  # as `repeats`


_Token = tuple[UUID | None, str]
_lock = threading.Lock()
_loaded: tuple[_Token, Rulebook] | None = None
_checked_at = float("-inf")
_reads: tuple[Mapping[str, UUID], Reader] | None = (
    None  # the working models; a change of a keyword must not unpack them
)


def current() -> Rulebook:
    """The rulebook as of at most a second ago."""
    global _checked_at, _loaded
    loaded = _loaded
    if loaded is not None and time.monotonic() - _checked_at < CHECK_EVERY_SECONDS:
        return loaded[1]
    with _lock:
        now = time.monotonic()
        token, number = _newest()
        if _loaded is None or _loaded[0] != token:
            _loaded = (token, _load(number))
        _checked_at = now
        return _loaded[1]


def expire() -> None:
    """Look at the database again at the next `current()`, at once instead of within a second."""
    global _checked_at
    _checked_at = float("-inf")


def _newest() -> tuple[_Token, int]:
    """Version and active departments: a department that was closed must not be routed to either."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.id, v.number,"
            " (SELECT string_agg(id::text, ',' ORDER BY id) FROM accounts_department WHERE active)"
            " FROM (SELECT 1) one LEFT JOIN LATERAL"
            " (SELECT id, number FROM triage_libraryversion ORDER BY number DESC LIMIT 1) v ON true"
        )
        version_id, number, departments = cursor.fetchone()
    return (version_id, departments or ""), number or 0


def _load(number: int) -> Rulebook:
    branches = _branches()
    vocabulary = words(branches)
    weights = list(ScoreWeight.objects.values_list("factor", "value", "points"))
    departments = dict(Department.objects.filter(active=True).order_by("id").values_list("code", "id"))
    working = {
        target: (pk, n)
        for target, pk, n in ModelVersion.objects.filter(active=True).values_list("target", "pk", "number")
    }
    return Rulebook(
        version=number,
        **matcher(vocabulary),
        branches=branches,
        **points_of(weights),
        rules=_rules(branches, set(departments.values())),
        departments={w.text: w.department_id for w in vocabulary if w.department_id in departments.values()},
        fallback_department_id=departments.get(FALLBACK_DEPARTMENT) or next(iter(departments.values()), None),
        reader=_reader({target: pk for target, (pk, _) in working.items()}),
        model_numbers={target: n for target, (_, n) in working.items()},
    )


def _reader(working: Mapping[str, UUID]) -> Reader:
    """The working models, ready to read. One that can't be unpacked is left out: a text must be taken in all the same."""
    global _reads
    if _reads is not None and _reads[0] == working:
        return _reads[1]
    targets = {pk: target for target, pk in working.items()}
    unpacked: dict[str, LinearModel] = {}
    for pk, weights in ModelVersion.objects.filter(pk__in=targets).values_list("pk", "weights"):
        try:
            unpacked[targets[pk]] = LinearModel.from_bytes(bytes(weights))
        except ValueError:
            log.exception("the learned model %s can't be read", pk)
    _reads = (working, Reader(unpacked))
    return _reads[1]


def tires(weight: float) -> float:
    """A clear word takes 30 % of the interest in more of the same, a mere hint less."""
    return 1.0 - 0.3 * min(1.0, weight / 2.5)


def matcher(words: Sequence[Word]) -> dict[str, Any]:
    """What finds these words in a text: the first fields of a `Rulebook`."""
    ends = [None] * len(CLAUSE_ENDS)
    return {
        "finder": AhoCorasick([w.text for w in words] + list(CLAUSE_ENDS), matchkind=MatchKind.LeftmostLongest),
        "tones": (*(w.sentiment for w in words), *ends),
        "bearers": (*(w if w.root or w.demand or w.risk else None for w in words), *ends),
    }


def points_of(weights: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """Score weights (factor, value, points) as a `Rulebook` holds them."""
    return {
        "points": {(factor, value): points for factor, value, points in weights},
        "repeats": tuple(sorted(_steps(weights, Factor.REPEATS), reverse=True)),
        "nudges": tuple(sorted(_steps(weights, Factor.NUDGES), reverse=True)),
        "sentiment": tuple(sorted(_steps(weights, Factor.SENTIMENT))),
        "levels": tuple(sorted(((p, v) for f, v, p in weights if f == Factor.LEVEL), reverse=True)),
    }


def _steps(weights: Sequence[tuple[str, str, int]], wanted: Factor) -> list[tuple[float, str, int]]:
    return [(float(value), value, points) for factor, value, points in weights if factor == wanted]


def _branches() -> Branches:
    rows = {c.pk: c for c in Category.objects.filter(active=True).order_by("order", "slug")}
    lines: dict[UUID, tuple[UUID, ...]] = {}
    for pk in rows:
        line = [pk]
        # an inactive parent cuts the branch off: the child stands at the top
        while (parent := rows[line[-1]].parent_id) in rows and parent not in line:
            line.append(parent)
        lines[pk] = tuple(line)
    return Branches(
        ids={c.slug: pk for pk, c in rows.items()},
        lines=lines,
        ranks={c.slug: rank for rank, c in enumerate(rows.values())},
        deep=any(len(line) > 1 for line in lines.values()),
    )


def words(branches: Branches) -> tuple[Word, ...]:
    """The active keywords, as the matcher needs them (one query)."""
    rows = Keyword.objects.filter(active=True).values_list(
        "text", "category_id", "weight", "demand", "risk", "sentiment", "department_id"
    )
    slugs = {pk: slug for slug, pk in branches.ids.items()}
    return tuple(_word(branches, slugs, *row) for row in rows)


def word_of(branches: Branches, row: Keyword) -> Word:
    """A keyword, saved or not, as the matcher needs it."""
    slugs = {pk: slug for slug, pk in branches.ids.items()}
    facts = (row.text, row.category_id, row.weight, row.demand, row.risk, row.sentiment, row.department_id)
    return _word(branches, slugs, *facts)


def _word(branches: Branches, slugs: Mapping[UUID, str], text: str, category_id: UUID | None, *facts: Any) -> Word:
    weight, demand, risk, sentiment, department_id = facts
    slug = slugs.get(category_id, "") if category_id else ""
    return Word(
        text=text,
        category=slug,
        root=slugs[branches.lines[category_id][-1]] if slug and category_id else "",
        weight=float(weight) if slug else 0.0,
        tires=tires(float(weight)),
        demand="" if demand == Demand.NONE else demand,
        risk="" if risk == Risk.NONE else risk,
        sentiment=float(sentiment),
        department_id=department_id,
    )


def _rules(branches: Branches, departments: set[int]) -> dict[UUID | None, tuple[Rule, ...]]:
    rows = RoutingRule.objects.filter(active=True, department__in=departments).prefetch_related("collaborators")
    rules = [
        Rule(
            id=row.pk,
            category_id=row.category_id,
            product_group=fold(row.product_group.strip()),
            region=fold(row.region.strip()),
            kind=row.kind,
            department_id=row.department_id,
            collaborator_ids=tuple(
                d.pk for d in row.collaborators.all() if d.pk in departments and d.pk != row.department_id
            ),
            order=row.order,
        )
        for row in rows
    ]
    sorted_rules: dict[UUID | None, tuple[Rule, ...]] = defaultdict(tuple)
    for category_id, line in [(None, ()), *branches.lines.items()]:
        fitting = [r for r in rules if r.category_id is None or r.category_id in line]
        sorted_rules[category_id] = tuple(sorted(fitting, key=lambda r, line=line: _rank(r, line)))
    return dict(sorted_rules)


def _rank(rule: Rule, line: tuple[UUID, ...]) -> tuple[int, int, int, int, str]:
    """Most conditions first; then the nearer category, the longer region, the smaller order."""
    distance = line.index(rule.category_id) if rule.category_id else len(line)
    return (-rule.conditions, distance, -len(rule.region), rule.order, str(rule.id))
