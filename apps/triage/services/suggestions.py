"""Keywords that corrections ask for (CLS-04): searched by a nightly job, decided by a person."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import log

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal.events import record
from apps.triage import events, rulebook, sources
from apps.triage.folding import fold
from apps.triage.models import Category, Decision, Keyword, KeywordSuggestion, LibraryVersion
from apps.triage.services import library
from apps.triage.services.classify import listen
from apps.triage.services.training import MOST_TICKETS

LEAST_TICKETS = 3  # a word that only one or two customers used is no rule, and may be somebody's name
LEAST_SHARE = 0.7  # of the tickets that hold the word, in the category
MOST_OPEN = 50
SHORTEST, LONGEST = 2, 8
# Chinese characters only: numbers and foreign letters are model names, addresses and telephones.
_RUNS = re.compile(r"[㐀-鿿]{2,}")
_NOTE = "来自人工更正"  # the keyword's note; notes are the library's own words, which are Chinese


@dataclass(frozen=True, slots=True)
class _Seen:
    """A decided text: its pieces, where it belongs, and whether the keywords led it elsewhere before a person did."""

    pieces: frozenset[str]
    label: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    label: str
    corrected: int
    here: int
    elsewhere: int

    @property
    def strength(self) -> float:
        """How clearly it tells the category: a likelihood ratio in logarithms, pulled towards 0 where there is little."""
        return round(log((self.here + 0.5) / (self.elsewhere + 0.5)) * self.corrected / (self.corrected + 2), 3)

    @property
    def weight(self) -> Decimal:
        share = self.here / (self.here + self.elsewhere)
        return Decimal("3") if share >= 0.95 else Decimal("2.5") if share >= 0.85 else Decimal("1.5")


def search(*, actor: Actor) -> int:
    """Look through past corrections and put the open suggestions anew; returns how many are open now."""
    _check_right(actor)
    ids = rulebook.current().branches.ids
    found = [f for f in _candidates(_decided()) if f.label in ids]
    with transaction.atomic():
        known = set(Keyword.objects.values_list("text", flat=True))
        decided = list(KeywordSuggestion.objects.exclude(decision=Decision.OPEN).values_list("text", flat=True))
        chosen = _strongest((f for f in found if f.text not in known), decided)
        KeywordSuggestion.objects.filter(decision=Decision.OPEN).exclude(text__in=[f.text for f in chosen]).delete()
        for f in chosen:
            KeywordSuggestion.objects.update_or_create(
                text=f.text,
                decision=Decision.OPEN,
                defaults={
                    "category_id": ids[f.label],
                    "weight": f.weight,
                    "corrected": f.corrected,
                    "here": f.here,
                    "elsewhere": f.elsewhere,
                    "strength": f.strength,
                },
            )
    return len(chosen)


def accept(
    suggestion: KeywordSuggestion, *, actor: Actor, category: Category, weight: Decimal
) -> LibraryVersion | None:
    """Make a keyword of it; it works within a second. Raises what `library.save` raises, DomainError
    `suggestion.decided`."""
    with transaction.atomic():
        fresh = _open(suggestion, actor)
        keyword = Keyword(text=fresh.text, category=category, weight=weight, note=_NOTE)
        version = library.save(keyword, actor=actor)
        _decide(fresh, Decision.ACCEPTED, actor)
        data = {"text": fresh.text, "category": category.slug, "weight": f"{float(weight):g}"}
        record(events.SUGGESTION_ACCEPTED, subject=fresh, actor=actor, data=data)
        return version


def dismiss(suggestion: KeywordSuggestion, *, actor: Actor) -> None:
    """Never suggest it again. Raises DomainError `core.not_allowed`, `suggestion.decided`."""
    with transaction.atomic():
        fresh = _open(suggestion, actor)
        _decide(fresh, Decision.DISMISSED, actor)
        record(events.SUGGESTION_DISMISSED, subject=fresh, actor=actor, data={"text": fresh.text})


def _open(suggestion: KeywordSuggestion, actor: Actor) -> KeywordSuggestion:
    _check_right(actor)
    fresh = locks.row(KeywordSuggestion, suggestion.pk)
    if fresh.decision != Decision.OPEN:
        raise DomainError("suggestion.decided")
    return fresh


def _decide(suggestion: KeywordSuggestion, decision: Decision, actor: Actor) -> None:
    suggestion.decision, suggestion.decided_at, suggestion.decided_by_id = decision, clock.now(), actor.user_id
    suggestion.save(update_fields=["decision", "decided_at", "decided_by"])


def _check_right(actor: Actor) -> None:
    if not actor.can("triage.change_keyword"):
        raise DomainError("core.not_allowed")


def _decided() -> list[_Seen]:
    book = rulebook.current()
    roots = book.branches.roots()
    seen = []
    for past in sources.current().decided(actor=system("triage"), limit=MOST_TICKETS):
        if past.category not in roots:
            continue
        folded, label = fold(past.text), roots[past.category]
        led = listen(book, folded).category
        seen.append(_Seen(_pieces(folded), label, past.by_person and led != label))
    return seen


def _pieces(folded: str) -> frozenset[str]:
    return frozenset(
        run[at : at + size]
        for run in _RUNS.findall(folded[:1_000])
        for size in range(SHORTEST, min(LONGEST, len(run)) + 1)
        for at in range(len(run) - size + 1)
    )


def _candidates(decided: list[_Seen]) -> list[_Found]:
    corrected: dict[str, Counter[str]] = defaultdict(Counter)
    for text in decided:
        if text.corrected:
            corrected[text.label].update(text.pieces)
    wanted = {
        (piece, label): count
        for label, counts in corrected.items()
        for piece, count in counts.items()
        if count >= LEAST_TICKETS
    }
    everywhere, here = _counts(decided, {piece for piece, _ in wanted})
    found = [
        _Found(piece, label, count, here[piece, label], everywhere[piece] - here[piece, label])
        for (piece, label), count in wanted.items()
    ]
    return [f for f in found if f.here >= LEAST_SHARE * (f.here + f.elsewhere) and f.strength > 0]


def _counts(decided: Iterable[_Seen], wanted: set[str]) -> tuple[Mapping[str, int], Mapping[tuple[str, str], int]]:
    everywhere: Counter[str] = Counter()
    here: Counter[tuple[str, str]] = Counter()
    for text in decided:
        inside = text.pieces & wanted
        everywhere.update(inside)
        here.update((piece, text.label) for piece in inside)
    return everywhere, here


def _strongest(found: Iterable[_Found], decided: Sequence[str]) -> list[_Found]:
    """The strongest of those that say the same: of equally strong ones the longer, none inside another or inside a
    decided one, and none that holds one of those."""
    chosen: list[_Found] = []
    for each in sorted(found, key=lambda f: (-f.strength, -len(f.text), f.text)):
        if len(chosen) == MOST_OPEN:
            break
        if not any(each.text in other or other in each.text for other in (*decided, *(f.text for f in chosen))):
            chosen.append(each)
    return chosen
