"""Makers for the tests of billing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from apps.accounts.roles import Role
from apps.billing.models import Invoice, Payment, Refund, VoidRequest
from apps.billing.services import balance, invoices, refunds, voids
from apps.billing.services.invoices import InvoiceDraft, LineDraft
from apps.billing.states import InvoiceKind, PayChannel
from apps.core import clock
from apps.core.actors import SYSTEM, Actor
from tests.factories import make_customer, staff_actor

_numbers = count(26_317_000_000_000_000_001)
UNUSED = {"export_refund": False, "use_confirmed": False, "buyer_booked": False}


def line(net: str = "1000.00", quantity: str = "1", rate: str = "0.13", name: str = "空气净化器 KJ-400") -> LineDraft:
    tax = (Decimal(net) * Decimal(rate)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    return LineDraft(name, Decimal(quantity), Decimal(net), Decimal(rate), tax, "台")


def invoice(
    *lines: LineDraft, kind: str = InvoiceKind.DIGITAL_ORDINARY, issued_at: datetime | None = None, **fields: object
) -> Invoice:
    """A blue invoice; a fully digital one that the buyer has not used unless `facts` says otherwise."""
    fields.setdefault("facts", UNUSED if kind.startswith("digital") else {})
    draft = InvoiceDraft(
        number=str(fields.pop("number", next(_numbers))),
        kind=kind,
        issued_at=issued_at or clock.now(),
        buyer_name=str(fields.pop("buyer_name", "上海晴川贸易有限公司")),
        lines=lines or (line(),),
        **fields,  # type: ignore[arg-type]
    )
    return invoices.take_over(draft, actor=SYSTEM)


def finance(role: str = Role.FINANCE_OFFICER) -> Actor:
    return staff_actor(role, "finance")


def void_request(
    of: Invoice | None = None,
    *,
    actor: Actor | None = None,
    reason: str = "01",
    asks: Sequence[balance.Ask] = (),
    **more: object,
) -> VoidRequest:
    """A filed request, waiting for finance; filed by a member of the service staff unless `actor` is given."""
    draft = voids.VoidDraft(of or invoice(), reason, "客户抬头开错", asks, **more)  # type: ignore[arg-type]
    return voids.file(draft, actor=actor or staff_actor(Role.SERVICE_STAFF))


def payment(amount: str = "500.00", channel: str = PayChannel.ALIPAY, **fields: object) -> Payment:
    """Money that a customer paid, a day ago."""
    fields.setdefault("customer", make_customer())
    fields.setdefault("payer_name", "张伟")
    fields.setdefault("paid_at", clock.now() - timedelta(days=1))
    return Payment.objects.create(
        number=f"P{next(_numbers)}", channel=channel, amount=Decimal(amount), **fields,
    )  # fmt: skip


def refund(of: Payment | None = None, *, amount: str = "100.00", actor: Actor | None = None, **more: object) -> Refund:
    """A filed refund, waiting for approval; filed by a member of the service staff unless `actor` is given."""
    draft = refunds.RefundDraft(Decimal(amount), "退货退款", payment=of or payment(), **more)  # type: ignore[arg-type]
    return refunds.file(draft, actor=actor or staff_actor(Role.SERVICE_STAFF))
