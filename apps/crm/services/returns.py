"""Goods on their way back, as the sales system reports them (LNK-02). A completed return starts voiding and refund above."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm import events
from apps.crm.models import Order, ReturnOrder
from apps.crm.states import OrderState, ReturnState
from apps.journal.events import record

OVER = (ReturnState.COMPLETED, ReturnState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """What the sales system says. Moments are aware; `amount` in yuan, None for the whole order."""

    number: str
    order: Order
    state: str
    amount: Decimal | None = None
    received_at: datetime | None = None
    completed_at: datetime | None = None
    external_id: str = ""


def report(said: ReturnReport, *, actor: Actor) -> ReturnOrder:
    """Write down the return's present state. Said twice, it changes nothing; what is over stays over.

    Raises DomainError `core.not_allowed` (needs `crm.change_order`), `crm.return_number_missing`,
    `crm.return_of_another_order`, `crm.return_over`, `crm.return_amount`, `core.invalid_choice`.
    """
    if not actor.can("crm.change_order"):
        raise DomainError("core.not_allowed")
    _check(said)
    with transaction.atomic():
        locks.row(Order, said.order.pk)  # two reports of one return take turns
        row = ReturnOrder.objects.filter(number=said.number.strip()).first() or ReturnOrder(order=said.order)
        if row.order_id != said.order.pk:
            raise DomainError("crm.return_of_another_order", number=said.number)
        if row.state == said.state and not row._state.adding and row.amount == said.amount:
            return row
        if row.state in OVER:
            raise DomainError("crm.return_over", number=row.number, state=row.get_state_display())
        return _write(row, said, actor)


def _check(said: ReturnReport) -> None:
    if not said.number.strip():
        raise DomainError("crm.return_number_missing", field="number")
    if said.state not in ReturnState.values:
        raise DomainError("core.invalid_choice", field="state", value=said.state)
    if said.amount is not None and not 0 < said.amount <= said.order.total:
        raise DomainError("crm.return_amount", field="amount", total=f"{said.order.total:,.2f}")


def _write(row: ReturnOrder, said: ReturnReport, actor: Actor) -> ReturnOrder:
    now = clock.now()
    row.number, row.external_id = said.number.strip(), said.external_id.strip() or row.external_id
    row.state, row.amount = said.state, said.amount
    row.received_at = said.received_at or row.received_at
    if said.state == ReturnState.COMPLETED:
        row.completed_at = said.completed_at or now
        row.received_at = row.received_at or row.completed_at
    row.save()
    over = said.state == ReturnState.COMPLETED
    data = {"order": row.order.number, "state": row.state, "amount": row.amount}
    record(events.RETURN_COMPLETED if over else events.RETURN_REPORTED, subject=row, actor=actor, data=data)
    return row


def came_back(order: Order, *, actor: Actor) -> ReturnOrder | None:
    """The sales system calls the whole order returned. None where its goods came back by returns of their own before.

    Call it in the transaction that sets the order's state. Raises as `report`.
    """
    if order.state != OrderState.RETURNED or order.returns.filter(state=ReturnState.COMPLETED).exists():
        return None
    return report(ReturnReport(order.number, order, ReturnState.COMPLETED), actor=actor)
