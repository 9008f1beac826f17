"""One JSON object per line on stdout."""

import json
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any


def line(bench: str, name: str, value: float, unit: str, **more: Any) -> None:
    """A figure; `more` holds e.g. `ratio`, `goal`, `bad`."""
    rounded = round(value, 3) if value < 1_000 else round(value)
    print(
        json.dumps({"bench": bench, "name": name, "value": rounded, "unit": unit, **more}, ensure_ascii=False),
        flush=True,
    )


def say(words: str) -> None:
    """For the person at the keyboard."""
    print(words, file=sys.stderr, flush=True)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Of the medians."""
    return round(median(ours) / median(theirs), 3)
