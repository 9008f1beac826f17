"""Amounts are Decimal yuan with two places (the fen)."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
_WRITTEN = re.compile(r"[+-]?(\d{1,3}(,\d{3}){1,3}|\d{1,12})(\.\d{1,20})?", re.ASCII)


def read(text: str) -> Decimal | None:
    """A number as offices write it (`1234.5`, `￥ 1,234.50`, wide digits); None for anything else, `1_000` and `1e3` too.

    Not beyond 12 digits before the point.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").strip()
    return Decimal(plain.replace(",", "")) if _WRITTEN.fullmatch(plain) else None


def fen(amount: Decimal | int | str) -> Decimal:
    """Quantise yuan to the fen, half up."""
    return Decimal(amount).quantize(FEN, rounding=ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Shares of `total` yuan by weight that add up to it exactly (largest remainder; earlier shares win ties).

    Raises ValueError when there is no positive weight or one is negative.
    """
    weight_sum = sum((Decimal(w) for w in weights), Decimal(0))
    if weight_sum <= 0 or any(w < 0 for w in weights):
        raise ValueError("weights must be non-negative and not all zero")
    total = fen(total)
    exact = [total * Decimal(w) / weight_sum for w in weights]
    shares = [e.quantize(FEN, rounding=ROUND_DOWN) for e in exact]
    missing = int((total - sum(shares, Decimal(0))) / FEN)
    step = FEN if missing >= 0 else -FEN
    by_remainder = sorted(range(len(shares)), key=lambda i: (-abs(exact[i] - shares[i]), i))
    for i in by_remainder[: abs(missing)]:
        shares[i] += step
    return shares
