"""The money that waits at the providers: queue, warn, reroute by rule (REF-10)."""

import logging
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.models import ProviderFloat, Refund, RefundAttempt
from apps.billing.services import ladder, refunds
from apps.billing.states import KEEPS_OUR_MONEY, AttemptState, RefundState
from apps.core import clock, locks, money
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import events as journal

logger = logging.getLogger(__name__)

FLOATS = system("floats")
LOOKED_BACK = timedelta(days=7)  # what goes out in a day is the average of so many


def watch() -> None:
    """Ask each provider for its balance, compare it with what is queued, and act by the rule."""
    for channel in KEEPS_OUR_MONEY:
        ProviderFloat.objects.get_or_create(channel=channel)
        try:
            balance = registry.refund_adapter(channel).balance()  # type: ignore[attr-defined]
        except Exception as error:  # not set up, or no answer: the last figure stands, with its age
            logger.info("balance of %s: %s", channel, type(error).__name__)
            continue
        note(channel, balance)
        reroute_waiting(channel)


def note(channel: str, balance: Decimal) -> ProviderFloat:
    """Keep a balance in yuan; crossing the line either way is an event.

    The line is drawn before the money is gone: what waits, and what goes out in a day or `warn_below`, whichever is more.
    """
    with transaction.atomic():
        row = locks.row(ProviderFloat, ProviderFloat.objects.get_or_create(channel=channel)[0].pk)
        row.balance, row.asked_at = balance, clock.now()
        low = balance - row.reserve < queued(channel) + max(row.warn_below, daily(channel))
        crossed = low != (row.low_since is not None)
        if crossed:
            row.low_since = row.asked_at if low else None
        row.save()
        if crossed:
            data = {"channel": channel, "balance": balance, "queued": queued(channel), "daily": daily(channel)}
            journal.record(events.FLOAT_LOW if low else events.FLOAT_WELL, subject=row, actor=FLOATS, data=data)
    return row


def queued(channel: str) -> Decimal:
    """Yuan of approved refunds that are still to be sent on this way."""
    waiting = Refund.objects.filter(state=RefundState.APPROVED, channel=channel)
    return waiting.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def daily(channel: str) -> Decimal:
    """Yuan that go out on this way in a day, on the average of the last week."""
    sent = RefundAttempt.objects.filter(channel=channel, created_at__gt=clock.now() - LOOKED_BACK)
    total = sent.exclude(state=AttemptState.FAILED).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return money.fen(total / LOOKED_BACK.days)


def available(channel: str) -> Decimal | None:
    """Yuan that may be sent now: the last balance less the reserve and what was begun since. None: not known."""
    row = ProviderFloat.objects.filter(channel=channel).first()
    if row is None or row.balance is None or row.asked_at is None:
        return None
    since = RefundAttempt.objects.filter(channel=channel, created_at__gte=row.asked_at).exclude(
        state=AttemptState.FAILED
    )
    return row.balance - row.reserve - (since.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))


def gate(refund: Refund, data: object) -> DomainError | None:
    """Is there enough money at the provider for this one?"""
    if refund.channel not in KEEPS_OUR_MONEY:
        return None
    left = available(refund.channel)
    if left is None or left >= refund.amount:
        return None
    return DomainError("refund.no_float", channel=refund.get_channel_display(), left=f"{left:,.2f}")


def reroute_waiting(channel: str) -> int:
    """Refunds that waited too long for money go to the bank where the payee's account is known; signed anew.

    Those for which there is enough wait for something else, and stay.
    """
    row = ProviderFloat.objects.get(channel=channel)
    if row.reroute_after is None or row.low_since is None:
        return 0
    if clock.now() - row.low_since < timedelta(hours=row.reroute_after):
        return 0
    moved = 0
    waiting = Refund.objects.filter(state=RefundState.APPROVED, channel=channel).exclude(payee_account_index="")
    for refund in waiting.order_by("id"):
        if gate(refund, None) is None:
            continue
        payee = refunds.Payee(refund.payee_name, refund.payee_account, refund.payee_bank)
        try:
            refunds.redirect(refund, payee, actor=FLOATS, reason="余额不足，按规则改走银行", way=ladder.BANK.code)
            moved += 1
        except DomainError as error:
            logger.info("refund %s stays: %s", refund.number, error.code)
    return moved


def change(row: ProviderFloat, *, actor: Actor) -> ProviderFloat:
    """Save the rule's three figures. Raises DomainError `core.not_allowed`."""
    if not actor.can("billing.change_providerfloat"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        row.save(update_fields=["reserve", "warn_below", "reroute_after"])
        data = {
            "channel": row.channel, "reserve": row.reserve, "warn_below": row.warn_below,
            "reroute_after": row.reroute_after,
        }  # fmt: skip
        journal.record(events.FLOAT_RULE_CHANGED, subject=row, actor=actor, data=data)
    return row
