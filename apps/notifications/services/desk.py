"""What staff do with a message by hand: read it, send it again, make the call."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from apps.core import clock, locks, masking
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm import contacts
from apps.journal import doorbell, events
from apps.notifications import threads
from apps.notifications.adapters.local import LocalAdapter
from apps.notifications.events import CALL_NOT_ANSWERED, MESSAGE_QUEUED_AGAIN, MESSAGE_SENT, PERSONAL_DATA_REVEALED
from apps.notifications.models import OutgoingMessage
from apps.notifications.services.outbox import DISPATCH, about, facts
from apps.notifications.states import MessageChannel, MessageState

MAY_READ = "notifications.view_outbox"
MAY_SEND_AGAIN = "notifications.change_outgoingmessage"
MAY_SEE_CLEAR = "crm.view_personal_data"
PHONE = gettext_noop("phone")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAY_CALL = ("feedback.handle_ticket", "feedback.follow_up_ticket")
_UNGUESSABLE = re.compile(r"(?<=/)[A-Za-z0-9_-]{16,64}(?=/)")  # the part of a private link that lets its holder in


@dataclass(frozen=True, slots=True)
class Opened:
    """A message as its reader may see it. `clear`: whether name and address are shown unmasked."""

    recipient: str
    recipient_name: str
    subject: str
    body: str
    clear: bool


def _stayed_here(message: OutgoingMessage) -> bool:
    if message.provider == LocalAdapter.name:
        return True
    return message.channel == MessageChannel.SMS and urlsplit(settings.SMS_GATEWAY_URL).hostname in LOOPBACK


@transaction.atomic
def open_message(message_id: UUID, *, actor: Actor) -> Opened:
    """The text of a message; that it was read is recorded (INT-06, ADM-04).

    Without the right to personal data the recipient's name and address are masked in it. The customer's private links
    lead nowhere, or staff could answer the survey in the customer's place; only a message that never left this machine
    (the local outbox, the simulated SMS gateway) has them. Raises DomainError core.not_allowed, and core.not_found for an
    unknown id.
    """
    message = OutgoingMessage.objects.filter(pk=message_id).first()
    if message is None:
        raise DomainError("core.not_found")
    if not (actor.can(MAY_READ) or (message.state == MessageState.TO_CALL and _may_call(actor))):
        raise DomainError("core.not_allowed")
    clear = actor.can(MAY_SEE_CLEAR)
    body = message.body if _stayed_here(message) else _UNGUESSABLE.sub("…", message.body)
    dialled = message.recipient
    if message.channel == MessageChannel.DOOR:
        dialled = message.recipient_masked  # the address inside means nothing to anybody
    elif message.channel != MessageChannel.EMAIL:
        dialled = contacts.display_phone(message.recipient)
    events.record(
        PERSONAL_DATA_REVEALED,
        subject=about(message),
        actor=actor,
        data={"field": "message", "message": str(message.pk), "clear": clear},
    )
    if clear:
        thread = threads.read(message.thread)  # the customer's own subject may name them
        subject = thread.subject_for(message.reference) if thread else message.subject
        return Opened(dialled, message.recipient_name, subject, body, clear=True)
    name = masking.name(message.recipient_name)
    masks = [(message.recipient, message.recipient_masked), (dialled, message.recipient_masked)]
    for secret, mask in (*masks, (message.recipient_name, name)):
        body = body.replace(secret, mask) if secret else body
    return Opened(message.recipient_masked, name, message.subject, body, clear=False)


@transaction.atomic
def send_again(message_id: UUID, *, actor: Actor) -> OutgoingMessage:
    """Queue a message that failed, or whose outcome nobody confirmed; the latter is asked about first.

    Raises DomainError core.not_allowed, notifications.not_resendable.
    """
    if not actor.can(MAY_SEND_AGAIN):
        raise DomainError("core.not_allowed")
    message = locks.row(OutgoingMessage, message_id)
    if not _is_undelivered(message):
        raise DomainError("notifications.not_resendable", state=message.get_state_display())
    if message.state == MessageState.FAILED:
        message.state = MessageState.QUEUED
    message.attempts, message.next_try_at, message.error = 0, clock.now(), ""
    message.save(update_fields=["state", "attempts", "next_try_at", "error"])
    events.record(MESSAGE_QUEUED_AGAIN, subject=about(message), actor=actor, data=facts(message))
    doorbell.ring(DISPATCH)
    return message


@transaction.atomic
def record_call(message_id: UUID, *, actor: Actor, reached: bool) -> OutgoingMessage:
    """Staff called the customer who asked to be told by phone (HND-07). Not reached: the call stays to be made.

    Raises DomainError core.not_allowed, notifications.not_a_call.
    """
    if not _may_call(actor):
        raise DomainError("core.not_allowed")
    message = locks.row(OutgoingMessage, message_id)
    if message.state != MessageState.TO_CALL:
        raise DomainError("notifications.not_a_call", state=message.get_state_display())
    message.attempts += 1
    if reached:
        message.state, message.sent_at, message.provider = MessageState.SENT, clock.now(), PHONE
    message.save(update_fields=["state", "attempts", "sent_at", "provider"])
    kind = MESSAGE_SENT if reached else CALL_NOT_ANSWERED
    events.record(kind, subject=about(message), actor=actor, data={**facts(message), "provider": "phone"})
    return message


def may_send_again(message: OutgoingMessage, actor: Actor) -> bool:
    """Whether to offer this actor to send the message again."""
    return actor.can(MAY_SEND_AGAIN) and _is_undelivered(message)


def may_record_call(message: OutgoingMessage, actor: Actor) -> bool:
    """Whether to offer this actor to record the call."""
    return message.state == MessageState.TO_CALL and _may_call(actor)


def _is_undelivered(message: OutgoingMessage) -> bool:
    """Failed after an attempt (without one its address was never usable), or unconfirmed and given up."""
    if message.state == MessageState.UNKNOWN:
        return message.next_try_at is None
    return message.state == MessageState.FAILED and message.provider != ""


def _may_call(actor: Actor) -> bool:
    return any(actor.can(permission) for permission in MAY_CALL)
