"""Mail servers say afterwards that a message of ours did not arrive."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.core import locks
from apps.journal import events
from apps.notifications.models import OutgoingMessage
from apps.notifications.services.dispatch import without_address
from apps.notifications.services.outbox import failed_event
from apps.notifications.states import MessageChannel, MessageState

RETURNED = gettext_noop("Returned by the recipient's mail server.")


@transaction.atomic
def returned(message_id: UUID, *, detail: str) -> OutgoingMessage | None:
    """Note that an e-mail which was sent has come back: it is "not delivered" from now on (HND-07, INT-09).

    `detail` is what the mail server said; the address in it is masked. A message that is not "sent" stays as it is, so
    a second report changes nothing. None for an id that is no e-mail of ours.
    """
    if not OutgoingMessage.objects.filter(pk=message_id, channel=MessageChannel.EMAIL).exists():
        return None
    message = locks.row(OutgoingMessage, message_id)
    if message.state == MessageState.SENT:
        message.state = MessageState.FAILED
        message.error = without_address(detail, message) or RETURNED
        message.save(update_fields=["state", "error"])
        events.record_many([failed_event(message, "returned")])
    return message
