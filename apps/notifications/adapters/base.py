"""What every way out of the house promises to `services.dispatch`."""

from dataclasses import dataclass
from enum import Enum

from apps.notifications.models import OutgoingMessage


class Result(Enum):
    SENT = "sent"  # the other side confirmed that it has the message
    REFUSED = "refused"  # the other side proved that it never will: another try would end the same
    NOT_SENT = "not sent"  # proven that nothing went out; try again later
    UNKNOWN = "unknown"  # sending began and nobody can say how it ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is for staff and operators: it must not hold the address, the text or a key."""

    result: Result
    provider_id: str = ""
    error: str = ""


class Adapter:
    """One way out. An instance serves one run of `dispatch`, in one thread, and may keep a connection until `close`."""

    name: str  # of the provider, in English; translated on screen, stored with the message
    # False: `send` stays inside the house (no network) and runs within the transaction that records its outcome.
    leaves_house: bool = True

    def send(self, message: OutgoingMessage) -> Outcome:
        """Send once, under the message's id as idempotency key, within 30 seconds and outside of any transaction.

        Answers NOT_SENT only when it is proven that nothing went out (e.g. no connection); whatever goes wrong after
        the first byte of the message left is UNKNOWN. An exception that escapes counts as UNKNOWN.
        """
        raise NotImplementedError

    def query(self, message: OutgoingMessage) -> Outcome:
        """What became of an earlier `send` whose outcome nobody recorded; called before any retry.

        SENT: it arrived. REFUSED: it never will. NOT_SENT: the other side does not have it, sending again is safe.
        UNKNOWN: cannot be told now, ask again later. A way that cannot be asked answers NOT_SENT if sending twice
        does no harm.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of connections; never raises."""
