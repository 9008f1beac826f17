"""Tables from outside that are made to break the reader (LNK-04)."""

import io
import zipfile

import pytest

from apps.billing.bank import results
from apps.core import sheets
from apps.core.errors import DomainError

pytestmark = pytest.mark.req("LNK-04")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def xlsx(rows, **more):
    """A workbook with one sheet; `rows` is the XML within its sheetData."""
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
        f'vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main'
        f'+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        **more,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def cell(place, text="x"):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


WIDE = xlsx(f'<row r="1">{cell("A1")}</row><row r="900000">{cell("XFD900000")}</row>')
LAST = xlsx(f'<row r="1048576">{cell("XFD1048576")}</row>')
BLOWN = xlsx("", **{"xl/other.xml": "0" * 70_000_000})


def test_an_ordinary_sheet_is_read():
    table = xlsx(f'<row r="1">{cell("A1", "number")}{cell("B1", "amount")}</row><row r="2">{cell("B2", "12")}</row>')

    assert sheets.read(table) == [["number", "amount"], ["", "12"]]


@pytest.mark.parametrize("content", [WIDE, LAST, BLOWN, b"PK\x03\x04 nothing"], ids=["wide", "last", "blown", "broken"])
def test_a_small_file_that_would_fill_the_memory_is_refused_in_words(content):
    assert len(content) < 100_000

    with pytest.raises(DomainError) as caught:
        sheets.read(content)
    assert caught.value.code == "sheet.unreadable"
    with pytest.raises(results.Unreadable):
        results.read("result.xlsx", content)


def test_a_sheet_at_which_the_reader_panics_is_refused_in_words(monkeypatch):
    """Its panic is no Exception: it would end the request, and a worker's task, without a word."""
    panic = type("PanicException", (BaseException,), {})

    class Reader:
        @staticmethod
        def from_filelike(_file):
            raise panic("chunk size must be non-zero")

    monkeypatch.setattr(sheets, "CalamineWorkbook", Reader)
    with pytest.raises(DomainError) as caught:
        sheets.read(xlsx(""))
    assert caught.value.code == "sheet.unreadable"
