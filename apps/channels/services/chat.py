"""The website chat: opening one, saying something in it, and knowing that the visitor is there (INT-01)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction

from apps.channels.chat import events, options
from apps.channels.models import Chat, Door
from apps.channels.services import doors
from apps.core import clock, idempotency
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError, DomainErrors
from apps.core.idempotency import Answer
from apps.core.models import Upload
from apps.core.vocabulary import Channel, ContactChannel, Language
from apps.crm.contacts import Contact
from apps.feedback.models import Message, Ticket
from apps.feedback.services import closure, conversation, intake
from apps.feedback.services.announcements import WayBack
from apps.feedback.services.intake import Report
from apps.journal import events as journal

SEEN_EVERY = timedelta(seconds=20)
ADDRESS = "chat:"  # how messages to the chat are addressed
_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}")  # at least 128 random bits: whoever repeats it is the same visitor


@dataclass(slots=True)
class Opening:
    """What a visitor fills in before the first message. `key` is made by the widget and repeated when it tries again."""

    text: str
    key: str
    name: str = ""
    phone: str = ""
    email: str = ""
    consent: bool = False
    language: str = Language.ZH_HANS
    page: str = ""
    uploads: Sequence[Upload] = field(default_factory=tuple)


def open_chat(door: Door, opening: Opening) -> Chat:
    """The first message opens a ticket; the same key again is the same chat.

    Raises DomainErrors, each beside its field: `chat.consent_missing`, `chat.key`, `crm.contact_missing` (where the door
    asks for a contact) and those of `intake.validate`.
    """
    wanted = options.of(door)
    report = _report(door, opening, wanted.contact_required)
    errors = [] if opening.consent else [DomainError("chat.consent_missing", field="consent")]
    if not _KEY.fullmatch(opening.key):
        errors.append(DomainError("chat.key"))
    try:
        intake.validate(report)
    except DomainErrors as found:
        errors += found.errors
    if errors:
        raise DomainErrors(errors)
    with transaction.atomic():
        ticket = intake.receive(report, actor=CUSTOMER)
        known = Chat.objects.select_related("ticket").filter(ticket=ticket).first()
        if known is not None:
            return known
        page = _without_query(opening.page)
        chat = Chat.objects.create(door=door, ticket=ticket, page=page, consent=wanted.consent[:400])
        journal.record(events.CHAT_OPENED, subject=ticket, actor=CUSTOMER, data={"door": door.name})
        doors.heard(door)
        return chat


def say(chat: Chat, text: str, *, key: str, uploads: Sequence[Upload] = ()) -> None:
    """Add what the visitor writes, once per `key`. Raises DomainError as `conversation.customer_says` does."""
    said = hashlib.sha256("\x1f".join([text, *(u.sha256 for u in uploads)]).encode("utf-8", "replace")).hexdigest()

    def work() -> Answer:
        message: Message = conversation.customer_says(
            chat.ticket, text, actor=CUSTOMER, channel=Channel.CHAT, uploads=uploads
        )
        return Answer(200, str(message.pk))

    idempotency.once(f"chat:{chat.pk}", key, said, work)


def reopen(chat: Chat, reason: str) -> None:
    """The visitor takes a closed conversation up again. Raises as `closure.reopen` does."""
    closure.reopen(chat.ticket, actor=CUSTOMER, reason=reason)


def seen(chat: Chat) -> None:
    """The visitor has the chat before their eyes; written down at most every 20 s."""
    if clock.now() - chat.seen_at >= SEEN_EVERY:
        Chat.objects.filter(pk=chat.pk).update(seen_at=clock.now())


def way_back(ticket: Ticket) -> WayBack | None:
    """Who looks at the chat reads the answer there; who has left is told another way, where one is known (HND-07)."""
    if ticket.channel != Channel.CHAT:
        return None
    chat = Chat.objects.select_related("door").filter(ticket=ticket).first()
    return WayBack(f"{ADDRESS}{chat.pk}", str(chat.door), chat.is_here) if chat else None


def _report(door: Door, opening: Opening, contact_required: bool) -> Report:
    """Without a phone or an e-mail address the visitor is known by this chat alone, and is answered only in it."""
    visitor = hashlib.sha256(opening.key.encode("utf-8", "replace")).hexdigest()
    given = bool(opening.phone.strip() or opening.email.strip())
    return Report(
        text=opening.text,
        contact=Contact(
            name=opening.name,
            phone=opening.phone,
            email=opening.email,
            external_id="" if given or contact_required else f"chat:{visitor[:40]}",
            language=opening.language,
            preferred_channel=ContactChannel.DOOR,
        ),
        channel=Channel.CHAT,
        kind=door.ticket_kind,
        language=opening.language,
        external_ref=f"chat:{visitor}",
        uploads=opening.uploads,
    )


def _without_query(page: str) -> str:
    """Where on the site it began; queries and fragments may carry names and numbers of people."""
    try:
        parts = urlsplit(page.strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300].replace("\0", "")
