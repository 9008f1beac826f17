"""What a platform behind a door promises (docs/adding-a-channel.md).

A `Platform` is a stateless object per kind of door: its fields, its webhook, its way back. It knows the protocol and
nothing of tickets; it raises `Refused` for a request that isn't the platform's and `Unreachable` for a call that failed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from apps.channels.models import Conversation, Door
from apps.core.errors import DomainError
from apps.notifications.adapters.base import Outcome

# Stored in the source language, translated on screen.
WINDOW_CLOSED = gettext_noop(
    "The customer's last word is too long ago: the platform lets us write only for a while after it."
)
SIMULATOR = "simulator"  # instead of an address: the peer that `manage.py simulate_social` plays


class Refused(Exception):
    """The request is not what the platform sends: wrong signature, too old, seen before, not readable."""

    def __init__(self, words: str, status: int = 403) -> None:
        super().__init__(words)
        self.status = status


class Unreachable(Exception):
    """A call to the platform failed. The text is for staff and holds no key, id or address of a customer.

    `lasting`: trying the same again would end the same. `sent`: whether it may have arrived nevertheless.
    """

    def __init__(self, words: str, *, code: str = "", lasting: bool = False, sent: bool = False) -> None:
        super().__init__(words)
        self.code, self.lasting, self.sent = code, lasting, sent


@dataclass(frozen=True, slots=True)
class Field:
    """A setting of a door, typed by an administrator. `secret` ones are kept encrypted and never shown again."""

    name: str
    label: str | Promise
    secret: bool = False
    required: bool = True
    help: str | Promise = ""
    choices: tuple[tuple[str, str | Promise], ...] = ()


@dataclass(slots=True)
class Said:
    """One thing a person sent, in the same shape for every platform: what `inbound.keep` stores as its payload.

    `id` is the platform's own for it, the same on every repeat; `media` names the files still to be fetched, each
    `{"ref": …, "name": …}`. An `event` (followed, pressed a menu) has no words and opens nothing.
    """

    id: str
    peer: str
    text: str = ""
    media: list[dict[str, str]] = field(default_factory=list)
    at: datetime | None = None
    event: str = ""

    def payload(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Received:
    """What a request held, and what to answer once it is kept."""

    said: Sequence[Said] = ()
    answer: HttpResponse | None = None


# How long after the last word an open ticket goes on in the same conversation.
DAYS = Field(
    "days",
    _("days a conversation goes on"),
    required=False,
    help=_("After so many days without a word, the next message opens a new ticket. Empty: 14."),
)


class Platform:
    """A kind of door. Register one object with `register`."""

    kind: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()
    window: ClassVar[timedelta | None] = None  # how long after a person's last word we may write to them
    longest: ClassVar[int] = 2000  # characters of one message

    @property
    def hears(self) -> bool:
        """Whether it has a webhook."""
        return type(self).receive is not Platform.receive

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        """What is wrong with typed settings and keys, each beside its field."""
        return []

    def receive(self, door: Door, request: HttpRequest, body: bytes) -> Received:
        """Check a request to the webhook and read it; calls nobody. Raises Refused."""
        raise Refused("this door takes no requests", 404)

    def fetch(self, door: Door, ref: str, name: str) -> SimpleUploadedFile:
        """A file that a person sent. Raises Unreachable; `lasting` when it is gone for good."""
        raise NotImplementedError

    def send(self, conversation: Conversation, text: str) -> Outcome:
        """Write to the person at the other end, as `notifications.adapters.base.Adapter.send` promises."""
        raise NotImplementedError

    def check(self, door: Door) -> str:
        """Ask the platform whether our keys are right; what it calls us, or "". Raises Unreachable."""
        raise NotImplementedError


_platforms: dict[str, Platform] = {}


def register(platform: Platform) -> None:
    _platforms[str(platform.kind)] = platform


def platform(kind: str) -> Platform:
    """The platform of a kind of door; one without behaviour for a kind nobody registered."""
    return _platforms.get(str(kind)) or Platform()


def fields_of(kind: str) -> tuple[Field, ...]:
    return platform(kind).fields


def secrets_of(door: Door) -> dict[str, str]:
    return json.loads(door.secrets) if door.secrets else {}


def api_url(door: Door, official: str) -> str:
    """Where a door's platform answers: its own address, the simulator's, or the official one. Raises Unreachable."""
    typed = str(door.settings.get("api_url", ""))
    if typed != SIMULATOR:
        return (typed or official).rstrip("/")
    if not site.SOCIAL_SIMULATOR_URL:
        raise Unreachable("the simulator is not running (SOCIAL_SIMULATOR_URL is empty)")
    return f"{site.SOCIAL_SIMULATOR_URL.rstrip('/')}/{door.kind}"


def moves(door: Door, values: dict[str, str]) -> bool:
    """Whether these settings send the door's keys to an address that somebody typed, and not the one it has."""
    typed = values.get("api_url", "").rstrip("/")
    return typed not in ("", SIMULATOR, str(door.settings.get("api_url", "")).rstrip("/"))


def common_problems(values: dict[str, str]) -> list[DomainError]:
    """Of the fields that all social platforms have: `api_url` and `days`."""
    errors = address_problems(values)
    days = values.get("days", "")
    if days and not (days.isascii() and days.isdigit() and 1 <= int(days) <= 90):
        errors.append(DomainError("channels.bad_days", field="days"))
    return errors


def address_problems(values: dict[str, str], name: str = "api_url") -> list[DomainError]:
    """An address of an API: https, or http on this machine; nothing hidden in it."""
    typed = values.get(name, "")
    if not typed or typed == SIMULATOR:
        return []
    try:
        parts = urlsplit(typed)
        host = parts.hostname or ""
    except ValueError:
        return [DomainError("channels.bad_address", field=name)]
    near = host in ("localhost", "::1") or host.startswith("127.")
    clean = host and not (parts.query or parts.fragment or parts.username)
    if clean and (parts.scheme == "https" or (parts.scheme == "http" and near)):
        return []
    return [DomainError("channels.bad_address", field=name)]
