"""A change of the keyword library that is not made yet: read from a form or a file, tried, then applied (CLS-10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

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
_NUMBERS = ("weight", "sentiment")


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
    changes, errors = [], []
    for number, line in enumerate(lines, 1):
        try:
            change = {name: value for name, value in line.items() if value != ""}
            change["text"] = library.tidy(str(change.get("text", "")))
            change["action"] = REMOVE if change.get("action") == REMOVE else PUT
            _row(change, number)
            changes.append(change)
        except DomainErrors as found:
            errors += [DomainError("replay.line", line=number, why=e.words) for e in found.errors]
        except DomainError as error:
            errors.append(error)
    if not changes and not errors:
        errors.append(DomainError("replay.empty"))
    if len(changes) > MOST_LINES:
        errors.append(DomainError("replay.too_many", limit=MOST_LINES))
    if errors:
        raise DomainErrors(errors[:20])
    return changes


def of_keyword(keyword: Keyword) -> Change:
    """The change that a filled-in keyword form stands for."""
    return {
        "text": keyword.text,
        "action": PUT if keyword.active else REMOVE,
        "category": keyword.category.slug if keyword.category else "",
        "weight": f"{float(keyword.weight):g}",
        "demand": keyword.demand,
        "risk": keyword.risk,
        "sentiment": f"{float(keyword.sentiment):g}",
        "department": keyword.department_id,
        "note": keyword.note,
        **({"id": str(keyword.pk)} if not keyword._state.adding else {}),
    }


def book_with(book: Rulebook, changes: Sequence[Change]) -> Rulebook:
    """The library as it would be after the change; nothing is written."""
    words = {word.text: word for word in rulebook.words(book.branches)}
    for number, change in enumerate(changes, 1):
        row = _row(change, number)
        words.pop(change["text"], None)
        if row is not None and (old := _renamed(change)):
            words.pop(old, None)
        if row is not None and row.active:
            words[row.text] = rulebook.word_of(book.branches, row)
    departments = {w.text: w.department_id for w in words.values() if w.department_id in book.departments_active}
    return replace(book, **matcher(tuple(words.values())), departments=departments)


def apply(changes: Sequence[Change], *, actor: Actor, reason: str = "") -> int:
    """Make the change through the library, all of it or nothing; returns how many keywords are different now.

    Raises what `read` and `library.save` raise.
    """
    done = 0
    with transaction.atomic():
        for number, change in enumerate(changes, 1):
            row = _row(change, number)
            done += row is not None and library.save(row, actor=actor, reason=reason) is not None
    return done


def _renamed(change: Change) -> str:
    """The text that the keyword had before, where the change gives it another one."""
    if "id" not in change:
        return ""
    old = Keyword.objects.filter(pk=change["id"]).values_list("text", flat=True).first()
    return old if old and old != change["text"] else ""


def _row(change: Change, number: int) -> Keyword | None:
    """The keyword as it would be, checked and not saved; None where it is not there and is to be removed from nowhere."""
    row = Keyword.objects.filter(pk=change["id"]).first() if "id" in change else None
    row = row or Keyword.objects.filter(text=change["text"]).first()
    if change["action"] == REMOVE:
        if row is None:
            raise DomainError("replay.unknown", line=number, text=change["text"])
        row.active = False
        return row
    row = row or Keyword()
    row.text, row.active = change["text"], True
    for name in ("demand", "risk", "note"):
        if name in change:
            setattr(row, name, change[name])
    for name in _NUMBERS:
        if name in change:
            setattr(row, name, _number(change[name], name, number))
    if "department" in change:
        row.department_id = change["department"]
    if "category" in change:
        row.category = Category.objects.filter(slug=change["category"]).first()
        if row.category is None:
            raise DomainError("replay.category", line=number, value=change["category"])
    elif "id" in change:
        row.category = None
    library.check(row)
    return row


def _number(value: str, column: str, line: int) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DomainError("replay.number", line=line, value=value, column=column)
    return number
