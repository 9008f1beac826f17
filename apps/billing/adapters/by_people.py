"""Ways on which a person acts: the bank's batch file and payment by hand (REF-01).

Sending only means that it waits for people; what they prove is written by `services.bank_batches` and `services.by_hand`.
"""

from apps.billing.adapters.base import NotSent, Outcome, Proof, RefundOrder
from apps.billing.states import PayChannel

HALF_AN_HOUR = 1800


class BankAdapter:
    """Transfers wait for a batch."""

    channel = PayChannel.BANK
    first_query = query_every = HALF_AN_HOUR

    def send(self, order: RefundOrder) -> Outcome:
        return Outcome(Proof.PROCESSING, answer={"waits_for": "batch"})

    def query(self, order: RefundOrder) -> Outcome:
        return Outcome(Proof.PROCESSING, answer={"waits_for": "batch"})


class HandAdapter(BankAdapter):
    """Payments wait for a person's proof and another one's confirmation."""

    channel = PayChannel.MANUAL

    def send(self, order: RefundOrder) -> Outcome:
        return Outcome(Proof.PROCESSING, answer={"waits_for": "person"})

    query = send


class NotSetUp:
    """A provider without settings: nothing leaves, nothing is lost; it is sent once the settings are there."""

    first_query = query_every = 300

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def send(self, order: RefundOrder) -> Outcome:
        raise NotSent("this channel is not set up")

    query = send
