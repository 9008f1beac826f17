"""Bringing queued messages out of the house.

A batch is claimed under a lease and committed; each message is sent outside of any transaction; each outcome is
recorded in its own. A worker that dies in between leaves rows in state "sending" whose lease runs out: the next
worker asks the provider before it sends again. What the row tells (its state, its event) happens exactly once: an
outcome is recorded only by the holder of the lease. On the wire an SMS is asked for first and carries one idempotency
key; an e-mail may arrive twice with one Message-ID if a worker dies between the server's "250 OK" and our commit
(SMTP knows no better).
"""

import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.core import clock, locks
from apps.journal import events
from apps.notifications import adapters
from apps.notifications.adapters.base import Adapter, Outcome, Result
from apps.notifications.events import MESSAGE_SENT
from apps.notifications.models import OutgoingMessage
from apps.notifications.services.outbox import ACTOR, about, facts, failed_event
from apps.notifications.states import MessageState

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(seconds=120)  # longer than the task's hard limit of 60 s: it only runs out when the worker is dead
# How long to wait after the first, second, … attempt. After the last one the message is given up.
RETRIES = [timedelta(seconds=15), *(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))]
GAVE_UP = gettext_noop("Given up after too many attempts.")
CHANGED = ["state", "attempts", "next_try_at", "sent_at", "provider", "provider_id", "error"]


@dataclass(frozen=True, slots=True)
class _Claim:
    message: OutgoingMessage
    lease: datetime
    before: str  # the state it had: anything but "queued" means that an earlier attempt may have gone out


def dispatch(*, seconds: float = 25.0) -> int:
    """Send what is due until nothing is left or `seconds` have passed; returns how many messages were handled.

    Raises RuntimeError inside a transaction: nothing may be sent that could still be rolled back.
    """
    until, handled = time.monotonic() + seconds, 0
    with adapters.opened() as ways:
        while True:
            claims, done = _claim(ways)
            for index, claim in enumerate(claims):
                if time.monotonic() > until:
                    _give_back(claims[index:])
                    return handled + done
                way = ways[claim.message.channel]
                _record(claim, way, _carry(claim, way))
                handled += 1
            handled += done
            if len(claims) + done < BATCH or time.monotonic() > until:
                return handled


@transaction.atomic(durable=True)
def _claim(ways: dict[str, Adapter]) -> tuple[list[_Claim], int]:
    """Lease a batch of due messages; those that stay in the house are finished at once, counted in the second value."""
    now = clock.now()
    due = OutgoingMessage.objects.filter(next_try_at__lte=now).order_by("next_try_at", "id")
    claims, kept, told = [], [], []
    for message in locks.claim(due, BATCH):
        way = ways[message.channel]
        message.attempts += 1
        if way.leaves_house:
            claims.append(_Claim(message, now + LEASE, message.state))
            message.state, message.next_try_at = MessageState.SENDING, now + LEASE
        else:
            told += _settle(message, way, way.send(message))
            kept.append(message)
    OutgoingMessage.objects.bulk_update([*kept, *(claim.message for claim in claims)], CHANGED)
    events.record_many(told)
    return claims, len(kept)


def _carry(claim: _Claim, way: Adapter) -> Outcome:
    try:
        if claim.before != MessageState.QUEUED:
            known = way.query(claim.message)
            if known.result is not Result.NOT_SENT:
                return known
        return way.send(claim.message)
    except Exception as error:  # an adapter's mistake: nobody knows how far it came
        log.exception("adapter %s failed on message %s", way.name, claim.message.pk)
        return Outcome(Result.UNKNOWN, error=type(error).__name__)


@transaction.atomic(durable=True)
def _record(claim: _Claim, way: Adapter, outcome: Outcome) -> None:
    message = locks.row(OutgoingMessage, claim.message.pk)
    if message.state != MessageState.SENDING or message.next_try_at != claim.lease:
        log.warning("message %s: the lease ran out while it was being sent; its new holder decides", message.pk)
        return
    told = _settle(message, way, outcome)
    message.save(update_fields=CHANGED)
    events.record_many(told)


@transaction.atomic(durable=True)
def _give_back(claims: list[_Claim]) -> None:
    """Out of time: leave what was not started as it was found."""
    for claim in claims:
        message = locks.row(OutgoingMessage, claim.message.pk)
        if message.state == MessageState.SENDING and message.next_try_at == claim.lease:
            message.state = claim.before if claim.before != MessageState.SENDING else MessageState.UNKNOWN
            message.attempts -= 1
            message.next_try_at = clock.now()
            message.save(update_fields=CHANGED)


def _settle(message: OutgoingMessage, way: Adapter, outcome: Outcome) -> list[events.NewEvent]:
    """Set the fields that an outcome decides; returns the event to record, if it is one."""
    message.provider = way.name
    message.provider_id = outcome.provider_id or message.provider_id
    message.error = without_address(outcome.error, message)
    message.next_try_at = None
    if outcome.result is Result.SENT:
        message.state, message.sent_at = MessageState.SENT, clock.now()
        return [events.NewEvent(MESSAGE_SENT, about(message), ACTOR, {**facts(message), "provider": way.name})]
    unknown = outcome.result is Result.UNKNOWN
    if outcome.result is Result.REFUSED:
        message.state = MessageState.FAILED
        return [failed_event(message, "refused")]
    if message.attempts > len(RETRIES):
        message.state = MessageState.UNKNOWN if unknown else MessageState.FAILED
        message.error = message.error or GAVE_UP
        return [failed_event(message, "unconfirmed" if unknown else "gave_up")]
    message.state = MessageState.UNKNOWN if unknown else MessageState.QUEUED
    message.next_try_at = clock.now() + RETRIES[message.attempts - 1]
    return []


def without_address(error: str, message: OutgoingMessage) -> str:
    """Servers repeat the address in their replies; the error column is in clear, so it gets the mask."""
    text = "".join(c for c in error if c.isprintable())
    if message.recipient:
        text = re.sub(re.escape(message.recipient), message.recipient_masked, text, flags=re.IGNORECASE)
    return text[:500]
