"""What the learned classifier sees of a text: its pieces of one to three characters, and its clauses."""

import re
from itertools import chain
from operator import add

READS_CHARACTERS = 300  # more costs time and, measured, makes nothing better

_DIGITS = str.maketrans("123456789", "0" * 9)  # which number it was tells nothing, and may be somebody's telephone
_CLAUSE = re.compile(r"""[^\s,.!?;:~…、。()\[\]{}<>"“”《》—]{2,}""")

Pieces = tuple[str, list[str], list[str]]  # of one, two, three characters, in their order


def tidy(folded: str) -> str:
    """The beginning of a folded text as a model reads it; runs of white space count as one space.

    Nothing of a text that is mostly not Chinese: its letters stand in Chinese texts too, but mean nothing there.
    """
    text = " ".join(folded[:READS_CHARACTERS].translate(_DIGITS).split())
    return text if len(text.encode(errors="replace")) >= 2 * len(text) else ""  # a Chinese character takes three bytes


def pieces(tidied: str) -> Pieces:
    pairs = list(map(add, tidied, tidied[1:]))
    return tidied, pairs, list(map(add, pairs, tidied[2:]))


def clauses(tidied: str) -> list[tuple[int, int]]:
    """Where the clauses of a tidied text begin and end."""
    return [found.span() for found in _CLAUSE.finditer(tidied)]


def grams(folded: str) -> list[str]:
    """All pieces of a folded text, with repeats."""
    return list(chain(*pieces(tidy(folded))))


def clause_grams(folded: str) -> list[list[str]]:
    """All pieces of each clause of a folded text, with repeats."""
    tidied = tidy(folded)
    return [list(chain(*pieces(tidied[start:end]))) for start, end in clauses(tidied)]
