"""Reading a table as offices send it: XLSX, or CSV in UTF-8 or GB18030. Everything comes as text."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from apps.core.errors import DomainError

MOST_BYTES = 5_000_000
MOST_UNPACKED = 60_000_000
MOST_COLUMNS = 1_000
MOST_CELLS = 2_000_000
_CHUNK = 1_000_000
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,3})(\d{1,7})""")  # of a cell, or of a row


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


def check_size(content: bytes) -> None:
    """Refuse an XLSX that is small only while it is packed, or that spans a huge area with a few cells: the reader keeps
    every cell of the area in memory. What the archive says of its own sizes is not believed.

    Raises DomainError `sheet.unreadable`.
    """
    unpacked, columns_, rows = 0, 0, 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise _unreadable("XLSX")
            for entry in archive.infolist():
                rest = b""
                with archive.open(entry) as part:
                    while chunk := part.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MOST_UNPACKED:
                            raise _unreadable(f"> {MOST_UNPACKED // 1_000_000} MB")
                        if entry.filename.startswith("xl/worksheets/"):
                            for letters, digits in _PLACE.findall(rest + chunk):
                                columns_, rows = max(columns_, _column(letters)), max(rows, int(digits))
                            rest = chunk[-40:]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable(type(error).__name__) from error
    if columns_ > MOST_COLUMNS or rows * max(columns_, 1) > MOST_CELLS:
        raise _unreadable(f"{rows} × {columns_}")


def _column(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - 64
    return place


def first_sheet(content: bytes, *, from_first_cell: bool) -> list[list[Any]]:
    """The cells of a workbook's first sheet, XLSX or XLS; `from_first_cell` leaves out empty rows and columns before it.

    Raises DomainError `sheet.unreadable`.
    """
    if content[:2] == b"PK":
        check_size(content)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=from_first_cell)]
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable(type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the reader's own language; it is no Exception
            raise
        raise _unreadable("XLSX") from error


def _xlsx(content: bytes) -> list[list[str]]:
    return [[_text(cell) for cell in row] for row in first_sheet(content, from_first_cell=False)]


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
