"""Void or red-letter: one pure function over dated rule rows (VOI-04, VOID-RULES.md).

Facts are known to hold, known not to hold, or unknown (None). A rule with an unknown condition may or may not apply, so
nothing is decided before the facts that could change the answer are known: the ruling names them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from apps.billing.states import Fact
from apps.core.clock import SHANGHAI

R = TypeVar("R", bound=Any)
"""A `VoidRule`, or anything with its fields: code, position, kinds, conditions, effective_from, effective_to."""


@dataclass(frozen=True)
class Ruling(Generic[R]):
    """`rule` decides; or it is None and `missing` are the facts to find out, or none where no rule fits at all."""

    rule: R | None
    missing: tuple[str, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = field(default=())
    """Rules before it, each with the fact that ruled it out: why it isn't a void."""


def same_month(issued_at: datetime, now: datetime) -> bool:
    """The calendar month of Shanghai, not thirty days."""
    one, other = issued_at.astimezone(SHANGHAI), now.astimezone(SHANGHAI)
    return (one.year, one.month) == (other.year, other.month)


def decide(kind: str, facts: Mapping[str, bool | None], rules: Iterable[R], *, on: date) -> Ruling[R]:
    """The first rule in force on this day of Shanghai whose conditions all hold."""
    missing: list[str] = []
    passed_over: list[tuple[str, str]] = []
    for rule in sorted(in_force(rules, on), key=lambda rule: rule.position):
        if kind not in rule.kinds:
            continue
        against = [fact for fact, wanted in rule.conditions.items() if facts.get(fact) is (not wanted)]
        unknown = [fact for fact in rule.conditions if facts.get(fact) is None]
        if against:
            passed_over.append((rule.code, against[0]))
        elif unknown:
            missing += [fact for fact in unknown if fact not in missing]
        elif missing:
            return Ruling(None, tuple(missing), tuple(passed_over))  # an earlier rule may still apply
        else:
            return Ruling(rule, (), tuple(passed_over))
    return Ruling(None, tuple(missing), tuple(passed_over))


def in_force(rows: Iterable[R], on: date) -> list[R]:
    return [row for row in rows if row.effective_from <= on and (row.effective_to is None or on <= row.effective_to)]


def needed_facts(kind: str, rules: Iterable[Any], *, on: date) -> list[str]:
    """All facts that the rules for this kind of invoice ask for, in their order; `same_month` answers itself."""
    found: list[str] = []
    for rule in sorted(in_force(rules, on), key=lambda rule: rule.position):
        if kind in rule.kinds:
            found += [fact for fact in rule.conditions if fact not in found and fact != Fact.SAME_MONTH]
    return found
