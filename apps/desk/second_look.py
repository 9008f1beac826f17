"""Which of the desk's acts about money are looked at twice (ADM-03); `accounts.second_look` asks."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from apps.accounts.second_look import Act, due, needs_second_factor, stop
from apps.billing.models import Refund, VoidRequest
from apps.billing.services import approvals

__all__ = ["Act", "before_act", "before_decision", "due", "needs_second_factor", "stop"]

# By the names of the acts on the pages of void requests and refunds.
ACTS = {
    "approve": Act.APPROVE, "execute": Act.EXECUTE, "pay": Act.PAY, "reroute": Act.PAY, "redirect": Act.PAY,
    "except": Act.PAY, "tax_record": Act.HAND, "tax_confirm": Act.HAND, "hand_record": Act.HAND, "hand_confirm": Act.HAND,
}  # fmt: skip
# By the sources of the approval inbox; only saying yes moves money.
SOURCES = {
    "void": Act.APPROVE, "refund": Act.APPROVE, "compensation": Act.APPROVE, "cancellation": Act.APPROVE,
    "batch": Act.BATCH, "tax": Act.HAND, "hand": Act.HAND,
}  # fmt: skip


def before_act(request: HttpRequest, name: str, case: Any) -> HttpResponse | None:
    """The page that asks before this act, or None where it may go on."""
    return stop(request, ACTS[name], _amount(ACTS[name], case)) if name in ACTS else None


def before_decision(
    request: HttpRequest, source: str, verb: str, subject: Any, shown: Decimal | None
) -> HttpResponse | None:
    """The same for a decision in the inbox; `shown` is the amount in its row."""
    act = SOURCES.get(source) if verb == "approve" else None
    return None if act is None else stop(request, act, _amount(act, subject, shown))


def _amount(act: Act, case: Any, shown: Decimal | None = None) -> Decimal | None:
    """Splits of one customer count together where it is about signing, as everywhere."""
    if act == Act.APPROVE and isinstance(case, VoidRequest | Refund):
        return approvals.counted_amount(case)
    return shown if shown is not None else getattr(case, "amount", None)
