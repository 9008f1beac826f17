"""Texts with `{placeholder}`s: checked when saved, filled when sent.

The syntax knows names and nothing else (no attributes, no indexes, no formats, no tags), so neither staff who write
texts nor customers whose words are filled in can reach anything. A filled-in value is never looked at for
placeholders again.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override

from apps.core import clock
from apps.core.errors import DomainError
from apps.notifications.catalogue import MESSAGE_TYPES, placeholders
from apps.notifications.states import MessageChannel

Value = str | Promise | int | Decimal | datetime | date | UUID | None

SMS_MAX_CHARACTERS = 300  # mainland gateways refuse beyond 350 to 500; the link leads to the whole text
DOOR_MAX_CHARACTERS = 1500  # a chat takes longer ones in several parts
SUBJECT_MAX_CHARACTERS = 200
BODY_MAX_CHARACTERS = 4000  # of a template; values come on top

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BRACED = re.compile(r"\{[^{}\n]{0,60}\}?|\}")
# They reorder or hide what stands around them. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
_BIDI = {ord(c): None for c in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"}
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    body: str


def check(code: str, channel: str, subject: str, body: str) -> list[DomainError]:
    """Everything that is wrong with a template's text, each beside its field. Raises KeyError for an unknown code."""
    known = placeholders(code)
    problems = _check_text("body", body, set(known), limit=BODY_MAX_CHARACTERS)
    used = set(_PLACEHOLDER.findall(body))
    problems += [
        DomainError("notifications.placeholder_missing", field="body", placeholder=f"{{{name}}}")
        for name in _needed(code, channel)
        if name not in used
    ]
    if channel == MessageChannel.EMAIL:
        problems += _check_text("subject", subject, set(known), limit=SUBJECT_MAX_CHARACTERS)
        problems += [
            DomainError("notifications.private_in_subject", field="subject", placeholder=f"{{{name}}}")
            for name in dict.fromkeys(_PLACEHOLDER.findall(subject))
            if name in known and known[name].private
        ]
    return problems


def _needed(code: str, channel: str) -> list[str]:
    """What no text may leave out: the type's own needs, and in each customer's e-mail the link (HND-07)."""
    needed = list(MESSAGE_TYPES[code].needs)
    if channel == MessageChannel.EMAIL and not MESSAGE_TYPES[code].for_staff and "link" not in needed:
        needed.append("link")
    if channel == MessageChannel.PHONE and "link" in needed:
        needed.remove("link")  # nobody reads a link out
    return needed


def _check_text(field: str, text: str, known: set[str], *, limit: int) -> list[DomainError]:
    if not text.strip():
        return [DomainError("core.required", field=field)]
    problems = []
    if len(text) > limit:
        problems.append(DomainError("core.too_long", field=field, limit=limit, length=len(text)))
    if any(_unstorable(c) for c in text):
        problems.append(DomainError("core.control_characters", field=field))
    listing = " ".join(f"{{{name}}}" for name in sorted(known))
    for found in dict.fromkeys(_BRACED.findall(text)):
        match = _PLACEHOLDER.fullmatch(found)
        if match is None:
            problems.append(DomainError("notifications.stray_brace", field=field, text=found, known=listing))
        elif match[1] not in known:
            problems.append(
                DomainError("notifications.unknown_placeholder", field=field, placeholder=found, known=listing)
            )
    return problems


def render(
    code: str,
    channel: str,
    subject: str,
    body: str,
    context: Mapping[str, Value],
    *,
    language: str,
    recipient_name: str = "",
) -> Rendered:
    """Fill a template's text for one recipient; times are written in Asia/Shanghai, lazy labels in `language`.

    A line whose placeholders are all empty is left out. In an SMS free text is shortened to fit
    SMS_MAX_CHARACTERS, in a chat DOOR_MAX_CHARACTERS.
    Raises ValueError when the context lacks a placeholder of this code, TypeError for a value that is no plain value:
    both are mistakes of the caller, never of the data.
    """
    values = _values(code, context, language, recipient_name)
    if channel == MessageChannel.SMS:
        values = _shorten_prose(code, body, values, SMS_MAX_CHARACTERS)
    elif channel == MessageChannel.DOOR:
        values = _shorten_prose(code, body, values, DOOR_MAX_CHARACTERS)
    return Rendered(
        subject=one_line(_fill(subject, values))[:SUBJECT_MAX_CHARACTERS],
        body="\n".join(_fill(line, values) for line in body.splitlines() if not _is_empty(line, values)),
    )


def preview(code: str, channel: str, subject: str, body: str, *, language: str) -> Rendered:
    """A text filled with the samples of the catalogue."""
    samples: dict[str, Value] = {each.name: each.sample for each in placeholders(code).values()}
    return render(code, channel, subject, body, samples, language=language)


def _values(code: str, context: Mapping[str, Value], language: str, recipient_name: str) -> dict[str, str]:
    known = placeholders(code)
    given: dict[str, Value] = {"company": settings.COMPANY_NAME, "recipient_name": recipient_name, **context}
    missing = sorted(known.keys() - given.keys())
    if missing:
        raise ValueError(f"message {code} needs values for: {', '.join(missing)}")
    with override(language):
        return {name: plain(given[name]) for name in known}


def _is_empty(line: str, values: Mapping[str, str]) -> bool:
    names = _PLACEHOLDER.findall(line)
    return bool(names) and not any(values.get(name) for name in names)


def _fill(text: str, values: Mapping[str, str]) -> str:
    # A name the code no longer knows (an older template) stays visible as it was written.
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _shorten_prose(code: str, body: str, values: dict[str, str], most: int) -> dict[str, str]:
    used = set(_PLACEHOLDER.findall(body))
    prose = [each.name for each in placeholders(code).values() if each.prose and each.name in used]
    fixed = len(_fill(body, {**values, **dict.fromkeys(prose, "")}))
    room = max(10, (most - fixed) // max(1, len(prose)))
    return {**values, **{name: clip(one_line(values[name]), room) for name in prose}}


def plain(value: Value) -> str:
    """A value as text that is safe in a message: no control characters, no direction marks, Unix line ends."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M")
    if not isinstance(value, str | Promise | int | Decimal | date | UUID):
        raise TypeError(f"{type(value).__name__} is no plain value for a message")
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(c for c in text.translate(_BIDI) if not _unstorable(c)).strip()


def _unstorable(character: str) -> bool:
    """Control characters and lone surrogates; line ends and tabs are fine."""
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t"


def one_line(text: str) -> str:
    return " ".join(text.split())


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, cut with an ellipsis and never within a joined emoji."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    while cut and (_joins(text[len(cut)]) or cut[-1] == "\u200d"):
        cut = cut[:-1]
    return cut.rstrip() + "…"


def clip_middle(text: str, limit: int) -> str:
    """At most `limit` characters; what is cut lies in the middle, because a link stands at the end."""
    tail = text[-limit // 2 :]
    return text if len(text) <= limit else clip(text[: limit - len(tail)], limit - len(tail) - 1) + tail


def _joins(character: str) -> bool:
    """Whether it belongs to the character before it: accents, emoji joiners, variation selectors, skin tones."""
    return (
        bool(unicodedata.combining(character))
        or character in "\u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
    )


def sms_parts(text: str) -> int:
    """How many short messages a text costs (3GPP TS 23.038).

    160/153 letters of the GSM alphabet, else 70/67 UTF-16 units. Letters of the GSM extension table (€, [, ]) are
    counted as if they needed UTF-16: never too few.
    """
    if all(c in _GSM7 for c in text):
        length, single, joined = len(text), 160, 153
    else:
        length, single, joined = len(text.encode("utf-16-be", "replace")) // 2, 70, 67
    return 1 if length <= single else ceil(length / joined)
