"""Reads over customers, their orders and what they bought."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, Sum

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.crm import events
from apps.crm.contacts import FIELD_LABELS, PERSONAL_FIELDS, normalise_email, normalise_phone
from apps.crm.models import Customer, Order, OrderLine
from apps.crm.models.customer import CustomerQuerySet
from apps.crm.models.order import OrderQuerySet
from apps.crm.states import OrderState
from apps.journal.models import Event

LATEST = 20


@dataclass(frozen=True, slots=True)
class Customer360:
    """A customer as staff see them before they answer (INT-12). The encrypted columns of `customer` are not loaded.

    `orders` are the latest 20 with lines and products; `orders_count` and `spent` (yuan, without cancelled and returned
    orders) cover all; `purchases` are the latest 20 lines. Rooms above add tickets, invoices and refunds.
    """

    customer: Customer
    orders: list[Order]
    orders_count: int
    spent: Decimal
    purchases: list[OrderLine]


def customer_360(customer_id: UUID, actor: Actor) -> Customer360:
    """Everything known here about one customer. Raises DomainError `core.not_found` for who may not see customers."""
    customer = masked(actor).filter(pk=customer_id).first()
    if customer is None:
        raise DomainError("core.not_found")
    orders = customer.orders.prefetch_related("lines__product").order_by("-ordered_at", "-id")
    gone = (OrderState.CANCELLED, OrderState.RETURNED)
    kept = customer.orders.exclude(state__in=gone).aggregate(spent=Sum("total"))
    lines = OrderLine.objects.filter(order__customer=customer).select_related("product", "order")
    return Customer360(
        customer=customer,
        orders=list(orders[:LATEST]),
        orders_count=customer.orders.aggregate(n=Count("pk"))["n"],
        spent=kept["spent"] or Decimal("0.00"),
        purchases=list(lines.exclude(order__state__in=gone).order_by("-order__ordered_at", "id")[:LATEST]),
    )


def masked(actor: Actor) -> CustomerQuerySet:
    """The customers this actor may know of, without decrypting anything: for lists and cards."""
    return Customer.objects.visible_to(actor).defer(*PERSONAL_FIELDS, "note")


def find_customer(text: str, actor: Actor) -> Customer | None:
    """Who calls: the customer with exactly this phone, e-mail, customer number or order number (INT-12)."""
    condition = find_exact(text)
    if condition is None:
        return None
    known = masked(actor).filter(restricted_at=None)  # LAW-05: who is restricted is not looked for
    return known.filter(condition).first() or known.filter(orders__number=text.strip()).first()


def find_exact(text: str) -> Q | None:
    """A filter for the customer with exactly this phone, e-mail or customer number; None for an empty text."""
    text = text.strip()
    if not text or "\0" in text:
        return None
    condition = Q(external_id=text)
    for normalised, column in ((normalise_phone, "phone_index"), (normalise_email, "email_index")):
        try:
            if value := normalised(text):
                condition |= Q(**{column: blind_index(value)})
        except DomainError:
            pass  # it isn't a phone number (or an e-mail address): then it is the other, or a customer number
    return condition


def orders(actor: Actor) -> OrderQuerySet:
    """The orders this actor may know of, with their customers masked."""
    encrypted = [f"customer__{name}" for name in (*PERSONAL_FIELDS, "note")]
    return Order.objects.visible_to(actor).select_related("customer").defer(*encrypted)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a clear value; `at` is aware."""

    at: datetime
    who: str
    what: str
    reason: str


def looks(customer: Customer, limit: int = 20) -> list[Look]:
    """Who has looked at this customer's clear values, latest first (INT-06)."""
    rows = Event.objects.filter(subject_id=customer.pk, kind=events.PERSONAL_DATA_REVEALED).select_related("actor")
    return [
        Look(e.at, str(e.actor or e.actor_label), str(FIELD_LABELS.get(e.data["field"], e.data["field"])), e.reason)
        for e in rows.order_by("-id")[:limit]
    ]
