"""What this room does when it hears of an event. Each runs exactly once per event (journal.deliveries)."""

from apps.channels.services import conversations
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.events import MESSAGE_FAILED


@on(MESSAGE_FAILED, name="channels.fall_back")
def fall_back(event: Event) -> None:
    """HND-07: what could not be said at the door is said another way."""
    conversations.fall_back(event)
