"""Which texts are nearly the same: a text that a model was trained on, in other words by a comma, tells nothing about it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_LETTERS = 6  # of a shingle
_ALIKE = 0.5  # of all shingles of both texts, from which one is a copy of the other
_COMMON = 200  # texts with a shingle, from which on it tells nothing
_NO_LETTER = re.compile(r"[\W\d_]+")


def near_copies(texts: Sequence[str], known: Sequence[str]) -> list[bool]:
    """For each text whether one of the known ones says nearly the same; punctuation and digits don't count."""
    holders: dict[str, list[int]] = defaultdict(list)
    kept = [_shingles(text) for text in known]
    for i, shingles in enumerate(kept):
        for shingle in shingles:
            holders[shingle].append(i)
    return [_is_copy(_shingles(text), holders, kept) for text in texts]


def _is_copy(shingles: set[str], holders: dict[str, list[int]], kept: Sequence[set[str]]) -> bool:
    found = [holders[s] for s in shingles if s in holders]
    shared = Counter(i for each in found if len(each) < _COMMON or len(shingles) == 1 for i in each)
    return any(count >= _ALIKE * len(shingles | kept[i]) for i, count in shared.most_common(5))


def _shingles(text: str) -> set[str]:
    letters = _NO_LETTER.sub("", text)
    return {letters[i : i + _LETTERS] for i in range(max(1, len(letters) - _LETTERS + 1))} - {""}
