"""Setting the index of a pack as PDF/A-2b (ARC-01): data in, pages out.

What customers and staff wrote goes to the typesetter as strings in a data file and never as markup. Characters that the
font lacks (emoji, scripts of other directions) stand as 〔U+1F600〕 in the text and are listed: nothing vanishes silently.
"""

import io
import json
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
TEMPLATE = HERE / "index.typ"
LONGEST_WORD = 24  # characters without a place to break; longer ones would leave the paper
_LONG = re.compile(rf"[!-~À-ɏ]{{{LONGEST_WORD + 1},}}")
LINE = 104  # figures that a line of a table holds, from margin to margin
_NUMBER = re.compile(r"[!-~]{5,}")
_BREAKS = "\n\t"
_PAGES = re.compile(rb"/Type\s*/Pages.{0,200}?/Count (\d+)|/Count (\d+).{0,200}?/Type\s*/Pages", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF and how many pages it has."""

    content: bytes
    pages: int


@cache
def covered() -> frozenset[int]:
    """The code points that the font can draw; see script/make_pack_font.py."""
    found: set[int] = set()
    for line in (FONTS / "covered.txt").read_text(encoding="ascii").split():
        first, _dash, last = line.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


class Reader:
    """Makes data fit for paper, and keeps which characters could not be drawn."""

    def __init__(self) -> None:
        self.lacking: set[int] = set()

    def fit(self, value: Any) -> Any:
        """The same data with every string drawable and breakable; numbers, booleans and None stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict) and value.get("kind") == "table":
            return self._table(value)
        if isinstance(value, dict):
            return {str(key): self.fit(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.fit(each) for each in value]
        return value

    def _table(self, table: dict[str, Any]) -> dict[str, Any]:
        """Words that are longer than their column get places to break."""
        rooms = [max(4, int(LINE * width / sum(table["widths"])) - 2) for width in table["widths"]]
        rows = [[self._cell(cell, room) for cell, room in zip(row, rooms, strict=True)] for row in table["rows"]]
        return {
            **table,
            "head": [self.text(title) for title in table["head"]],
            "none": self.text(table["none"]),
            "rows": rows,
        }

    def _cell(self, cell: str, room: int) -> str:
        return _NUMBER.sub(lambda word: _broken(word[0], room), self.text(cell))

    def text(self, value: str) -> str:
        value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
        drawn = "".join(self._drawn(character) for character in value)
        return _LONG.sub(lambda match: _broken(match[0], LONGEST_WORD // 2), drawn)

    def _drawn(self, character: str) -> str:
        if character in _BREAKS:
            return character
        point = ord(character)
        if point in covered() and unicodedata.category(character) not in ("Cf", "Cc", "Zl", "Zp"):
            return character
        self.lacking.add(point)
        return f"〔U+{point:04X}〕"

    def told(self) -> list[dict[str, str]]:
        """What could not be drawn, for the index: code and Unicode name."""
        return [{"code": f"U+{p:04X}", "name": unicodedata.name(chr(p), "")} for p in sorted(self.lacking)]


def _broken(word: str, room: int) -> str:
    """A word with invisible places to break (U+200B) wherever so many characters stand in a row."""
    return "\u200b".join(word[i : i + room] for i in range(0, len(word), room))


def qr(text: str) -> bytes:
    """A QR code as SVG, black on white."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, scale=4)
    return out.getvalue()


def index(data: dict[str, Any], link: str, at: datetime) -> Paper:
    """The index of a case. The same data, link and moment always give the same bytes.

    Raises typst.TypstError when it cannot be set: the pack is not built then, and somebody is told.
    """
    reader = Reader()
    fitted = reader.fit(data)
    fitted["lacking"] = reader.told()
    with tempfile.TemporaryDirectory(prefix="pack-") as folder:
        root = Path(folder)
        (root / "data.json").write_text(json.dumps(fitted, ensure_ascii=False), encoding="utf-8")
        (root / "qr.svg").write_bytes(qr(link))
        (root / "index.typ").write_bytes(TEMPLATE.read_bytes())
        content = typst.compile(
            str(root / "index.typ"), root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True, format="pdf",
            pdf_standards=["a-2b"], timestamp=int(at.timestamp()),
        )  # fmt: skip
    assert isinstance(content, bytes)
    return Paper(content, count_pages(content))


def count_pages(pdf: bytes) -> int:
    """How many pages the page tree tells of."""
    counts = [int(one or other) for one, other in _PAGES.findall(pdf)]
    return max(counts, default=0)
