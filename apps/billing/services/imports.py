"""A table from its upload to its last row (LNK-04): read, checked by doing it and taking it back, then brought in.

Check and import go on in the background, `CHUNK` things at a time; a chunk and the note of how far it is commit together, so
that after a crash no row is taken twice or left out. All is done with the rights of who uploaded it.
"""

import hashlib
import json
import logging
import time
from typing import Any

from django.db import DatabaseError, transaction

from apps.accounts import events
from apps.accounts.models import ImportSheet
from apps.billing.imports.kinds import KINDS, Kind
from apps.core import actors, bulk, clock, locks, sheets
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.doorbell import ring

logger = logging.getLogger(__name__)

MOST_ROWS = 20_000
MOST_ERRORS = 1_000
CHUNK = 50
TASK = "billing.import"
COUNTS = ("new", "changed", "errors")  # saved without the rows, which are long


class _TakenBack(Exception):
    """Ends the transaction of a check."""


def upload(kind_name: str, name: str, content: bytes, *, actor: Actor) -> ImportSheet:
    """Read a table and begin to check it; nothing is brought in yet.

    Raises DomainError `core.not_allowed`, `sheet.kind`, `sheet.unreadable`, `sheet.too_long`, `sheet.column_missing`,
    `sheet.empty`.
    """
    if actor.user_id is None or not actor.can("accounts.import_tables"):
        raise DomainError("core.not_allowed")
    kind = KINDS.get(kind_name)
    if kind is None:
        raise DomainError("sheet.kind", field="kind")
    groups = _groups(kind, sheets.read(content))
    with transaction.atomic():
        sheet = ImportSheet.objects.create(
            kind=kind.name, name=name[:200], digest=hashlib.sha256(content).hexdigest(), uploaded_by_id=actor.user_id,
            rows=json.dumps(groups, ensure_ascii=False), total=len(groups),
        )  # fmt: skip
        ring(TASK)
    return sheet


def _groups(kind: Kind, rows: list[list[str]]) -> list[dict[str, Any]]:
    """Things to take in, each with the row it begins at (as the sheet's program counts) and its rows."""
    places = sheets.columns(rows[0], kind.headings) if rows else {}
    for column in kind.needed:
        if column not in places:
            raise DomainError("sheet.column_missing", field="file", name=kind.headings[column][0])
    groups: list[dict[str, Any]] = []
    for at, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        values = {
            column: row[place].strip() for column, place in places.items() if place < len(row) and row[place].strip()
        }
        key = values.get(kind.key, "").lstrip("'").strip()
        if key and groups and groups[-1]["key"] == key:
            groups[-1]["rows"].append(values)
        else:
            groups.append({"at": at, "key": key, "rows": [values]})
    if not groups:
        raise DomainError("sheet.empty", field="file")
    if len(groups) > MOST_ROWS:
        raise DomainError("sheet.too_long", field="file", limit=MOST_ROWS)
    return groups


def begin(sheet: ImportSheet, *, actor: Actor) -> ImportSheet:
    """Bring in what was right; the rows that were wrong are refused again. Raises DomainError `core.not_allowed`,
    `sheet.begun`, `sheet.unchecked`.
    """
    with transaction.atomic():
        fresh = locks.row(ImportSheet, sheet.pk)
        if fresh.uploaded_by_id != actor.user_id:
            raise DomainError("core.not_allowed")
        if fresh.confirmed_at is not None or fresh.finished_at is not None:
            raise DomainError("sheet.begun")
        if fresh.checked_at is None:
            raise DomainError("sheet.unchecked")
        fresh.confirmed_at, fresh.errors, fresh.new, fresh.changed = clock.now(), [], 0, 0
        fresh.save()
        data = {"kind": fresh.kind, "digest": fresh.digest, "rows": fresh.total}
        journal.record(events.IMPORT_BEGUN, subject=fresh, actor=actor, data=data)
        ring(TASK)
    return fresh


def give_up(sheet: ImportSheet, *, actor: Actor) -> ImportSheet:
    """Not this table after all; what was uploaded is dropped. Raises DomainError `core.not_allowed`, `sheet.begun`."""
    with transaction.atomic():
        fresh = locks.row(ImportSheet, sheet.pk)
        if fresh.uploaded_by_id != actor.user_id:
            raise DomainError("core.not_allowed")
        if fresh.confirmed_at is not None:
            raise DomainError("sheet.begun")
        fresh.rows, fresh.finished_at = "", clock.now()
        fresh.save()
    return fresh


def work_off(seconds: float = 20.0) -> int:
    """Go on with every open sheet until time is up; returns how many chunks were done. Safe in many processes at once."""
    until, chunks = time.monotonic() + seconds, 0
    while time.monotonic() < until and _next_chunk():
        chunks += 1
    return chunks


def _next_chunk() -> bool:
    with transaction.atomic():
        open_ = ImportSheet.objects.filter(finished_at=None).exclude(checked_at__isnull=False, confirmed_at=None)
        found = locks.claim(open_.order_by("id"), 1)
        if not found:
            return False
        sheet = found[0]
        if sheet.confirmed_at is None:
            _check(sheet)
        else:
            _import(sheet)
    return True


def _check(sheet: ImportSheet) -> None:
    groups = json.loads(sheet.rows)[sheet.checked : sheet.checked + CHUNK]
    results: list[bulk.Result] = []
    try:
        with transaction.atomic():
            results = _take(sheet, groups)
            raise _TakenBack
    except _TakenBack:
        pass
    _note(sheet, groups, results)
    sheet.checked += len(groups)
    if sheet.checked >= sheet.total:
        sheet.checked_at = clock.now()
    sheet.save(update_fields=["checked", "checked_at", *COUNTS])


def _import(sheet: ImportSheet) -> None:
    groups = json.loads(sheet.rows)[sheet.done : sheet.done + CHUNK]
    _note(sheet, groups, _take(sheet, groups))
    sheet.done += len(groups)
    if sheet.done >= sheet.total:
        sheet.finished_at, sheet.rows = clock.now(), ""
        data = {"new": sheet.new, "changed": sheet.changed, "errors": len(sheet.errors)}
        journal.record(events.IMPORT_FINISHED, subject=sheet, actor=actors.staff(sheet.uploaded_by), data=data)
    sheet.save(update_fields=["done", "finished_at", *COUNTS, *(["rows"] if sheet.finished_at else [])])


def _take(sheet: ImportSheet, groups: list[dict[str, Any]]) -> list[bulk.Result]:
    kind, actor = KINDS[sheet.kind], actors.staff(sheet.uploaded_by)
    return bulk.each(groups, lambda group: _one(kind, group, actor))


def _one(kind: Kind, group: dict[str, Any], actor: Actor) -> bulk.Taken[Any]:
    """A row that nobody thought of is refused like any other wrong one, and doesn't hold up the rest for ever."""
    try:
        return kind.take(group["rows"], actor)
    except (DatabaseError, ArithmeticError, ValueError, TypeError) as error:
        logger.exception("row %s of an import of %s", group["at"], kind.name)
        raise DomainError("core.server_error") from error


def _note(sheet: ImportSheet, groups: list[dict[str, Any]], results: list[bulk.Result]) -> None:
    """Counts and complaints. A complaint keeps what its words need; values of personal columns never get there."""
    sheet.new += sum(result.outcome == bulk.NEW for result in results)
    sheet.changed += sum(result.outcome == bulk.CHANGED for result in results)
    for group, result in zip(groups, results, strict=True):
        for error in result.errors:
            if len(sheet.errors) < MOST_ERRORS:
                data = {name: str(value) for name, value in error.data.items()}
                sheet.errors.append({"row": group["at"], "field": error.field or "", "code": error.code, "data": data})


def complaints(sheet: ImportSheet) -> list[tuple[int, str, str]]:
    """Row, heading and words of what is wrong, in the active language."""
    headings = KINDS[sheet.kind].headings
    return [
        (each["row"], headings.get(each["field"], (each["field"],))[0], DomainError(each["code"], **each["data"]).words)
        for each in sheet.errors
    ]
