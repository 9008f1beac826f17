"""Putting messages and notices into the database; `services.dispatch` brings them out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override

from apps.accounts.models import User
from apps.core import actors, clock, masking
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.core.vocabulary import Language
from apps.crm import contacts
from apps.journal import doorbell, events
from apps.journal.models import Event
from apps.notifications import muting, rendering, selectors, shipped
from apps.notifications.catalogue import MESSAGE_TYPES
from apps.notifications.events import MESSAGE_FAILED
from apps.notifications.models import Notice, OutgoingMessage
from apps.notifications.rendering import Value
from apps.notifications.selectors import Words
from apps.notifications.states import MessageChannel, MessageState
from apps.notifications.threads import Thread

ACTOR = actors.system("notifications")
DISPATCH = "notifications.dispatch"
CUSTOMER_CHANNELS = (MessageChannel.EMAIL, MessageChannel.SMS, MessageChannel.PHONE, MessageChannel.DOOR)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is written to: a customer by address, or a colleague by `user`, whose own data fill what is not given.

    `door` is an address that the adapter of the room above understands, `door_label` how lists show it (no personal
    data); `door_open` is False where the platform would not take a message any more.
    """

    email: str = ""
    phone: str = ""
    user: User | None = None
    name: str = ""
    door: str = ""
    door_label: str = ""
    door_open: bool = True

    def address(self, channel: str) -> str:
        """The raw address for a channel; empty when there is none."""
        if channel == MessageChannel.DOOR:
            return self.door
        own, theirs = (self.email, "email") if channel == MessageChannel.EMAIL else (self.phone, "phone")
        return rendering.one_line(rendering.plain(own or getattr(self.user, theirs, "")))

    def full_name(self) -> str:
        return rendering.one_line(rendering.plain(self.name or (str(self.user) if self.user else "")))


def channel_for(preferred: str, to: Recipient) -> str:
    """The preferred channel if the recipient can be reached there, else SMS, else e-mail, else a call (HND-07).

    Whoever is known by nothing but a door that is shut is written to there all the same: staff see that it failed.
    """
    for channel in (preferred, MessageChannel.SMS, MessageChannel.EMAIL):
        shut = channel == MessageChannel.DOOR and not to.door_open
        if channel in CUSTOMER_CHANNELS and not shut and not _address(OutgoingMessage(channel=channel), to):
            return str(channel)
    return str(MessageChannel.DOOR if to.door and not to.phone else MessageChannel.PHONE)


def handler(user: User | None) -> str | Promise:
    """A handler as customers see them: masked name and staff number (SUR-01), in the language of the message."""
    if user is None:
        return ""
    masked = masking.name(str(user))
    if not user.staff_number:
        return masked
    return format_lazy(_("{name} (staff no. {number})"), name=masked, number=user.staff_number)


def send(
    template: str,
    *,
    to: Recipient,
    context: Mapping[str, Value],
    language: str = "",
    channel: str,
    event: Event | None = None,
    subject: events.Ref | None = None,
    thread: Thread | None = None,
) -> OutgoingMessage:
    """Write a message that goes out after commit, once per (event, template, channel, recipient) (INT-10).

    `context` has a plain value for every placeholder of the template (`catalogue`); datetimes are shown in
    Asia/Shanghai, lazy labels in the language of the message. `subject` is what the message is about, by default the
    event's subject; `thread` is the customer's own mail that this one answers. An address that is missing or impossible
    gives a message in state "failed" and an event, never an exception; a template switched off gives "skipped"; a phone
    call gives "to_call". Raises ValueError and TypeError for a caller's mistake.
    """
    kind = MESSAGE_TYPES.get(template)
    if kind is None or channel not in kind.channels or channel == MessageChannel.IN_APP:
        raise ValueError(f"there is no message {template!r} for channel {channel!r}")
    if subject is None and event is not None:
        subject = events.Ref(event.subject_type, event.subject_id)
    message = OutgoingMessage(template=template, channel=channel, event=event)
    if subject is not None:
        message.subject_type, message.subject_id = subject.type, subject.id
    if thread is not None and channel == MessageChannel.EMAIL:
        message.thread = thread.to_text()
    _write(message, to, context, language or getattr(to.user, "language", "") or Language.ZH_HANS)
    problem = _address(message, to)
    if message.state == MessageState.QUEUED:
        _place(message, problem)
    return _store(message, problem)


def divert(message: OutgoingMessage, to: Recipient) -> OutgoingMessage | None:
    """Say by SMS, e-mail or a call what a message could not say where it was addressed (HND-07), once.

    None where the recipient has no other address.
    """
    channel = channel_for("", replace(to, door=""))
    if channel == MessageChannel.PHONE and not to.address(channel):
        return None
    other = OutgoingMessage(template=message.template, channel=channel, event=message.event)
    other.subject_type, other.subject_id = message.subject_type, message.subject_id
    other.language, other.body, other.reference = message.language, message.body, message.reference
    if channel == MessageChannel.SMS:
        text = rendering.one_line(f"{shipped.SMS_MARK}{message.body}".replace("{company}", settings.COMPANY_NAME, 1))
        other.body = rendering.clip_middle(text, rendering.SMS_MAX_CHARACTERS)
    if channel == MessageChannel.EMAIL:
        with override(message.language):
            other.subject = f"{message.get_template_display()} {message.reference}".strip()
    other.recipient_name, other.state = to.full_name(), MessageState.QUEUED
    problem = _address(other, to)
    _place(other, problem)
    return _store(other, problem)


def _write(message: OutgoingMessage, to: Recipient, context: Mapping[str, Value], language: str) -> None:
    """Fill in the words, or mark the message as skipped where its template is switched off."""
    found = selectors.words(message.template, message.channel, [language])[language]
    text = found or Words("", "", selectors.FALLBACK)
    rendered = rendering.render(
        message.template,
        message.channel,
        text.subject,
        text.body,
        context,
        language=text.language,
        recipient_name=to.full_name(),
    )
    message.language, message.subject, message.body = text.language, rendered.subject, rendered.body
    message.reference = rendering.plain(context.get("number", ""))[:40]
    message.recipient_name = to.full_name()
    message.state = MessageState.QUEUED if found else MessageState.SKIPPED


def _address(message: OutgoingMessage, to: Recipient) -> str:
    """Fill in the normalised address with its mask and index. Returns why it cannot be used, or ""."""
    raw = to.address(message.channel)
    if not raw:
        return "no_address"
    if message.channel == MessageChannel.DOOR:
        message.recipient, message.recipient_masked = raw, to.door_label[:120]
        message.recipient_index = blind_index(raw)
        return ""
    by_mail = message.channel == MessageChannel.EMAIL
    problem = ""
    try:
        message.recipient = contacts.normalise_email(raw) if by_mail else contacts.normalise_phone(raw)
    except DomainError:
        message.recipient, problem = raw, "bad_address"
    message.recipient_masked = (masking.email if by_mail else contacts.mask_phone)(message.recipient)[:120]
    message.recipient_index = blind_index(message.recipient)
    if message.channel == MessageChannel.SMS and not problem and not contacts.is_mobile(message.recipient):
        problem = "no_mobile"
    return problem


# Stored in the source language, translated on screen.
ADDRESS_PROBLEMS = {
    "no_address": gettext_noop("No address for this channel."),
    "bad_address": gettext_noop("This address is not valid."),
    "no_mobile": gettext_noop("This number cannot receive text messages."),
}


def _place(message: OutgoingMessage, problem: str) -> None:
    if problem:
        message.state = MessageState.FAILED
        message.error = ADDRESS_PROBLEMS[problem]
    elif message.channel == MessageChannel.PHONE:
        message.state = MessageState.TO_CALL
    else:
        message.next_try_at = clock.now()


def _store(message: OutgoingMessage, problem: str) -> OutgoingMessage:
    """Insert the message with its event of failure, if it has one; or return what this event wrote there before.

    Every message comes through here, so here stands the sink for what must not leave the house (`muting`).
    """
    if silence := muting.reason(message.subject_type, message.subject_id):
        message.state, message.error, message.next_try_at = MessageState.SKIPPED, silence, None
    if message.state == MessageState.FAILED:
        with transaction.atomic():
            inserted = _insert(message)
            if inserted:
                events.record_many([failed_event(message, problem)])
    else:
        inserted = _insert(message)
        if inserted and message.next_try_at:
            doorbell.ring(DISPATCH)
    if inserted:
        return message
    return OutgoingMessage.objects.get(
        event=message.event_id,
        template=message.template,
        channel=message.channel,
        recipient_index=message.recipient_index,
    )


_COLUMNS = OutgoingMessage._meta.concrete_fields
_INSERT = (
    f"INSERT INTO {OutgoingMessage._meta.db_table} ({', '.join(str(field.column) for field in _COLUMNS)})"
    f" VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT DO NOTHING RETURNING id"
)


def _insert(message: OutgoingMessage) -> bool:
    """One statement: insert unless this event already wrote to this recipient; waits for a competitor's commit."""
    values = [field.get_db_prep_save(getattr(message, field.attname), connection) for field in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        inserted = cursor.fetchone() is not None
    message._state.adding, message._state.db = not inserted, connection.alias
    return inserted


def about(message: OutgoingMessage) -> events.Ref:
    """What a message is about: its ticket, or itself."""
    if message.subject_id is None:
        return events.ref(message)
    return events.Ref(message.subject_type, message.subject_id)


def failed_event(message: OutgoingMessage, why: str) -> events.NewEvent:
    """The event of a message that was not delivered; ids and codes only."""
    return events.NewEvent(MESSAGE_FAILED, about(message), ACTOR, {**facts(message), "reason": why})


def facts(message: OutgoingMessage) -> dict[str, str]:
    return {"message": str(message.pk), "template": message.template, "channel": message.channel}


@transaction.atomic
def notify_many(
    users: Collection[User], template: str, *, context: Mapping[str, Value], event: Event | None = None, link: str = ""
) -> list[Notice]:
    """Notices for several colleagues with one INSERT (SLA-04, INT-07); whoever has left is passed over.

    `link` is a path of this site (`/admin/…`). The context follows the same rules as in `send`; it holds masked names
    only, because notices are stored in clear. Raises ValueError and TypeError for a caller's mistake.
    """
    kind = MESSAGE_TYPES.get(template)
    if kind is None or MessageChannel.IN_APP not in kind.channels:
        raise ValueError(f"there is no notice {template!r}")
    if link and not (link.startswith("/") and url_has_allowed_host_and_scheme(link, allowed_hosts=None)):
        raise ValueError("a notice leads to a path of this site")
    present = {user.pk: user for user in users if user.is_active}
    words = selectors.words(template, MessageChannel.IN_APP, {user.language for user in present.values()})
    context = {"link": f"{settings.PUBLIC_URL}{link}", **context}
    notices = [
        Notice(user=user, kind=template, event=event, link=link, text=_notice_text(template, text, context, user))
        for user in present.values()
        if (text := words[user.language])
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    if event is None:
        return notices
    return list(Notice.objects.filter(event=event, kind=template, user__in=present))


def _notice_text(template: str, words: Words, context: Mapping[str, Value], user: User) -> str:
    return rendering.render(
        template, MessageChannel.IN_APP, "", words.body, context, language=words.language, recipient_name=str(user)
    ).body
