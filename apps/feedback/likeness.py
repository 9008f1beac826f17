"""How much two texts say the same (INT-08): the share of three-character pieces that they have in common.

Pure, and quick: some 20 µs for a text of 200 characters. Letters are compared as keywords are; spaces, punctuation and
the order of sentences do not count.
"""

import re

from apps.triage.folding import fold

READS = 2_000  # characters
_NO_WORDS = re.compile(r"[\W_]+")


def pieces(text: str) -> frozenset[str]:
    """What a text is compared by."""
    bare = _NO_WORDS.sub("", fold(text[:READS]))
    return (
        frozenset(bare[i : i + 3] for i in range(len(bare) - 2))
        if len(bare) > 2
        else frozenset((bare,) if bare else ())
    )


def percent(one: frozenset[str], other: frozenset[str]) -> int:
    """0 to 100 (Dice's coefficient, rounded down); two texts without words have nothing in common."""
    if not one or not other:
        return 0
    return 200 * len(one & other) // (len(one) + len(other))


def at_most(one: frozenset[str], other: frozenset[str]) -> int:
    """What `percent` can be by their lengths alone."""
    return 200 * min(len(one), len(other)) // max(1, len(one) + len(other))


def same_code(one: str, other: str) -> bool:
    """Whether two order or serial numbers are the same, however they were typed."""
    bare = _NO_WORDS.sub("", fold(one))
    return bool(bare) and bare == _NO_WORDS.sub("", fold(other))
