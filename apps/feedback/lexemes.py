"""Words of a text as the search knows them: of Chinese by dictionary, of Latin letters and numbers by their own rules.

Both sides of a search go through here, so what is written wide, in traditional characters or in capitals is found however
it was typed (`triage.folding`). A model or order number such as `XQ-200` is one word without its dashes, and its parts.
"""

import re
from collections.abc import Iterable, Iterator

import rjieba

from apps.triage.folding import fold

READS_CHARACTERS = 20_000  # of one text; what stands beyond is not found
LONGEST_WORD = 64
LAST_POSITION = 16_383  # tsvector counts no further

_LETTERS = r"[a-z0-9\u00c0-\u024f]+"
_RUN = re.compile(rf"{_LETTERS}(?:[-_/#]{_LETTERS}|(?<=\d),\d{{3}}(?!\d)|(?<=\d)\.\d+)*")
_PART = re.compile(r"[^-_/#,.]+")
_DIGITS = re.compile(r"\d{4,}")
_DASHES = str.maketrans("", "", "-_/#,")
# Characters that nobody searches by and every text holds; alone they are no word.
_EMPTY = frozenset(
    "的了是我你他她它们在有和就不都也又很还没个这那上下来去说要会到得着过给把被让从对与及或而但则啊吧呢吗呀哦嗯呵哈"
)
_SPECIAL = str.maketrans({"'": "''", "\\": "\\\\"})


def words(text: str) -> Iterator[str]:
    """Every word of a text in its order, repeats included; a long word follows the short ones in it."""
    folded, place = fold(text[:READS_CHARACTERS]), 0
    for run in _RUN.finditer(folded):
        yield from _chinese(folded[place : run.start()])
        yield from _latin(run[0])
        place = run.end()
    yield from _chinese(folded[place:])


def _chinese(text: str) -> Iterator[str]:
    for word in rjieba.cut_for_search(text, False) if text else ():
        if word not in _EMPTY and word.isalnum():
            yield word[:LONGEST_WORD]


def _latin(run: str) -> Iterator[str]:
    whole = run.translate(_DASHES)[:LONGEST_WORD]
    yield whole
    for part in _PART.findall(run):
        if part != whole:
            yield part[:LONGEST_WORD]
        if not part.isdigit():
            yield from (digits for digits in _DIGITS.findall(part) if digits != part)


def asked(text: str) -> list[str]:
    """The words that a question asks for: of a number with dashes only the whole."""
    folded, place = fold(text[:READS_CHARACTERS]), 0
    found: list[str] = []
    for run in _RUN.finditer(folded):
        found += _chinese(folded[place : run.start()])
        found.append(run[0].translate(_DASHES)[:LONGEST_WORD])
        place = run.end()
    return list(dict.fromkeys([*found, *_chinese(folded[place:])]))


def vector(texts: Iterable[tuple[str, str]]) -> str:
    """A tsvector literal of (text, weight) pairs; weights are A, B, C or D, and A counts most."""
    places: dict[str, list[str]] = {}
    position = 0
    for text, weight in texts:
        for word in words(text):
            position = min(position + 1, LAST_POSITION)
            places.setdefault(word, []).append(f"{position}{weight}")
    return " ".join(f"{quoted(word)}:{','.join(at[:16])}" for word, at in places.items())


def quoted(word: str) -> str:
    """A word as it stands in a literal of a tsvector or tsquery."""
    return f"'{word.translate(_SPECIAL)}'"
