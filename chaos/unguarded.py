"""The control: a worker that, after an accident, sends again under a fresh number instead of asking. It must be caught."""

import secrets
from dataclasses import replace

from apps.billing.adapters import registry
from apps.billing.services import outbound, paying
from feedback_system.celery import app as app


def _again(line: object, call: object) -> object:
    order = paying.order_of(call)  # type: ignore[arg-type]
    fresh = replace(order, number=f"{order.number}{secrets.token_hex(3)}")
    return registry.refund_adapter(call.channel).send(fresh)  # type: ignore[attr-defined]


outbound._ask = _again  # type: ignore[assignment]
