"""Reading a table as offices send it: XLSX, or CSV in UTF-8 or GB18030. Everything comes as text."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from apps.core.errors import DomainError

MOST_BYTES = 5_000_000


def read(content: bytes) -> list[list[str]]:
    """All rows, the headings first. Raises DomainError `sheet.unreadable` beside the field `file`."""
    if len(content) > MOST_BYTES:
        raise _unreadable(f"> {MOST_BYTES // 1_000_000} MB")
    return _xlsx(content) if content[:2] == b"PK" else _csv(content)


def columns(headings: list[str], known: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Which place holds which column, by any of the headings that mean it; case and surrounding space don't matter."""
    heads = [cell.strip().lower() for cell in headings]
    return {
        column: heads.index(found)
        for column, names in known.items()
        if (found := next((name.lower() for name in names if name.lower() in heads), None)) is not None
    }


def defused(cell: str) -> str:
    """Text that a spreadsheet takes for text, whatever it begins with."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") else cell


def _unreadable(why: str) -> DomainError:
    return DomainError("sheet.unreadable", field="file", why=why)


def _xlsx(content: bytes) -> list[list[str]]:
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        return [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable(type(error).__name__) from error


def _csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _unreadable("UTF-8, GB18030")
    if "\0" in text:
        raise _unreadable("CSV")
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise _unreadable(str(error)) from error


def _text(cell: Any) -> str:
    """Programs keep long numbers as floats where they can; what lost digits is not found, so nothing is guessed."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
