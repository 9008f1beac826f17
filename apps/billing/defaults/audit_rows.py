"""Shipped retention classes, audit layers and questions, thresholds of red flags (ARC-04, ARC-05, ARC-06, LAW-04)."""

from datetime import date
from decimal import Decimal
from typing import Any

from apps.billing.audit_states import CaseKind, CountsFrom, FlagKind, RecordKind

ARCHIVE_LAW = date(2016, 1, 1)  # 会计档案管理办法（财政部、国家档案局令第79号）
YEAR = 12


def retention_classes() -> list[dict[str, Any]]:
    rows = [
        ("voucher", "会计凭证", RecordKind.VOUCHER, 30 * YEAR, CountsFrom.FISCAL_YEAR, "《会计档案管理办法》附表一", ARCHIVE_LAW),
        (
            "statement", "银行及支付机构对账单", RecordKind.STATEMENT, 10 * YEAR, CountsFrom.FISCAL_YEAR,
            "《会计档案管理办法》附表一", ARCHIVE_LAW,
        ),
        (
            "complaint", "投诉处理记录", RecordKind.COMPLAINT, 3 * YEAR, CountsFrom.END,
            "《电子商务法》第三十一条；GB/T 19012", date(2019, 1, 1),
        ),
        ("transaction", "交易记录", RecordKind.TRANSACTION, 3 * YEAR, CountsFrom.END, "《电子商务法》第三十一条", date(2019, 1, 1)),
        (
            "person", "客户个人信息", RecordKind.PERSON, 2 * YEAR, CountsFrom.END,
            "《个人信息保护法》第十九条：实现处理目的所必要的最短时间", date(2021, 11, 1),
        ),
    ]  # fmt: skip
    names = ("code", "name", "covers", "months", "counts_from", "basis", "effective_from")
    return [dict(zip(names, row, strict=True)) for row in rows]


def strata() -> list[dict[str, Any]]:
    """By amount and act; a small case is drawn rarely, a large one nearly always."""
    bands = [("0–1000元", 0, 1000, 10), ("1000–5000元", 1000, 5000, 15), ("5000元以上", 5000, None, 20)]
    kinds = [("作废", CaseKind.VOID, "void"), ("红冲", CaseKind.VOID, "red"), ("退款与补偿", CaseKind.REFUND, "")]
    rows = [
        {
            "name": f"{name} {band}", "cases": kind, "act": act, "above": Decimal(above),
            "up_to": None if up_to is None else Decimal(up_to), "size": size,
        }
        for name, kind, act in kinds
        for band, above, up_to, size in bands
    ]  # fmt: skip
    rows.append(
        {"name": "尚未判定的缴销申请", "cases": CaseKind.VOID, "act": "", "above": Decimal(0), "up_to": None, "size": 5}
    )
    return [{**row, "position": position * 10} for position, row in enumerate(rows, start=1)]


def checkpoints() -> list[dict[str, Any]]:
    texts = [
        ("申请理由属实，附件与工单、订单一致", ""),
        ("申请人、审批人、执行人分离，权限与金额相符", ""),
        ("同一客户同一发票的拆分申请已合并计额", ""),
        ("作废或红冲的判定与当时规则一致，事实有来源", CaseKind.VOID),
        ("核实清单逐项有来源，税务凭证与红字发票号一致", CaseKind.VOID),
        ("退款账户与付款人一致，或有另行审批", CaseKind.REFUND),
        ("支付机构回执、对账单与退款金额一致", CaseKind.REFUND),
        ("入账期间正确，跨月事项有说明", ""),
        ("证据包完整，离线核验通过", ""),
    ]
    return [
        {"position": position * 10, "text": text, "cases": cases}
        for position, (text, cases) in enumerate(texts, start=1)
    ]


def red_flag_rules() -> list[dict[str, Any]]:
    return [
        {"kind": FlagKind.SPLIT, "days": 30, "count": 2},
        {"kind": FlagKind.PAIR, "days": 90, "count": 10, "percent": 80},
        {"kind": FlagKind.NEW_PAYEE, "days": 30, "count": 1, "amount": Decimal("500.00")},
        {"kind": FlagKind.ONE_PAYEE, "days": 90, "count": 3},
        {"kind": FlagKind.AFTER_CLOSE, "days": 90, "count": 3, "amount": Decimal("1000.00")},
        {"kind": FlagKind.QUICK, "days": 30, "count": 1, "seconds": 10},
        {"kind": FlagKind.NIGHT, "days": 30, "count": 1, "from_hour": 23, "to_hour": 6},
    ]
