"""Several models read a text in one pass: every piece is looked up once, and adding up is done for all of them at a time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import accumulate, chain, repeat
from struct import Struct

from apps.triage.learning.grams import Pieces, clauses, pieces, tidy
from apps.triage.learning.linear import LinearModel

LEAST_PIECES = 2  # one known piece is no evidence


class Reader:
    """Models by the question they answer.

    `_numbers` holds by piece one large number, made of a lane of 32 bits for each sum that is needed: by model a one,
    the piece's square, and its byte in each row. So one addition adds up everything.
    """

    def __init__(self, models: Mapping[str, LinearModel]) -> None:
        # the largest first: most pieces are known to that one only, and their numbers stay short
        self.models = dict(sorted(models.items(), key=lambda named: -len(named[1].index)))
        self._numbers: dict[str, int] = {}
        self._lanes: dict[str, tuple[int, Struct]] = {}  # where each model's part of a number begins, in bytes
        self._size = 0
        for target, model in self.models.items():
            layout = Struct(f"<{2 + len(model.weights)}I")
            self._lanes[target] = self._size, layout
            for piece, number in _numbers(model):
                self._numbers[piece] = self._numbers.get(piece, 0) | number << (8 * self._size)
            self._size += layout.size

    def read(self, folded: str) -> Reading | None:
        """What the models see of a folded text; None without models, or where the text is not Chinese."""
        text = tidy(folded) if self.models else ""
        if not text:
            return None
        some = pieces(text)
        look_up = self._numbers.get
        numbers = [list(map(look_up, each, repeat(0))) for each in some]
        whole = sum(
            sum(dict(zip(each, found, strict=True)).values()) for each, found in zip(some, numbers, strict=True)
        )
        return Reading(self, some, numbers, whole)

    def lanes(self, total: int, target: str) -> tuple[int, ...]:
        """A model's part of a sum."""
        at, layout = self._lanes[target]
        return layout.unpack_from(total.to_bytes(self._size, "little"), at)


class Reading:
    """A text that was looked up, and what each model makes of it."""

    __slots__ = ("_numbers", "_pieces", "_reader", "_whole")

    def __init__(self, reader: Reader, some: Pieces, numbers: list[list[int]], whole: int) -> None:
        """`numbers` of the pieces at each place; `whole` is the sum with each piece once, so that a word that somebody
        types a hundred times does not outshout the others."""
        self._reader, self._pieces, self._numbers, self._whole = reader, some, numbers, whole

    def likely(self, target: str, said: Mapping[str, float]) -> dict[str, float] | None:
        """How likely each answer to a question is, from 0 to 1; None where there is no model or it knows too little."""
        reader = self._reader
        model = reader.models.get(target)
        if model is None:
            return None
        whole = reader.lanes(self._whole, target)
        if whole[0] < LEAST_PIECES:
            return None
        return model.likely(model.margins(whole), said, self._clauses(target, model) if model.clauses else ())

    def _clauses(self, target: str, model: LinearModel) -> list[float]:
        """The margin of each clause, by the pieces that stand in it from end to end."""
        ones, twos, threes = (list(accumulate(each, initial=0)) for each in self._numbers)
        totals = [
            ones[end] - ones[start] + twos[end - 1] - twos[start] + threes[max(start, end - 2)] - threes[start]
            for start, end in clauses(self._pieces[0])
        ]
        return [model.margins(self._reader.lanes(total, target))[0] for total in totals]

    def spoke(self, target: str, label: str) -> tuple[str, ...]:
        """The pieces that spoke loudest for an answer."""
        return self._reader.models[target].spoke(list(chain(*self._pieces)), label)


def _numbers(model: LinearModel) -> Iterator[tuple[str, int]]:
    raw = array("I", chain.from_iterable(zip(repeat(1), model.squares, *model.weights, strict=False)))
    packed, size = raw.tobytes(), raw.itemsize * (2 + len(model.weights))
    numbers = (int.from_bytes(packed[at : at + size], "little") for at in range(0, len(packed), size))
    return zip(model.index, numbers, strict=True)
