"""What the learned classifier sees of a text: its pieces of one to four characters."""

from itertools import chain
from operator import add

READS_CHARACTERS = 1_000  # what a complaint is about stands at its beginning; the rest would only cost time


def grams(folded: str) -> list[str]:
    """All pieces of a folded text, with repeats; runs of white space count as one space."""
    text = " ".join(folded[:READS_CHARACTERS].split())
    pairs = list(map(add, text, text[1:]))
    triples = list(map(add, pairs, text[2:]))
    return list(chain(text, pairs, triples, map(add, triples, text[3:])))
