"""What may be typed: length, control characters, dates. Errors are beside their field, nothing is cut silently."""

import re
from datetime import date, datetime, timedelta

from apps.core import clock
from apps.core.errors import DomainError

TEXT_LIMIT = 20_000  # characters of a description or message
TITLE_LENGTH = 60
OLDEST = timedelta(days=365 * 30)
CLOCKS_DIFFER = timedelta(minutes=5)
# NUL cannot be stored by PostgreSQL; the other C0 controls but tab and line ends have no business in text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Bidirectional overrides can make a line show something else than it says.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
# No alternative begins another one: there is one way to read a text, however long.
_THANKS = re.compile(
    r"(?:[\s,，.。!！~～的了您你们們]|好|收到|知道|明白|非常|太|多|十分|感谢|感謝|谢|謝|辛苦|"
    r"ok(?:ay)?|thanks?|you|very|much|so|a lot|got it|received|👍|🙏)+",
    re.IGNORECASE,
)


def text_errors(value: str, field: str, *, limit: int = TEXT_LIMIT, required: str | None = None) -> list[DomainError]:
    """Errors of a text; `required` is the error code for an empty one."""
    if not value.strip():
        return [DomainError(required, field=field)] if required else []
    if len(value) > limit:
        return [DomainError("core.too_long", field=field, limit=limit, length=len(value))]
    if _CONTROL.search(value):
        return [DomainError("core.control_characters", field=field)]
    return []


def checked(value: str, field: str, *, limit: int = TEXT_LIMIT, required: str | None = None) -> str:
    """The text without surrounding space. Raises the first DomainError."""
    for error in text_errors(value, field, limit=limit, required=required):
        raise error
    return value.strip()


def without_controls(value: str) -> str:
    """The text without what no text may hold, for doors where nobody can be asked to write it again."""
    return _CONTROL.sub("", value.replace("\r\n", "\n")).encode("utf-8", "ignore").decode()


def line(value: str) -> str:
    """A single line: no direction overrides, spaces folded."""
    return " ".join(_BIDI.sub("", value).split())


def title_of(text: str) -> str:
    """The first sentence of a text, at most 60 characters."""
    first = line(re.split(r"[。！？!?\n]", text[:400].lstrip("，,.。 \r\n\t"), maxsplit=1)[0]) or line(text[:400])
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1] + "…"


def is_mere_thanks(text: str) -> bool:
    """Whether somebody only says thank you, which reopens and opens nothing."""
    return bool(_THANKS.fullmatch(text[:100]))


def date_errors(value: date | None, field: str) -> list[DomainError]:
    """A date of something that happened: not in the future (Shanghai), not before the last 30 years."""
    today = clock.local(clock.now()).date()
    if value is None:
        return []
    if value > today:
        return [DomainError("ticket.date_in_future", field=field)]
    if value < today - OLDEST:
        return [DomainError("ticket.date_too_old", field=field)]
    return []


def moment_errors(value: datetime | None, field: str) -> list[DomainError]:
    """An aware moment of something that happened: five minutes ahead at most (clocks differ), within the last 30 years."""
    now = clock.now()
    if value is None:
        return []
    if value > now + CLOCKS_DIFFER:
        return [DomainError("ticket.date_in_future", field=field)]
    if value < now - OLDEST:
        return [DomainError("ticket.date_too_old", field=field)]
    return []
