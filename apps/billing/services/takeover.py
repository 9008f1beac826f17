"""Invoices and payments as the ERP has them, as often as it tells (LNK-04). Neither is ever edited afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from apps.billing import events
from apps.billing.models import Invoice, Payment
from apps.billing.services import invoices
from apps.billing.services.invoices import InvoiceDraft
from apps.billing.states import PayChannel, Source
from apps.core import bulk, locks, masking, money
from apps.core.actors import Actor
from apps.core.bulk import Taken
from apps.core.errors import DomainError
from apps.crm.models import Customer, Order
from apps.journal import events as journal


def invoice(draft: InvoiceDraft, *, actor: Actor) -> Taken[Invoice]:
    """A new invoice; or the known one, to which only facts are added that are told otherwise than before.

    Found again by code and number; `external_id` must not lead to another one. Raises the errors of `invoices.take_over`
    and DomainError `invoice.external_id_taken`.
    """
    if draft.external_id:
        other = Invoice.objects.filter(external_id=draft.external_id).only("code", "number").first()
        if other is not None and (other.code, other.number) != (draft.code, draft.number):
            raise DomainError("invoice.external_id_taken", field="external_id", number=str(other))
    row, new = invoices.add_or_find(draft, actor=actor)
    if new:
        return Taken(row, bulk.NEW)
    return Taken(row, bulk.CHANGED if facts(row, draft.facts, actor=actor) else bulk.SAME)


def facts(row: Invoice, said: Mapping[str, bool], *, actor: Actor, source: str = Source.BOOKS) -> int:
    """Note what is told otherwise than it was known; returns how many facts are new. Errors as `invoices.record_fact`."""
    heard = invoices.known_facts(row) if said else {}
    news = {name: holds for name, holds in said.items() if name not in heard or heard[name].holds != holds}
    for name, holds in news.items():
        invoices.record_fact(row, name, holds, source=source, actor=actor)
    return len(news)


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """Money that came in; `amount` in yuan, `paid_at` aware. The payer's name is kept encrypted."""

    number: str
    channel: str
    customer: Customer
    amount: Decimal
    paid_at: datetime
    provider_number: str = ""
    order: Order | None = None
    payer_name: str = ""


def payment(draft: PaymentDraft, *, actor: Actor) -> Taken[Payment]:
    """Add a payment, or fill in what was not known of it. Money that was told otherwise before is refused.

    Raises DomainError `core.not_allowed`, `core.required`, `core.invalid_choice`, `payment.amount`, `payment.changed`.
    """
    if not actor.can("billing.add_payment"):
        raise DomainError("core.not_allowed")
    _check(draft)
    with transaction.atomic():
        known = next(iter(locks.rows(Payment.objects.filter(number=draft.number.strip()))), None)
        if known is not None:
            return _complete(known, draft)
        row = Payment(
            number=draft.number.strip(), provider_number=draft.provider_number.strip(), channel=draft.channel,
            order=draft.order, customer=draft.customer, amount=money.fen(draft.amount), paid_at=draft.paid_at,
            payer_name=draft.payer_name.strip(), payer_name_masked=masking.name(draft.payer_name.strip()),
        )  # fmt: skip
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # another report of it came first
            return _complete(locks.rows(Payment.objects.filter(number=row.number))[0], draft)
        data = {"number": row.number, "channel": row.channel, "amount": row.amount}
        journal.record(events.PAYMENT_IMPORTED, subject=row, actor=actor, data=data)
    return Taken(row, bulk.NEW)


def _check(draft: PaymentDraft) -> None:
    if not draft.number.strip():
        raise DomainError("core.required", field="number")
    if draft.channel not in PayChannel.values:
        raise DomainError("core.invalid_choice", field="channel", value=draft.channel)
    if money.fen(draft.amount) <= 0:
        raise DomainError("payment.amount", field="amount")
    if draft.order is not None and draft.order.customer_id != draft.customer.pk:
        raise DomainError("payment.order_of_another", field="order", number=draft.order.number)


def _complete(known: Payment, draft: PaymentDraft) -> Taken[Payment]:
    told = (draft.channel, draft.customer.pk, money.fen(draft.amount))
    if (known.channel, known.customer_id, known.amount) != told:
        raise DomainError("payment.changed", field="number", number=known.number)
    news = []
    if draft.provider_number.strip() and not known.provider_number:
        known.provider_number = draft.provider_number.strip()
        news.append("provider_number")
    if draft.order is not None and known.order_id is None:
        known.order = draft.order
        news.append("order")
    if draft.payer_name.strip() and not known.payer_name_masked:
        known.payer_name, known.payer_name_masked = draft.payer_name.strip(), masking.name(draft.payer_name.strip())
        news += ["payer_name", "payer_name_masked"]
    if not news:
        return Taken(known, bulk.SAME)
    known.save(update_fields=news)
    return Taken(known, bulk.CHANGED)
