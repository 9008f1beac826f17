"""A linear model over pieces of text: one byte per weight, no query, no library. Made by `training`, kept by ModelVersion."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt, tanh
from operator import add, mul
from typing import Any

FORMAT = 4
READABLE = (3, 4)  # 3: without `clauses`; a site's own models from before stay readable
ZERO = 128  # a weight's byte is 128 + its code, so that weights may be negative
STEPS = 127
LEAST_KNOWN = 30  # texts of a class, to have an opinion against it


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Logistic regression: `margin = sum of weights over a text's pieces / length + evidence + bias`, by class.

    A piece counts once. The length is the root of the sum of `squares` (of the inverse document frequency) over the
    pieces. `weights` holds one byte per class and piece. With two classes there is one
    row: the margin of the second, the first one's is 0. `evidence` has what each thing that the keywords say is worth,
    by row; `counts` how many texts each class was learned from. A model with `clauses` reads a text's clauses one by
    one, too; they say what each of the `impressions` is worth.
    """

    classes: tuple[str, ...]
    index: dict[str, int]
    weights: tuple[bytes, ...]
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    squares: bytes
    square_scale: float
    evidence: Mapping[str, tuple[float, ...]]
    counts: tuple[int, ...]
    clauses: tuple[float, ...] = ()

    def knows(self, label: str) -> bool:
        """Whether enough texts of this class were learned from to say that a text is not of it."""
        return label in self.classes and self.counts[self.classes.index(label)] >= LEAST_KNOWN

    def margins(self, lanes: Sequence[int]) -> list[float]:
        """What some pieces say in each row, without bias and evidence; none known: nothing.

        `lanes` holds how many of them are known, and the sums of their squares and of their bytes in each row.
        """
        length = sqrt(lanes[1] * self.square_scale) or 1.0
        shift = ZERO * lanes[0]
        return [(lanes[row] - shift) * scale / length for row, scale in enumerate(self.scales, 2)]

    def likely(
        self, margins: list[float], said: Mapping[str, float], clauses: Sequence[float] = ()
    ) -> dict[str, float]:
        """How likely each class is, from 0 to 1; `clauses` are the margins of each clause, if the model reads them."""
        if self.clauses:
            margins = [sum(map(mul, self.clauses, impressions(margins[0], clauses)))]
        margins = list(map(add, margins, self.biases))
        for name, amount in said.items():
            if name in self.evidence:
                margins = [m + amount * worth for m, worth in zip(margins, self.evidence[name], strict=True)]
        if len(margins) < len(self.classes):
            margins.insert(0, 0.0)
        best = max(margins)
        powers = [exp(margin - best) for margin in margins]
        total = sum(powers)
        return {name: power / total for name, power in zip(self.classes, powers, strict=True)}

    def spoke(self, pieces: Sequence[str], label: str, count: int = 3) -> tuple[str, ...]:
        """The pieces that spoke loudest for a class, longer ones instead of the shorter ones inside them."""
        if label not in self.classes:
            return ()
        row, sign = self.classes.index(label), 1
        if len(self.weights) < len(self.classes):
            row, sign = 0, 1 if row else -1
        index, codes = self.index, self.weights[row]
        loud = [(sign * (codes[index[piece]] - ZERO), len(piece), piece) for piece in {*pieces} & index.keys()]
        loud.sort(reverse=True)
        chosen: list[str] = []
        for least in (2, 1):  # a single character tells a reader little
            for loudness, length, piece in loud:
                if loudness <= 0 or len(chosen) == count:
                    break
                if length >= least and not piece.isspace() and not any(piece in c or c in piece for c in chosen):
                    chosen.append(piece)
        return tuple(chosen)

    def to_bytes(self) -> bytes:
        """The model as it is stored: a JSON head, the vocabulary, the bytes; compressed, no code in it."""
        head: dict[str, Any] = {
            "format": FORMAT,
            "classes": self.classes,
            "scales": self.scales,
            "biases": self.biases,
            "square_scale": self.square_scale,
            "evidence": dict(self.evidence),
            "counts": self.counts,
            "clauses": self.clauses,
            "size": len(self.index),
        }
        pieces = "\n".join(self.index).encode()
        parts = [json.dumps(head, ensure_ascii=False).encode(), pieces, self.squares, *self.weights]
        return zlib.compress(b"".join(len(part).to_bytes(4, "big") + part for part in parts), 9)

    @classmethod
    def from_bytes(cls, raw: bytes) -> LinearModel:
        """Raises ValueError for bytes that are no model of this format."""
        try:
            parts = _parts(zlib.decompress(raw))
            head = json.loads(parts[0])
            if head["format"] not in READABLE:
                raise ValueError(f"format {head['format']}")
            pieces = parts[1].decode().split("\n")
            if {len(part) for part in parts[2:]} != {head["size"]} or len(pieces) != head["size"]:
                raise ValueError("the parts don't fit together")
            return cls(
                classes=tuple(head["classes"]),
                index={piece: i for i, piece in enumerate(pieces)},
                weights=tuple(parts[3:]),
                scales=tuple(head["scales"]),
                biases=tuple(head["biases"]),
                squares=parts[2],
                square_scale=head["square_scale"],
                evidence={name: tuple(worth) for name, worth in head["evidence"].items()},
                counts=tuple(head["counts"]),
                clauses=tuple(head.get("clauses", ())),
            )
        except (zlib.error, KeyError, IndexError, AttributeError, TypeError, UnicodeDecodeError) as error:
            raise ValueError(f"not a model: {error}") from error


def impressions(whole: float, clauses: Sequence[float]) -> tuple[float, ...]:
    """What a text's clauses tell beyond all its pieces together: the whole; the clauses' sum, each cut to at most one,
    so that one loud clause does not outshout the others; the first, the last, the worst and the best of them."""
    if not clauses:
        return (whole, 0.0, 0.0, 0.0, 0.0, 0.0)
    tones = [tanh(clause) for clause in clauses]
    return (whole, sum(tones) / sqrt(len(tones)), tones[0], tones[-1], min(tones), max(tones))


def _parts(raw: bytes) -> list[bytes]:
    parts = []
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        parts.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def pack_weights(weights: Sequence[float]) -> tuple[bytes, float]:
    """Weights as bytes, and what one step of a byte is worth. The few largest are cut, so that the others keep detail."""
    ordered = sorted(map(abs, weights))
    top = ordered[min(len(ordered) - 1, int(len(ordered) * 0.9995))] or 1.0
    scale = top / STEPS
    return bytes(ZERO + max(-STEPS, min(STEPS, round(w / scale))) for w in weights), scale


def pack_squares(squares: Sequence[float]) -> tuple[bytes, float]:
    scale = max(squares, default=1.0) / 255
    return bytes(max(1, min(255, round(s / scale))) for s in squares), scale
