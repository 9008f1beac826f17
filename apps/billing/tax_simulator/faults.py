"""How the simulated tax platform misbehaves; the draw is seeded."""

import random
import threading
from collections import deque
from enum import Enum


class Fault(Enum):
    DROP = "drop"  # the connection breaks before anything took effect
    DROP_AFTER = "drop-after"  # it took effect, and the connection breaks before the answer
    DELAY = "delay"  # it took effect, and the answer comes `delay` seconds late
    BAD_SIGNATURE = "bad-signature"  # it took effect, and the answer is signed with another key
    ERROR = "error"  # HTTP 500, signed, nothing took effect
    DUPLICATE = "duplicate"  # the request arrives twice, as a retrying proxy in between makes it
    PROCESSING = "processing"  # it is taken, and done by the time of the next question


F = Fault
SENDS = tuple(Fault)
QUERIES = (F.DROP, F.DELAY, F.BAD_SIGNATURE, F.ERROR)


class Faults:
    """`next` are taken first, by the first call that they can happen to; then each call fails with a share of `rate`."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.next: deque[Fault] = deque()
        self.rate = 0.0

    def set(self, *, next: list[str] | None = None, rate: float | None = None) -> None:
        """Raises ValueError for an unknown fault or a rate outside 0 … 1."""
        if rate is not None and not 0 <= rate <= 1:
            raise ValueError("the rate lies between 0 and 1")
        wanted = [Fault(name) for name in next or []]
        with self._lock:
            self.next.extend(wanted)
            self.rate = self.rate if rate is None else rate

    def clear(self) -> None:
        with self._lock:
            self.next.clear()
            self.rate = 0.0

    def draw(self, *, query: bool) -> Fault | None:
        possible = QUERIES if query else SENDS
        with self._lock:
            for fault in self.next:
                if fault in possible:
                    self.next.remove(fault)
                    return fault
            if self._random.random() < self.rate:
                return self._random.choice(possible)
        return None
