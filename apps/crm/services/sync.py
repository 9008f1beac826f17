"""What the ERP or CRM says of customers, products and orders, as often as it likes (LNK-04).

Rows are found again by the number that the other system gave them. What a report leaves out stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from apps.core import bulk, locks, money
from apps.core.actors import Actor
from apps.core.bulk import Taken
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.crm import events
from apps.crm.contacts import normalise_email, normalise_phone
from apps.crm.models import Customer, Order, OrderLine, Product
from apps.crm.services import customers, returns
from apps.crm.states import OrderState
from apps.journal.events import record


def customer(said: Mapping[str, str], *, actor: Actor) -> Taken[Customer]:
    """Fields of Contact, `external_id` among them. Somebody known by phone or e-mail alone gets the number now.

    Raises DomainError `core.not_allowed`, `core.required`, `crm.external_id_differs`; DomainErrors of the fields.
    """
    if not (actor.can("crm.add_customer") and actor.can("crm.change_customer")):
        raise DomainError("core.not_allowed")
    number = said.get("external_id", "").strip()
    if not number:
        raise DomainError("core.required", field="external_id")
    known = Customer.objects.filter(external_id=number).first() or _without_number(said)
    if known is None:
        return Taken(customers.create({**said, "external_id": number}, actor=actor), bulk.NEW)
    before = {name: getattr(known, name) for name in customers.FIELDS}
    fresh = customers.update(known, {**said, "external_id": number}, actor=actor)
    same = before == {name: getattr(fresh, name) for name in customers.FIELDS}
    return Taken(fresh, bulk.SAME if same else bulk.CHANGED)


def _without_number(said: Mapping[str, str]) -> Customer | None:
    """Who has this phone, else this e-mail. Raises DomainError `crm.external_id_differs` where they have a number."""
    for column, normalise, name in (
        ("phone_index", normalise_phone, "phone"), ("email_index", normalise_email, "email"),
    ):  # fmt: skip
        if value := normalise(said.get(name, "")):
            found = Customer.objects.filter(**{column: blind_index(value)}).first()
            if found is not None and found.external_id:
                raise DomainError("crm.external_id_differs", field=name)
            if found is not None:
                return found
    return None


def product(said: Mapping[str, Any], *, actor: Actor) -> Taken[Product]:
    """`sku` and what changes of name, group, model, active. Raises DomainError `core.not_allowed`, `core.required`."""
    _allowed(actor, "product")
    sku = str(said.get("sku", "")).strip()
    if not sku:
        raise DomainError("core.required", field="sku")
    values = {name: said[name] for name in ("name", "group", "model", "active") if name in said}
    with transaction.atomic():
        known = next(iter(locks.rows(Product.objects.filter(sku=sku))), None)
        if known is None and not str(values.get("name", "")).strip():
            raise DomainError("core.required", field="name")
        row = known or Product(sku=sku)
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        if known is not None and not changed:
            return Taken(row, bulk.SAME)
        for name in changed:
            setattr(row, name, values[name])
        _save(row, "sku")
        data = {"fields": sorted(changed), "new": known is None}
        record(events.PRODUCT_REPORTED, subject=row, actor=actor, data=data)
    return Taken(row, bulk.NEW if known is None else bulk.CHANGED)


@dataclass(frozen=True, slots=True)
class LineReport:
    """One product of an order; amounts in yuan, `amount` what the customer pays for the line."""

    sku: str
    quantity: int
    unit_price: Decimal
    amount: Decimal
    serial_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the sales system has it. Moments are aware; no `lines` leaves those that are known."""

    number: str
    customer: str  # the customer's number
    ordered_at: datetime
    total: Decimal
    state: str = OrderState.PAID
    external_id: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: Sequence[LineReport] = field(default_factory=tuple)


def order(said: OrderReport, *, actor: Actor) -> Taken[Order]:
    """Write an order's present state down; one that came back starts what a return starts (LNK-02).

    Raises DomainError `core.not_allowed`, `crm.no_customer`, `crm.no_product`, `crm.order_of_another`; DomainErrors.
    """
    _allowed(actor, "order")
    _check(said)
    buyer = Customer.objects.only("pk").filter(external_id=said.customer.strip()).first()
    if buyer is None:
        raise DomainError("crm.no_customer", field="customer", number=said.customer)
    lines = _lines(said.lines)
    with transaction.atomic():
        known = next(iter(locks.rows(Order.objects.filter(number=said.number.strip()))), None)
        if known is not None and known.customer_id != buyer.pk:
            raise DomainError("crm.order_of_another", field="customer", number=said.number)
        row = known or Order(number=said.number.strip(), customer=buyer)
        if known is not None and not _differs(row, said, lines):
            return Taken(row, bulk.SAME)
        was = row.state
        for name, value in _columns(row, said).items():
            setattr(row, name, value)
        _save(row, "external_id")
        if lines:
            row.lines.all().delete()
            OrderLine.objects.bulk_create(OrderLine(order=row, **line) for line in lines)
        data = {"state": row.state, "total": row.total, "lines": len(lines), "new": known is None}
        record(events.ORDER_REPORTED, subject=row, actor=actor, data=data)
        if row.state == OrderState.RETURNED and (known is None or was != row.state):
            returns.came_back(row, actor=actor)
    return Taken(row, bulk.NEW if known is None else bulk.CHANGED)


def _check(said: OrderReport) -> None:
    found = []
    if not said.number.strip():
        found.append(DomainError("core.required", field="number"))
    if said.state not in OrderState.values:
        found.append(DomainError("core.invalid_choice", field="state", value=said.state))
    if said.total < 0:
        found.append(DomainError("crm.amount_negative", field="total"))
    earliest = said.ordered_at
    for name in ("shipped_at", "delivered_at"):
        moment = getattr(said, name)
        if moment is not None and moment < earliest:
            found.append(DomainError("crm.moments", field=name))
        earliest = moment or earliest
    for at, line in enumerate(said.lines):
        if line.quantity < 1 or line.unit_price < 0 or line.amount < 0:
            found.append(DomainError("crm.line_figures", field=f"lines/{at}"))
    if found:
        raise DomainErrors(found)


def _lines(said: Sequence[LineReport]) -> list[dict[str, Any]]:
    products = {row.sku: row for row in Product.objects.filter(sku__in=[line.sku for line in said])} if said else {}
    for at, line in enumerate(said):
        if line.sku not in products:
            raise DomainError("crm.no_product", field=f"lines/{at}/sku", sku=line.sku)
    return [
        {
            "product": products[line.sku], "quantity": line.quantity, "unit_price": money.fen(line.unit_price),
            "amount": money.fen(line.amount), "serial_number": line.serial_number.strip(),
        }
        for line in said
    ]  # fmt: skip


def _columns(row: Order, said: OrderReport) -> dict[str, Any]:
    return {
        "ordered_at": said.ordered_at, "total": money.fen(said.total), "state": said.state,
        "external_id": said.external_id.strip() or row.external_id, "shipped_at": said.shipped_at or row.shipped_at,
        "delivered_at": said.delivered_at or row.delivered_at,
    }  # fmt: skip


def _differs(row: Order, said: OrderReport, lines: list[dict[str, Any]]) -> bool:
    if any(getattr(row, name) != value for name, value in _columns(row, said).items()):
        return True
    if not lines:
        return False
    names = ("product_id", "quantity", "unit_price", "amount", "serial_number")
    kept = sorted(tuple(str(value) for value in each) for each in row.lines.values_list(*names))
    given = sorted(
        tuple(str(line["product"].pk if name == "product_id" else line[name]) for name in names) for line in lines
    )
    return kept != given


def _save(row: Product | Order, key: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # another one came first, or has this number
        raise DomainError("crm.number_taken", field=key) from error


def _allowed(actor: Actor, noun: str) -> None:
    if not (actor.can(f"crm.add_{noun}") and actor.can(f"crm.change_{noun}")):
        raise DomainError("core.not_allowed")
