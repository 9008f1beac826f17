"""How texts are compared: narrow letters, lower case, simplified characters. One character stays one character.

So a place in the folded text is the same place in the text that the customer wrote, and a hit can be marked there.
"""

import unicodedata
from functools import cache
from pathlib import Path

_PAIRS = Path(__file__).parent / "defaults" / "hant_to_hans.txt"
_BMP = 0x10000  # beyond stand emoji and rare characters; they are left as they are


@cache
def table() -> list[int]:
    """The character table for `str.translate`. A list, because a dictionary makes every look-up four times dearer."""
    codes = list(range(_BMP))
    for code in range(_BMP):
        if 0xD800 <= code < 0xE000:
            codes[code] = 0xFFFD  # half of a pair, from broken JSON: it can't be encoded
            continue
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(folded) == 1 and ord(folded) < _BMP:
            codes[code] = ord(folded)
    for line in _PAIRS.read_text(encoding="utf-8").split("\n"):
        if not line.startswith("#"):
            for pair in line.split():
                codes[ord(pair[0])] = ord(pair[1])
    return codes


def fold(text: str) -> str:
    """The text as it is compared; as long as it was."""
    return text.translate(table())
