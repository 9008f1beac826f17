"""The way out for messages of the channel "door": through the platform that the customer wrote by (HND-07)."""

from uuid import UUID

from django.utils.translation import gettext_noop

from apps.channels.adapters import base
from apps.channels.models import Conversation
from apps.channels.services import chat, doors
from apps.core import clock
from apps.notifications.adapters.base import Adapter, Outcome, Result
from apps.notifications.models import OutgoingMessage

PAUSED = gettext_noop("The door is out of use.")


class DoorAdapter(Adapter):
    name = gettext_noop("door")

    def send(self, message: OutgoingMessage) -> Outcome:
        if message.recipient.startswith(chat.ADDRESS):  # the visitor reads the ticket's own story in the widget
            return Outcome(Result.SENT)
        conversation = Conversation.objects.select_related("door").get(pk=UUID(message.recipient))
        door, platform = conversation.door, base.platform(conversation.door.kind)
        if not door.active:
            return Outcome(Result.REFUSED, error=PAUSED)
        if platform.window and clock.now() - conversation.heard_at > platform.window:
            return Outcome(Result.REFUSED, error=base.WINDOW_CLOSED)
        outcome = Outcome(Result.NOT_SENT)
        for number, part in enumerate(parts(message.body, platform.longest)):
            outcome = platform.send(conversation, part)
            if outcome.result is not Result.SENT:
                # Some of it has arrived: it begins anew, rather twice than with a hole.
                began = number > 0 and outcome.result is Result.NOT_SENT
                outcome = Outcome(Result.UNKNOWN, error=outcome.error) if began else outcome
                break
        self._note(conversation, outcome)
        return outcome

    def query(self, message: OutgoingMessage) -> Outcome:
        """None of the platforms can be asked. The same answer twice in a chat does less harm than none."""
        return Outcome(Result.NOT_SENT)

    def _note(self, conversation: Conversation, outcome: Outcome) -> None:
        """One customer who cannot be written to is no trouble of the door's."""
        if outcome.result is Result.SENT:
            doors.answered(conversation.door)
        elif outcome.result is not Result.REFUSED:
            doors.failed(conversation.door, outcome.error or outcome.result.value)


def parts(text: str, longest: int) -> list[str]:
    """A text in pieces of at most `longest` characters, cut at a line end or a full stop where there is one.

    A private link is never cut: it has no such place in it.
    """
    found = []
    while len(text) > longest:
        head = text[:longest]
        cut = max(head.rfind(mark) + 1 for mark in ("\n", "。", "！", "？", ". ", "；", "，", " "))
        cut = cut if cut > longest // 3 else longest
        found.append(text[:cut].strip())
        text = text[cut:]
    return [part for part in [*found, text.strip()] if part]
