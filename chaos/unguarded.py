"""The control: a worker that, after an accident, sends again under a fresh number instead of asking. It must be caught."""

import secrets
from dataclasses import replace

import django

django.setup()  # the worker imports this before Celery does so

from apps.billing.adapters import registry  # noqa: E402
from apps.billing.models import RefundAttempt  # noqa: E402
from apps.billing.services import outbound, paying, tax_operations  # noqa: E402
from feedback_system.celery import app as app  # noqa: E402


def _again(line: object, call: object) -> object:
    more = secrets.token_hex(3)
    if isinstance(call, RefundAttempt):
        refund = paying.order_of(call)
        return registry.refund_adapter(call.channel).send(replace(refund, number=f"{refund.number}{more}"))
    order = tax_operations.order_of(call)  # type: ignore[arg-type]
    return registry.tax_adapter(call.adapter).send(replace(order, key=f"{order.key}{more}"))  # type: ignore[attr-defined]


outbound._ask = _again  # type: ignore[assignment]
