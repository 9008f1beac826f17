"""What a chat door's settings say, typed by an administrator and read with sound defaults."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import Department
from apps.channels.adapters.base import Field, Platform, register
from apps.channels.models import Door, DoorKind
from apps.core.errors import DomainError

REQUIRED, OPTIONAL = "required", "optional"
WORDS_LIMIT = 400
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Options:
    """`origins` may frame the widget; `contact_required`: a phone or an e-mail address before the first message;
    `department` (its code) gives the hours shown before it is known who will answer."""

    origins: tuple[str, ...]
    contact_required: bool
    greeting: str
    consent: str
    privacy_url: str
    department: str
    colour: str


def of(door: Door) -> Options:
    """The door's options, texts in the active language where they are the shipped ones."""
    given = {name: str(value).strip() for name, value in (door.settings or {}).items()}
    return Options(
        origins=tuple(filter(None, (origin(each) for each in _origins(given)))),
        contact_required=given.get("contact") != OPTIONAL,
        greeting=given.get("greeting") or _("Hello! What can we do for you?"),
        consent=given.get("consent")
        or _("I agree that my details and this conversation are used to handle my request."),
        privacy_url=given.get("privacy_url", ""),
        department=given.get("department", ""),
        colour=given["colour"] if _COLOUR.fullmatch(given.get("colour", "")) else "",
    )


class ChatPlatform(Platform):
    """The widget on a website: our own pages, so nobody is called."""

    kind = DoorKind.CHAT
    fields = (
        Field(
            "origins",
            gettext_lazy("Sites that may show the chat"),
            help=gettext_lazy("Such as https://shop.example.com, separated by spaces. No other site can embed it."),
        ),
        Field(
            "contact",
            gettext_lazy("Phone or e-mail before the first message"),
            choices=((REQUIRED, gettext_lazy("needed")), (OPTIONAL, gettext_lazy("not needed"))),
            required=False,
        ),
        Field("greeting", gettext_lazy("Greeting"), required=False),
        Field("consent", gettext_lazy("Words of the consent"), required=False),
        Field("privacy_url", gettext_lazy("Address of the privacy policy"), required=False),
        Field(
            "department",
            gettext_lazy("Department whose hours are shown"),
            required=False,
            help=gettext_lazy("Its code; empty: the company's working hours."),
        ),
        Field(
            "colour",
            gettext_lazy("Colour"),
            required=False,
            help=gettext_lazy("Such as #1a56b4; white text stands on it."),
        ),
    )

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        wrong = [
            DomainError("chat.origin", field="origins", value=each) for each in _origins(values) if not origin(each)
        ]
        if values.get("contact") not in ("", None, REQUIRED, OPTIONAL):
            wrong.append(DomainError("core.invalid_choice", field="contact", value=values["contact"][:60]))
        if values.get("colour") and not readable(values["colour"]):
            wrong.append(DomainError("chat.colour", field="colour"))
        if values.get("privacy_url") and not re.fullmatch(r"https://[^\s'\"<>]{3,300}", values["privacy_url"]):
            wrong.append(DomainError("channels.bad_address", field="privacy_url"))
        code = values.get("department")
        if code and not Department.objects.filter(code=code, active=True).exists():
            wrong.append(DomainError("core.invalid_choice", field="department", value=code[:60]))
        for name in ("greeting", "consent"):
            if len(values.get(name, "")) > WORDS_LIMIT:
                length = len(values[name])
                wrong.append(DomainError("core.too_long", field=name, limit=WORDS_LIMIT, length=length))
        return wrong


register(ChatPlatform())


def origin(value: str) -> str:
    """`https://shop.example.com[:port]`, without anything that could widen the policy; "" where it is no origin.

    Plain http is for this machine only: elsewhere anybody on the way could put a page of their own around the chat.
    """
    if not value.isascii() or re.search(r"[\s;,'\"*\\]", value):
        return ""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in ("127.0.0.1", "localhost"))
    if not secure or not host or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def readable(colour: str) -> bool:
    """Whether white text on it has a contrast of at least 4.5 (WCAG 2)."""
    if not _COLOUR.fullmatch(colour):
        return False
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def _origins(values: dict[str, str]) -> list[str]:
    return re.split(r"[\s,]+", values.get("origins", "").strip()) if values.get("origins", "").strip() else []
