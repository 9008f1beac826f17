"""Void requests from a sheet (VOI-08): first a preview with what is wrong in each row, then the good rows are filed.

A sheet is known by its digest: filing it again, even after a crash in the middle, adds only the rows that are missing.
"""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.billing.models import Invoice, InvoiceLine, RequestSheet, RequestSheetRow, VoidRequest
from apps.billing.services import voids
from apps.billing.services.voids import VoidDraft
from apps.core import locks, money, sheets
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors

MOST_ROWS = 1000
MOST_BYTES = sheets.MOST_BYTES
# Column → headings that mean it.
HEADINGS = {
    "number": ("发票号码", "发票号", "invoice number", "number"),
    "code": ("发票代码", "invoice code", "code"),
    "reason": ("原因代码", "原因", "reason code", "reason"),
    "amount": ("金额", "价税合计", "amount", "gross"),
    "words": ("说明", "备注", "why", "words", "note"),
}
NEEDED = ("number", "reason")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as it was read; `row` counts as the sheet's program does, headings are row 1. `error` where it can't go."""

    row: int
    values: dict[str, str]
    invoice: Invoice | None = None
    filed: VoidRequest | None = None
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a sheet: requests filed now, rows known from before, rows with errors."""

    new: int
    known: int
    wrong: tuple[SheetRow, ...]


def preview(content: bytes) -> list[SheetRow]:
    """Every row with what is wrong with it; files nothing. Raises DomainError `sheet.unreadable`, `sheet.too_long`,
    `sheet.column_missing`.
    """
    known = {row.row: row.request for row in _known_rows(_digest(content))}
    read = list(_read(content))
    standing = _Standing([values for place, values in read if place not in known])
    seen: dict[Any, int] = {}
    rows = []
    for place, values in read:
        if place in known:
            rows.append(SheetRow(place, values, known[place].invoice, known[place]))
            continue
        try:
            invoice = standing.invoice(values)
            if invoice.pk in seen:
                raise DomainError("sheet.twice", field="number", row=seen[invoice.pk])
            seen[invoice.pk] = place
            standing.check(invoice, values)
            rows.append(SheetRow(place, values, invoice))
        except DomainError as error:
            rows.append(SheetRow(place, values, error=error))
    return rows


def file(content: bytes, name: str, *, actor: Actor) -> Filed:
    """File the rows that are right, each in a transaction of its own; the others come back with their errors.

    Raises DomainError `core.not_allowed` and those of `preview`.
    """
    if not actor.can("billing.request_void"):
        raise DomainError("core.not_allowed")
    rows = preview(content)
    sheet, _is_new = RequestSheet.objects.get_or_create(
        digest=_digest(content), defaults={"name": name[:200], "uploaded_by_id": actor.user_id}
    )
    new = known = 0
    wrong = [row for row in rows if row.error]
    for row in rows:
        if row.error or row.invoice is None:
            continue
        try:
            if _file_row(sheet, row, actor):
                new += 1
            else:
                known += 1
        except DomainError as error:
            wrong.append(SheetRow(row.row, row.values, row.invoice, error=error))
        except DomainErrors as errors:
            wrong.append(SheetRow(row.row, row.values, row.invoice, error=errors.errors[0]))
    return Filed(new, known, tuple(sorted(wrong, key=lambda row: row.row)))


def _file_row(sheet: RequestSheet, row: SheetRow, actor: Actor) -> bool:
    """The sheet's lock lets one upload at a time file its rows: a row becomes one request. Whether it did now."""
    with transaction.atomic():
        locks.row(RequestSheet, sheet.pk)
        if RequestSheetRow.objects.filter(sheet=sheet, row=row.row).exists() or row.invoice is None:
            return False
        draft = VoidDraft(row.invoice, row.values["reason"], row.values.get("words", ""))
        request = voids.file(draft, actor=actor)
        RequestSheetRow.objects.create(sheet=sheet, row=row.row, request=request)
        return True


def errors_as_csv(rows: tuple[SheetRow, ...] | list[SheetRow]) -> str:
    """The wrong rows with the reason, to be mended and uploaded again. Cells that a program would run are defused."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Row"), *(names[0] for names in HEADINGS.values()), _("What is wrong")])
    for row in rows:
        if row.error is not None:
            cells = [row.values.get(column, "") for column in HEADINGS]
            writer.writerow([row.row, *map(sheets.defused, cells), sheets.defused(str(row.error))])
    return "\ufeff" + out.getvalue()


# Reading ----------------------------------------------------------------------------------------------------------------


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _known_rows(digest: str) -> list[RequestSheetRow]:
    return list(RequestSheetRow.objects.filter(sheet__digest=digest).select_related("request__invoice"))


def _read(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    rows = sheets.read(content)
    heads = [str(cell).strip().lower() for cell in rows[0]] if rows else []
    columns = {
        column: heads.index(found)
        for column, names in HEADINGS.items()
        if (found := next((name for name in names if name in heads), None)) is not None
    }
    for column in NEEDED:
        if column not in columns:
            raise DomainError("sheet.column_missing", field="file", name=HEADINGS[column][0])
    filled = [(place, row) for place, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if len(filled) > MOST_ROWS:
        raise DomainError("sheet.too_long", field="file", limit=MOST_ROWS)
    for place, row in filled:
        yield place, {column: row[at].strip() if at < len(row) else "" for column, at in columns.items()}


def _number(values: dict[str, str]) -> str:
    return "".join(values["number"].lstrip("'").split())


# Checking ---------------------------------------------------------------------------------------------------------------


class _Standing:
    """How the invoices that a sheet names stand now, read at once: as many queries for a thousand rows as for one.

    Nothing is locked: filing looks again, under the invoice's lock.
    """

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.reasons = voids.reasons_in_force()
        self.invoices: dict[str, list[Invoice]] = defaultdict(list)
        self.lines: dict[UUID, list[InvoiceLine]] = defaultdict(list)
        invoices = list(Invoice.objects.filter(number__in={_number(values) for values in rows}))
        for invoice in invoices:
            self.invoices[invoice.number].append(invoice)
        for line in InvoiceLine.objects.filter(invoice__in=invoices).order_by("position"):
            self.lines[line.invoice_id].append(line)
        self.waiting = {request.invoice_id: request for request in reversed(voids.waiting(invoices))}

    def invoice(self, values: dict[str, str]) -> Invoice:
        """The one that the row means. Raises DomainErrors beside the row's number."""
        number, code = _number(values), values.get("code", "").lstrip("'").strip()
        if not number:
            raise DomainError("invoice.number_missing", field="number")
        found = [one for one in self.invoices.get(number, ()) if not code or one.code == code]
        if not found:
            raise DomainError("sheet.no_invoice", field="number", number=number)
        if len(found) > 1:
            raise DomainError("sheet.invoice_not_unique", field="number", number=number)
        return found[0]

    def check(self, invoice: Invoice, values: dict[str, str]) -> None:
        """What filing would refuse anyway, and an amount that is not what is left of the invoice."""
        voids.reason_of(invoice, values["reason"], self.reasons)
        voids.refuse_ended(invoice)
        rest = voids.everything_of(invoice, self.lines[invoice.pk], self.waiting.get(invoice.pk))
        left = sum((part.net + part.tax for part in rest), Decimal(0))
        if given := values.get("amount", "").strip():
            amount = money.read(given)
            if amount is None:
                raise DomainError("sheet.amount", field="amount", value=given)
            if amount != left:
                raise DomainError("sheet.amount_differs", field="amount", given=given, amount=f"{left:,.2f}")
