"""Shipped reasons, approval rules and approval limits (VOID-RULES, VOI-02, VOI-13)."""

from datetime import date
from decimal import Decimal
from typing import Any

from apps.accounts.models import ApprovalLimit
from apps.billing.states import Step

PAPER_FROM, DIGITAL_FROM = date(2007, 1, 1), date(2024, 12, 1)
MANAGEMENT_ABOVE = Decimal("5000.00")
TWO_PERSONS_ABOVE = Decimal("20000.00")
TOGETHER_UP_TO = Decimal(
    "200.00"
)  # what finance may sign in one go; as small as what may be refunded before the red letter

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
        {
            "subject": subject, "step": step, "above": above,
            "together_up_to": TOGETHER_UP_TO if step == Step.FINANCE else Decimal(0),
        }
        for subject in (ApprovalLimit.Subject.VOID, ApprovalLimit.Subject.REFUND, ApprovalLimit.Subject.COMPENSATION)
        for step, above in (
            (Step.FINANCE, Decimal(0)),
            (Step.MANAGEMENT, MANAGEMENT_ABOVE),
            (Step.SECOND, TWO_PERSONS_ABOVE),
        )
    ]  # fmt: skip


def refund_gates() -> list[dict[str, Any]]:
    """VOI-13: small sums need not wait for the red invoice; above, it comes first."""
    note = "小额退款可先退后红冲"
    return [
        {"position": 100, "up_to": Decimal("200.00"), "before_red": True, "effective_from": DIGITAL_FROM, "note": note}
    ]


def return_rules() -> list[dict[str, Any]]:
    """LNK-02: the system files what a completed return asks for, up to the amount from which two persons of finance sign;
    persons approve all of it until finance names an amount below which they need not.
    """
    note = "退货完成后系统自动发起缴销与退款，审批仍由人完成"
    return [{"position": 100, "up_to": TWO_PERSONS_ABOVE, "effective_from": DIGITAL_FROM, "note": note}]


def settlement_caps() -> list[dict[str, Any]]:
    """REF-09: a complaint costs at most what was paid; small gestures beyond it don't need management."""
    note = "退款与补偿合计以实付金额为限，超出部分须管理层审批"
    return [{"percent": 100, "tolerance": Decimal("200.00"), "effective_from": DIGITAL_FROM, "note": note}]
