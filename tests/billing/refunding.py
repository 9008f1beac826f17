"""Refunds on their way, for the tests of what they go through."""

from decimal import Decimal

from apps.accounts.roles import Role
from apps.billing.models import Refund, RefundAttempt
from apps.billing.services import paying, refunds
from apps.billing.services.paying import PAYER
from apps.billing.services.refunds import Payee
from apps.billing.states import RefundKind
from tests import factories
from tests.billing.providers import sweep_on
from tests.money import finance

CARD = Payee("张伟", "6222021234567890123", "中国工商银行")


def approve(request):
    return refunds.decide(request, actor=finance(), approve=True)


def fresh(request):
    return Refund.objects.get(pk=request.pk)


def pay(request, times=1):
    attempt = paying.begin(request, actor=PAYER)
    sweep_on(times)
    return RefundAttempt.objects.get(pk=attempt.pk)


def at_bank(**fields):
    """An approved transfer that waits for a batch."""
    draft = refunds.RefundDraft(
        Decimal(fields.pop("amount", "88.00")), "补偿", kind=RefundKind.CASH, customer=factories.make_customer(),
        payee=fields.pop("payee", CARD),
    )  # fmt: skip
    return pay(approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))))
