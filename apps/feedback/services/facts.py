"""What a ticket is about, completed or corrected by staff: product, numbers, dates, place (INT-03, HND-11)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.models import Order, Product
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.services import words
from apps.journal import events as journal

LINES = {
    "product_text": 120, "serial_number": 60, "order_number": 60, "invoice_number": 60, "place": 120, "region": 60,
}  # fmt: skip
DATES = ("ship_date", "occurred_on")
FIELDS = (*LINES, *DATES, "defect_quantity")
MOST = 1_000_000


def correct(ticket: Ticket, changes: Mapping[str, Any], *, actor: Actor, reason: str = "") -> Ticket:
    """Set these of FIELDS; dates are calendar dates in Shanghai. The event names the fields, not their values.

    A product is found by its article number and an order by its number, if it is this customer's; the typed words stay
    in any case. Raises DomainError `core.not_allowed`; DomainErrors beside the fields: `core.unknown_field`,
    `core.too_long`, `core.control_characters`, `core.invalid`, `ticket.date_in_future`, `ticket.date_too_old`.
    """
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    values = _checked(changes)
    reason = words.checked(reason, "reason")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        changed = sorted(name for name, value in values.items() if getattr(fresh, name) != value)
        if not changed:
            return fresh
        for name in changed:
            setattr(fresh, name, values[name])
        if "product_text" in changed:
            fresh.product = Product.objects.filter(sku=fresh.product_text).first() if fresh.product_text else None
        if "order_number" in changed:
            own = Order.objects.filter(number=fresh.order_number, customer_id=fresh.customer_id)
            fresh.order = own.first() if fresh.order_number else None
        fresh.version += 1
        fresh.save()
        journal.record(events.FACTS_CORRECTED, subject=fresh, actor=actor, reason=reason, data={"fields": changed})
        return fresh


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, value in changes.items():
        found = _errors(name, value)
        errors += found
        if not found:
            values[name] = words.line(value) if name in LINES else value
    if errors:
        raise DomainErrors(errors)
    return values


def _errors(name: str, value: Any) -> list[DomainError]:
    if name in LINES and isinstance(value, str):
        return words.text_errors(value, name, limit=LINES[name])
    if name in DATES and (value is None or isinstance(value, date)):
        return words.date_errors(value, name)
    if name == "defect_quantity" and (value is None or (type(value) is int and 0 <= value <= MOST)):
        return []
    return [DomainError("core.invalid" if name in FIELDS else "core.unknown_field", field=name)]
