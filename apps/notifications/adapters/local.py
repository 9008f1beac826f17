from django.utils.translation import gettext_noop

from apps.notifications.adapters.base import Adapter, Outcome, Result
from apps.notifications.models import OutgoingMessage


class LocalAdapter(Adapter):
    """No mail server or gateway is configured: the message stays in the outbox page of the admin, where it is read."""

    name = gettext_noop("local outbox")
    leaves_house = False

    def send(self, message: OutgoingMessage) -> Outcome:
        return Outcome(Result.SENT)

    def query(self, message: OutgoingMessage) -> Outcome:
        return Outcome(Result.NOT_SENT)
