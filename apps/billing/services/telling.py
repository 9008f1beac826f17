"""What a person tells the customer of a decision; what happens by itself is told by `refund_receivers` (LNK-03)."""

from django.db import transaction

from apps.billing import events
from apps.billing.models import Refund
from apps.billing.services import refunds
from apps.billing.states import RefundState
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import announcements, words
from apps.journal import events as journal
from apps.journal.models import Event


def tell_refused(refund: Refund, text: str, *, actor: Actor) -> None:
    """Say to the customer, in their language and by the way of the ticket, why their refund is not paid; once.

    `text` is what they read; the reason of the rejection stays in the house. Raises DomainError `core.not_allowed`,
    `money.not_refused`, `money.refusal_told`, and those of the words.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    said = words.checked(text, "text", required="core.required")
    with transaction.atomic():
        fresh = refunds.locked(refund)
        if fresh.state != RefundState.REJECTED or fresh.ticket_id is None:
            raise DomainError("money.not_refused")
        if was_told(fresh):
            raise DomainError("money.refusal_told")
        data = {"text": journal.digest(said, of=fresh)}
        event = journal.record(events.REFUSAL_TOLD, subject=fresh, actor=actor, data=data)
        ticket = Ticket.objects.select_related("customer").get(pk=fresh.ticket_id)
        facts = {"refund": fresh.number, "amount": f"{fresh.amount:,.2f}", "reason": said}
        announcements.to_customer(ticket, "refund_refused", event, **facts)


def was_told(refund: Refund) -> bool:
    return Event.objects.filter(subject_id=refund.pk, kind=events.REFUSAL_TOLD).exists()
