"""What the learned classifier sees of a text: its pieces of one to three characters."""

from itertools import chain
from operator import add

READS_CHARACTERS = 300  # more costs time and, measured, makes nothing better

_DIGITS = str.maketrans("123456789", "0" * 9)  # which number it was tells nothing, and may be somebody's telephone


def grams(folded: str) -> list[str]:
    """All pieces of a folded text, with repeats; runs of white space count as one space.

    Nothing of a text that is mostly not Chinese: its letters stand in Chinese texts too, but mean nothing there.
    """
    text = " ".join(folded[:READS_CHARACTERS].translate(_DIGITS).split())
    if len(text.encode(errors="replace")) < 2 * len(text):  # a Chinese character takes three bytes
        return []
    pairs = list(map(add, text, text[1:]))
    return list(chain(text, pairs, map(add, pairs, text[2:])))
