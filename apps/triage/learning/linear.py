"""A linear model over pieces of text: one byte per weight, no query, no library. Made by `solver`, kept by ModelVersion."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from operator import itemgetter
from typing import Any

from apps.triage.learning.combine import Combiner

FORMAT = 1
ZERO = 128  # a weight's byte is 128 + its code, so that weights may be negative
STEPS = 127


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`margins[k] = sum of weights[k] over the pieces / length + biases[k]`; length is the root of the sum of squares.

    `weights` holds for each class one byte per piece of the vocabulary, `squares` one byte per piece for the length.
    """

    classes: tuple[str, ...]
    index: dict[str, int]
    weights: tuple[bytes, ...]
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    squares: bytes
    square_scale: float
    combiner: Combiner

    def margins(self, grams: Sequence[str]) -> list[float]:
        """How strongly a text's pieces speak for each class; above 0 is for, below 0 against."""
        found = [i for i in map(self.index.get, grams) if i is not None]
        if len(found) < 2:  # one known piece is no evidence, and `itemgetter` would return no tuple
            return list(self.biases)
        pick = itemgetter(*found)
        length = sqrt(sum(pick(self.squares)) * self.square_scale)
        shift = ZERO * len(found)
        return [
            (sum(pick(codes)) - shift) * scale / length + bias
            for codes, scale, bias in zip(self.weights, self.scales, self.biases, strict=True)
        ]

    def spoke(self, grams: Sequence[str], label: str, count: int = 3) -> tuple[str, ...]:
        """The pieces that spoke loudest for a class, longer ones instead of the shorter ones inside them."""
        if label not in self.classes:
            return ()
        codes = self.weights[self.classes.index(label)]
        pieces = {g: codes[self.index[g]] - ZERO for g in grams if g in self.index and len(g) > 1 and not g.isspace()}
        chosen: list[str] = []
        for piece in sorted(pieces, key=lambda g: (-pieces[g], -len(g), g)):
            if pieces[piece] <= 0 or len(chosen) == count:
                break
            if not any(piece in other or other in piece for other in chosen):
                chosen.append(piece)
        return tuple(chosen)

    def start(self, label: str) -> tuple[dict[str, float], float] | None:
        """Weights by piece and bias for training to start from; None for a class the model does not know."""
        if label not in self.classes:
            return None
        k = self.classes.index(label)
        codes, scale = self.weights[k], self.scales[k]
        return {piece: (codes[i] - ZERO) * scale for piece, i in self.index.items()}, self.biases[k]

    def to_bytes(self) -> bytes:
        """The model as it is stored: a length, a JSON head, the vocabulary, the bytes; compressed, no code in it."""
        head: dict[str, Any] = {
            "format": FORMAT,
            "classes": self.classes,
            "scales": self.scales,
            "biases": self.biases,
            "square_scale": self.square_scale,
            "combiner": self.combiner.as_json(),
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
            if head["format"] != FORMAT:
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
                combiner=Combiner.from_json(head["combiner"]),
            )
        except (zlib.error, KeyError, IndexError, UnicodeDecodeError, TypeError) as error:
            raise ValueError(f"not a model: {error}") from error


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
