"""What a kind of message is; `catalogue` lists them all."""

from dataclasses import dataclass

from django.utils.functional import Promise

from apps.notifications.placeholders import Placeholder
from apps.notifications.states import MessageChannel

EMAIL, SMS, PHONE, DOOR, IN_APP = (
    MessageChannel.EMAIL,
    MessageChannel.SMS,
    MessageChannel.PHONE,
    MessageChannel.DOOR,
    MessageChannel.IN_APP,
)


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message to customers (`for_staff` False) or colleagues; `needs` are placeholders no text may leave out."""

    code: str
    label: str | Promise
    channels: tuple[MessageChannel, ...]
    placeholders: tuple[Placeholder, ...]
    needs: tuple[str, ...] = ()
    for_staff: bool = False
