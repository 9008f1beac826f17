"""How the simulated providers misbehave; the draw is seeded."""

import random
import threading
from collections import deque
from enum import Enum


class Fault(Enum):
    DROP = "drop"  # the connection breaks before anything took effect
    DROP_AFTER = "drop-after"  # it took effect, and the connection breaks before the answer
    DELAY = "delay"  # it takes effect, and the answer comes `delay` seconds late
    BAD_SIGNATURE = "bad-signature"  # it took effect, and the answer is signed with another key
    ERROR = "error"  # HTTP 500, nothing took effect
    NO_BALANCE = "no-balance"
    ABNORMAL = "abnormal"  # WeChat: the user's account takes no money
    CLOSED = "closed"  # WeChat: no funds for seven days
    BOUNCE = "bounce"  # a success that comes back some seconds later
    MISMATCH = "mismatch"  # the statement leaves the row out
    WRONG_AMOUNT = "wrong-amount"  # the statement shows another amount
    CALLBACK_DROP = "callback-drop"  # lost on the way; it comes again later
    CALLBACK_DUPLICATE = "callback-duplicate"  # three times, each signed anew
    CALLBACK_LATE = "callback-late"  # after later ones
    CALLBACK_FORGED = "callback-forged"  # besides the right one, one with a wrong signature
    CALLBACK_OLD = "callback-old"  # besides the right one, one that is an hour old


F = Fault
ON_THE_WAY = (F.DROP, F.DROP_AFTER, F.DELAY, F.BAD_SIGNATURE, F.ERROR)
OUTCOMES = (F.NO_BALANCE, F.ABNORMAL, F.CLOSED, F.BOUNCE, F.MISMATCH, F.WRONG_AMOUNT)
CALLBACKS = (F.CALLBACK_DROP, F.CALLBACK_DUPLICATE, F.CALLBACK_LATE, F.CALLBACK_FORGED, F.CALLBACK_OLD)
WHERE = {"send": ON_THE_WAY + OUTCOMES, "query": ON_THE_WAY, "callback": CALLBACKS}


class Faults:
    """`next` are taken first, by the first call that they can happen to; then each call fails with a share of `rate`."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.next: deque[Fault] = deque()
        self.rate = 0.0
        self.only: tuple[Fault, ...] = tuple(Fault)

    def set(self, *, next: list[str] | None = None, rate: float | None = None, only: list[str] | None = None) -> None:
        """Raises ValueError for an unknown fault or a rate outside 0 … 1."""
        if rate is not None and not 0 <= rate <= 1:
            raise ValueError("the rate lies between 0 and 1")
        wanted = [Fault(name) for name in next or []]
        kinds = tuple(Fault(name) for name in only) if only is not None else None
        with self._lock:
            self.next.extend(wanted)
            self.rate = self.rate if rate is None else rate
            self.only = kinds or tuple(Fault) if only is not None else self.only

    def clear(self) -> None:
        with self._lock:
            self.next.clear()
            self.rate, self.only = 0.0, tuple(Fault)

    def draw(self, where: str) -> Fault | None:
        possible = WHERE[where]
        with self._lock:
            for fault in self.next:
                if fault in possible:
                    self.next.remove(fault)
                    return fault
            kinds = [fault for fault in possible if fault in self.only]
            if kinds and self._random.random() < self.rate:
                return self._random.choice(kinds)
        return None
