"""A change of the keyword library that is not made yet: read from a form or a file, tried, then applied (CLS-10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts.models import Department
from apps.core import money
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.triage import rulebook
from apps.triage.models import Category, Keyword
from apps.triage.rulebook import Rulebook, matcher
from apps.triage.services import library

# One line of a change: `remove` retires the keyword, otherwise it is added or changed to what the other columns say. A
# column that a change leaves out, or leaves empty, stays as it is. Kept as JSON in a Replay.
Change = dict[str, Any]
COLUMNS = ("text", "action", "category", "weight", "demand", "risk", "sentiment", "note")
REMOVE, PUT = "remove", "put"
MOST_LINES = 2_000
MOST_ERRORS = 20


def read(content: str) -> list[Change]:
    """The lines of a CSV text with a header line; `text` is needed, the other COLUMNS are not.

    Raises DomainErrors that name the line: `triage.file_columns`, `replay.unknown`, `replay.category`,
    `replay.number`, `replay.empty`, `replay.too_many` and what `library.check` finds.
    """
    rows = list(csv.DictReader(io.StringIO(content.strip("\ufeff\n "), newline="")))
    if not rows:
        raise DomainErrors([DomainError("replay.empty")])
    if "text" not in rows[0]:
        raise DomainErrors([DomainError("triage.file_columns", columns="text")])
    return checked({name: (row.get(name) or "").strip() for name in COLUMNS} for row in rows)


def checked(lines: Iterable[Change]) -> list[Change]:
    """The lines as they are kept, tidied. Raises what `read` raises."""
    changes = [_tidied(line) for line in lines]
    if not changes:
        raise DomainErrors([DomainError("replay.empty")])
    if len(changes) > MOST_LINES:
        raise DomainErrors([DomainError("replay.too_many", limit=MOST_LINES)])
    rows, errors = _Rows(changes), []
    for number, change in enumerate(changes, 1):
        try:
            library.check(rows.row(change, number))
        except DomainErrors as found:
            errors += [DomainError("replay.line", line=number, why=e.words) for e in found.errors]
        except DomainError as error:
            errors.append(error)
    if errors:
        raise DomainErrors(errors[:MOST_ERRORS])
    return changes


def of_keyword(keyword: Keyword, was: str = "") -> Change:
    """The change that a filled-in keyword form stands for; `was` is the text that the keyword has now, if any."""
    return {
        "text": keyword.text,
        "was": was or keyword.text,
        "action": PUT if keyword.active else REMOVE,
        "category": keyword.category.slug if keyword.category else "",
        "weight": f"{float(keyword.weight):g}",
        "demand": keyword.demand,
        "risk": keyword.risk,
        "sentiment": f"{float(keyword.sentiment):g}",
        "department_id": keyword.department_id,
        "note": keyword.note,
    }


def _tidied(line: Change) -> Change:
    change = {name: value for name, value in line.items() if value != "" or "was" in line}
    change["text"] = library.tidy(str(change.get("text", "")))
    change["action"] = REMOVE if str(change.get("action", "")).lower() == REMOVE else PUT
    return change


def book_with(book: Rulebook, changes: Sequence[Change]) -> Rulebook:
    """The library as it would be after the change; nothing is written."""
    words = {word.text: word for word in rulebook.words(book.branches)}
    for change, row in zip(changes, _Rows(changes).all(), strict=True):
        words.pop(_named(change), None)
        if row.active:
            words[row.text] = rulebook.word_of(book.branches, row)
    open_now = set(Department.objects.filter(active=True).values_list("pk", flat=True))
    departments = {w.text: w.department_id for w in words.values() if w.department_id in open_now}
    return replace(book, **matcher(tuple(words.values())), departments=departments)


def apply(changes: Sequence[Change], *, actor: Actor, reason: str = "") -> int:
    """Make the change through the library, all of it or nothing; returns how many keywords are different now.

    Raises what `read` and `library.save` raise.
    """
    with transaction.atomic():
        rows = _Rows(changes).all()
        return sum(library.save(row, actor=actor, reason=reason) is not None for row in rows)


def _named(change: Change) -> str:
    """The text that the keyword has now."""
    return str(change.get("was") or change["text"])


class _Rows:
    """The keywords of a change as they would be, not saved; what is there already is read by one query."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes
        named = {_named(change) for change in changes}
        self.known = {row.text: row for row in Keyword.objects.filter(text__in=named).select_related("category")}
        self.categories = {row.slug: row for row in Category.objects.filter(active=True)}

    def all(self) -> list[Keyword]:
        """Raises DomainError that names the line: `replay.unknown`, `replay.category`, `replay.number`."""
        return [self.row(change, number) for number, change in enumerate(self.changes, 1)]

    def row(self, change: Change, number: int) -> Keyword:
        row = self.known.get(_named(change))
        if change["action"] == REMOVE:
            if row is None:
                raise DomainError("replay.unknown", line=number, text=change["text"])
            row.active = False
            return row
        row = row or Keyword()
        row.text, row.active = change["text"], True
        for name in ("demand", "risk", "note", "department_id"):
            if name in change:
                setattr(row, name, change[name])
        for name in ("weight", "sentiment"):
            if name in change:
                setattr(row, name, _number(change[name], name, number))
        if "category" in change:
            row.category = self.categories.get(change["category"])
            if row.category is None and change["category"]:
                raise DomainError("replay.category", line=number, value=change["category"])
        return row


def _number(value: str, column: str, line: int) -> Decimal:
    number = money.read(value)
    if number is None:
        raise DomainError("replay.number", line=line, value=value, column=column)
    return number
