"""What the three simulated platforms share: accounts, people, files, what was said to whom, and faults."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import requests

PATIENCE_SECONDS = 5  # how long a platform waits for an answer to a push
TRIES = 3
# A green picture of 4 × 4 pixels.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000400000004080200000026930929000000144944415478da63643f98c00003"
    "4c0c48003707003a7b01306111857c0000000049454e44ae426082"
)
VOICE = b"#!AMR\n" + bytes.fromhex("3c48f51f96fdda3aaac1cf7ff8f3e4e6a2d09a6c51b8f3c0e1d2c3b4a59687") * 4


class Fault(Enum):
    DROP = "drop"  # the API breaks the connection
    DELAY = "delay"  # the API answers after the caller's time-out
    ERRCODE = "errcode"  # the API answers with this error
    DUPLICATE = "duplicate"  # a push comes twice
    BAD_SIGNATURE = "bad-signature"  # a push is signed with another key
    OLD = "old"  # a push is ten minutes old


API_FAULTS, PUSH_FAULTS = (Fault.DROP, Fault.DELAY, Fault.ERRCODE), (Fault.DUPLICATE, Fault.BAD_SIGNATURE, Fault.OLD)


@dataclass(frozen=True, slots=True)
class Account:
    """Our account on a platform: where its pushes go, and what both sides know."""

    kind: str
    url: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Knock:
    """One request of a platform to our webhook."""

    method: str
    url: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """Something that our side said to a person."""

    kind: str
    to: str
    text: str
    at: float


Answer = tuple[int, Any]  # HTTP status with a JSON value, or a (content, content type)


class Peer:
    """One platform. `accounts` gives the accounts as they are now; `faults` what goes wrong next."""

    kind = ""
    window_seconds = 0.0

    def __init__(self, accounts: Callable[[], Sequence[Account]], take_fault: Callable[..., Any]) -> None:
        self._accounts, self.take_fault = accounts, take_fault
        self.replies: list[Reply] = []
        self.said: list[Reply] = []  # by people, for the page
        self.last_word: dict[str, float] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.counts: dict[str, int] = defaultdict(int)  # calls by path, for tests

    def accounts(self) -> list[Account]:
        return [account for account in self._accounts() if account.kind == self.kind]

    def keep_file(self, content: bytes, content_type: str) -> str:
        number = secrets.token_urlsafe(24)
        self.files[number] = (content, content_type)
        return number

    def in_window(self, person: str) -> bool:
        return time.time() - self.last_word.get(person, 0) <= self.window_seconds

    def took(self, person: str, text: str) -> None:
        self.replies.append(Reply(self.kind, person, text, time.time()))

    # Towards our webhook ---------------------------------------------------------------------------------------------

    def push(self, account: Account, person: str, **what: Any) -> list[int]:
        """Send as a person; `text`, `picture`, `voice` (recognised words) or `event`. Returns the statuses of each try."""
        faults = {fault for fault, _ in self.take_fault(PUSH_FAULTS)}
        shift = -600.0 if Fault.OLD in faults else 0.0
        knock = self.message(account, person, forged=Fault.BAD_SIGNATURE in faults, shift=shift, **what)
        self.last_word[person] = time.time()
        self.said.append(Reply(self.kind, person, _shown(what), time.time()))
        statuses = self.deliver(knock)
        return statuses + self.deliver(knock) if Fault.DUPLICATE in faults else statuses

    def deliver(self, knock: Knock) -> list[int]:
        """Up to three tries, as the platforms do while they get no good answer."""
        statuses: list[int] = []
        while len(statuses) < TRIES and statuses[-1:] != [200]:
            try:
                response = requests.request(
                    knock.method, knock.url, data=knock.body, headers=knock.headers, timeout=PATIENCE_SECONDS
                )
                statuses.append(response.status_code)
            except requests.RequestException:
                statuses.append(0)
        return statuses

    def message(self, account: Account, person: str, *, forged: bool = False, shift: float = 0, **what: Any) -> Knock:
        """The request that carries a person's message; `forged` signs with another key, `shift` seconds from now."""
        raise NotImplementedError

    def handshake(self, account: Account, word: str) -> Knock:
        """The request by which the platform makes sure of our webhook; we answer with `word`."""
        raise NotImplementedError

    # Our calls -------------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        raise NotImplementedError

    def failure(self, code: int) -> Answer:
        """How this platform tells an error."""
        raise NotImplementedError


def _shown(what: dict[str, Any]) -> str:
    if what.get("event"):
        return f"[{what['event']}]"
    marks = "".join(mark for name, mark in (("picture", "🖼 "), ("voice", "🎤 ")) if name in what)
    return marks + str(what.get("text") or what.get("voice") or "")
