"""From what somebody says on a platform to a ticket, and back to them (INT-01, HND-07)."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from apps.channels.adapters import base
from apps.channels.adapters.base import Unreachable
from apps.channels.models import Conversation, Inbound
from apps.channels.services import doors, inbound
from apps.channels.services.inbound import Handled, Payload
from apps.core import actors, clock, locks, masking, uploads
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.core.vocabulary import Channel, ContactChannel
from apps.crm.contacts import Contact
from apps.feedback.mail import languages
from apps.feedback.models import Message, Ticket
from apps.feedback.services import conversation as story
from apps.feedback.services import intake, words
from apps.feedback.services.announcements import WayBack
from apps.feedback.services.intake import Report
from apps.feedback.states import MessageKind, TicketState
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.notifications.services import outbox
from apps.notifications.states import MessageChannel

log = logging.getLogger(__name__)

DOORS = actors.system("doors")
SOCIAL = (Channel.WECHAT, Channel.WEIBO, Channel.FACEBOOK)
LAST_TRY = inbound.MOST_ATTEMPTS - 1  # from this attempt on a file that cannot be fetched doesn't hold up the words
MOST_FILES = 10
LONGEST = words.TEXT_LIMIT - 2_000


# In -----------------------------------------------------------------------------------------------------------------


def fetch(row: Inbound, payload: Payload) -> Sequence[Upload]:
    """Fetch what somebody sent beside their words, before the platform throws it away (WeChat: after three days).

    A file that is gone or not accepted is told in the text (INT-05). Raises Unreachable while another try may help.
    """
    kept: list[Upload] = []
    payload["refused"] = []
    for medium in payload.get("media", [])[:MOST_FILES]:
        try:
            file = base.platform(row.door.kind).fetch(row.door, medium["ref"], medium["name"])
        except Unreachable as error:
            if not error.lasting and row.attempts < LAST_TRY:
                uploads.discard(kept)
                raise
            log.warning("door %s: a file of item %s could not be fetched: %s", row.door_id, row.pk, error)
            payload["refused"].append("gone")
            continue
        found, errors = uploads.keep([file], actor=actors.CUSTOMER)
        kept += found
        payload["refused"] += [error.code for error in errors]
    if payload.get("media"):
        doors.answered(row.door)
    return kept


def handle(row: Inbound, payload: Payload) -> Handled | None:
    """One thing said: it goes to the open ticket of its conversation, or opens one. An event opens nothing."""
    talk = _conversation(row, payload)
    doors.heard(row.door)
    text = _text(payload)
    if payload.get("event") or not (text or row.uploads or payload.get("refused")):
        return None
    ticket = _current(talk, row)
    if ticket and ticket.state == TicketState.CLOSED and words.is_mere_thanks(text) and not row.uploads:
        return Handled(ticket, story.write(ticket, MessageKind.CUSTOMER, text, actors.CUSTOMER, row.door.kind))
    message = _say(ticket, row, payload, text) if ticket else None
    if ticket is None or message is None:
        ticket = talk.ticket = _open(row, payload, text)
        talk.save(update_fields=["ticket"])
    return Handled(ticket, message)


for _kind in SOCIAL:
    inbound.handles(_kind)(handle)
    inbound.fetches(_kind)(fetch)


def _conversation(row: Inbound, payload: Payload) -> Conversation:
    """The conversation, locked: what one person says at the same moment is taken in one after another."""
    defaults = {"peer": payload["peer"], "heard_at": row.at}
    talk, _created = Conversation.objects.get_or_create(door=row.door, thread=row.thread, defaults=defaults)
    talk = locks.row(Conversation, talk.pk)
    talk.heard_at = max(talk.heard_at, row.at)
    talk.save(update_fields=["heard_at"])
    return talk


def _current(talk: Conversation, row: Inbound) -> Ticket | None:
    """The ticket this conversation is about, unless its last word, theirs or ours, is older than the door's days."""
    if talk.ticket_id is None:
        return None
    days = int(row.door.settings.get("days") or doors.DAYS)
    ticket = Ticket.objects.select_related("customer").get(pk=talk.ticket_id)
    said = Message.objects.filter(ticket=ticket).order_by("-id").values_list("at", flat=True).first()
    last = max(ticket.received_at, said or ticket.received_at)
    return ticket if row.at - last <= timedelta(days=days) else None


def _open(row: Inbound, payload: Payload, text: str) -> Ticket:
    language = languages.guess(text)
    report = Report(
        text=_told(text, payload, language),
        contact=Contact(
            external_id=f"{row.door.kind}:{payload['peer']}", language=language, preferred_channel=ContactChannel.DOOR
        ),
        channel=row.door.kind,
        kind=row.door.ticket_kind,
        language=language,
        external_ref=f"door:{row.pk}",
        received_at=row.at,
        uploads=row.uploads,
    )
    return intake.receive(report, actor=DOORS)


def _say(ticket: Ticket, row: Inbound, payload: Payload, text: str) -> Message | None:
    """Add it to the ticket; None where that takes no more and a new one is needed."""
    told = _told(text, payload, ticket.language)
    try:
        return story.customer_says(ticket, told, actor=actors.CUSTOMER, channel=row.door.kind, uploads=row.uploads)
    except DomainError as error:
        if error.code != "ticket.not_waiting":
            raise
        return None


def _text(payload: Payload) -> str:
    """The words without what no text may hold."""
    return words.without_controls(str(payload.get("text", "")))[:LONGEST].strip()


def _told(text: str, payload: Payload, language: str) -> str:
    """The words, or that there are none; with what could not be taken over."""
    with translation.override(language):
        notes = []
        for code in dict.fromkeys(payload.get("refused", [])):
            notes.append(
                _("[A file could not be fetched from the platform.]")
                if code == "gone"
                else _("[A file was not accepted: its type or size.]")
            )
        return "\n\n".join([text or _("(a file without words)"), *notes])


# Back ---------------------------------------------------------------------------------------------------------------


def way_back(ticket: Ticket) -> WayBack | None:
    """How the customer of a ticket is answered where they wrote (HND-07); None where no door knows of it."""
    if ticket.channel not in SOCIAL:
        return None
    row = Inbound.objects.select_related("door").filter(ticket=ticket).order_by("-id").first()
    if row is None:
        return None
    talk = Conversation.objects.filter(door=row.door, thread=row.thread).first()
    if talk is None:
        return None
    window = base.platform(row.door.kind).window
    is_open = row.door.active and (window is None or clock.now() - talk.heard_at <= window)
    return WayBack(str(talk.pk), f"{row.door.get_kind_display()} {masking.text(talk.peer)}", is_open)


def fall_back(event: Event) -> None:
    """A platform refused a message for good: the customer is told by SMS, e-mail or a call, if we know how."""
    if event.data.get("channel") != MessageChannel.DOOR or event.data.get("reason") not in ("refused", "gave_up"):
        return
    message = OutgoingMessage.objects.get(pk=event.data["message"])
    ticket = (
        Ticket.objects.select_related("customer").filter(pk=message.subject_id).first() if message.subject_id else None
    )
    if ticket is not None:
        customer = ticket.customer
        to = outbox.Recipient(email=customer.email, phone=customer.phone, name=customer.name)
        outbox.divert(message, to)
