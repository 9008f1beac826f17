"""Shipped reasons, approval rules and approval limits (VOID-RULES, VOI-02, VOI-13)."""

from datetime import date
from decimal import Decimal
from typing import Any

from apps.accounts.models import ApprovalLimit
from apps.billing.states import Step

PAPER_FROM, DIGITAL_FROM = date(2007, 1, 1), date(2024, 12, 1)
MANAGEMENT_ABOVE = Decimal("5000.00")
TWO_PERSONS_ABOVE = Decimal("20000.00")

# code, name, partial, quantity may change, amount may change, goods must come back
_PAPER = [
    ("01", "开票有误", False, False, False, False),
    ("02", "销货退回", True, True, True, True),
    ("03", "服务中止", True, True, True, False),
    ("04", "销售折让", True, False, True, False),
]
# 数电票: 01 only in full, 02 only the quantity, 03 quantity or amount, 04 only amount or rate
_DIGITAL = [
    ("01", "开票有误", False, False, False, False),
    ("02", "销货退回", True, True, False, True),
    ("03", "服务中止", True, True, True, False),
    ("04", "销售折让", True, False, True, False),
]


def reasons() -> list[dict[str, Any]]:
    names = ("code", "name", "partial", "quantity", "amount", "goods_return")
    rows = [(False, PAPER_FROM, row) for row in _PAPER] + [(True, DIGITAL_FROM, row) for row in _DIGITAL]
    return [
        {**dict(zip(names, row, strict=True)), "digital": digital, "effective_from": since}
        for digital, since, row in rows
    ]


def approval_rules() -> list[dict[str, Any]]:
    """Finance always signs; management above 5,000 yuan, a second finance person above 20,000 (VOI-02)."""
    return [
        {"subject": subject, "step": step, "above": above}
        for subject in (ApprovalLimit.Subject.VOID, ApprovalLimit.Subject.REFUND, ApprovalLimit.Subject.COMPENSATION)
        for step, above in (
            (Step.FINANCE, Decimal(0)),
            (Step.MANAGEMENT, MANAGEMENT_ABOVE),
            (Step.SECOND, TWO_PERSONS_ABOVE),
        )
    ]


def refund_gates() -> list[dict[str, Any]]:
    """VOI-13: small sums need not wait for the red invoice; above, it comes first."""
    note = "小额退款可先退后红冲"
    return [
        {"position": 100, "up_to": Decimal("200.00"), "before_red": True, "effective_from": DIGITAL_FROM, "note": note}
    ]
