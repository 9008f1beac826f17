"""Batch files (REF-01). The same rows give the same bytes, so that a digest can be fixed before the file is fetched.

`pain.001.001.09.xsd` is ISO 20022's own schema, unchanged.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import xlsxwriter
from lxml import etree

from apps.billing.states import Layout
from apps.core import clock

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_RISKY = "=+-@\t\r＝＋－＠"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One row; `amount` in yuan. Account and name in the clear."""

    number: str
    name: str
    account: str
    bank: str
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class Debtor:
    name: str
    account: str
    bank: str  # BIC or CNAPS number


# The columns of each bank's sheet for batch payments.
SHEETS: dict[str, tuple[tuple[str, str], ...]] = {
    Layout.GENERIC: (
        ("序号", "position"), ("商户流水号", "number"), ("收款人姓名", "name"), ("收款账号", "account"),
        ("开户行", "bank"), ("金额（元）", "amount"), ("用途", "words"),
    ),
    Layout.ICBC: (
        ("币种", "currency"), ("日期", "day"), ("明细标志", "mark"), ("顺序号", "position"), ("付款账号", "debtor"),
        ("收款账号开户行", "bank"), ("收款账号", "account"), ("收款账号名称", "name"), ("金额", "amount"),
        ("用途", "words"), ("备注信息", "number"),
    ),
    Layout.CMB: (
        ("收款方编号", "position"), ("收款账号", "account"), ("收款户名", "name"), ("收方开户行", "bank"),
        ("金额", "amount"), ("汇款用途", "words"), ("业务参考号", "number"),
    ),
}  # fmt: skip


def sheet(layout: str, rows: Sequence[Transfer], debtor: Debtor, at: datetime) -> bytes:
    """A bank's sheet, of the day in Shanghai of `at` (aware). Account numbers are text; a text that looks like a formula stays one."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": at.replace(tzinfo=None)})
    page, money = book.add_worksheet("批量付款"), book.add_format({"num_format": "0.00"})
    columns = SHEETS[layout]
    page.write_row(0, 0, [title for title, _ in columns])
    for position, row in enumerate(rows, start=1):
        fixed = {
            "position": str(position), "currency": "RMB", "day": f"{clock.local(at):%Y%m%d}", "mark": "0",
            "debtor": debtor.account, "number": row.number, "name": row.name, "account": row.account, "bank": row.bank,
            "words": row.words,
        }  # fmt: skip
        for column, (_title, name) in enumerate(columns):
            if name == "amount":
                page.write_number(position, column, float(row.amount), money)
            else:
                page.write_string(position, column, _text(fixed[name]))
    book.close()
    return out.getvalue()


def _text(value: str) -> str:
    return f"'{value}" if value[:1] and value[0] in _RISKY else value


def pain001(batch_number: str, rows: Sequence[Transfer], debtor: Debtor, at: datetime) -> bytes:
    """ISO 20022 pain.001.001.09 in CNY, to be paid on the day in Shanghai of `at` (aware).

    Raises ValueError when it isn't valid against the schema.
    """
    total = sum((row.amount for row in rows), Decimal(0))
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})
    start = _sub(root, "CstmrCdtTrfInitn")
    header = _sub(start, "GrpHdr")
    _sub(header, "MsgId", batch_number)
    _sub(header, "CreDtTm", at.isoformat(timespec="seconds"))
    _sub(header, "NbOfTxs", str(len(rows)))
    _sub(header, "CtrlSum", f"{total:.2f}")
    _sub(_sub(header, "InitgPty"), "Nm", debtor.name[:140])
    info = _sub(start, "PmtInf")
    _sub(info, "PmtInfId", batch_number)
    _sub(info, "PmtMtd", "TRF")
    _sub(info, "NbOfTxs", str(len(rows)))
    _sub(info, "CtrlSum", f"{total:.2f}")
    _sub(_sub(info, "ReqdExctnDt"), "Dt", clock.local(at).date().isoformat())
    _sub(_sub(info, "Dbtr"), "Nm", debtor.name[:140])
    _account(info, "DbtrAcct", debtor.account)
    _agent(info, "DbtrAgt", debtor.bank)
    for row in rows:
        _transfer(info, row)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    problems = invalid(content)
    if problems:
        raise ValueError("; ".join(problems))
    return bytes(content)


def _transfer(info: etree._Element, row: Transfer) -> None:
    one = _sub(info, "CdtTrfTxInf")
    ids = _sub(one, "PmtId")
    _sub(ids, "InstrId", row.number)
    _sub(ids, "EndToEndId", row.number)
    amount = _sub(_sub(one, "Amt"), "InstdAmt", f"{row.amount:.2f}")
    amount.set("Ccy", "CNY")
    agent = _sub(_sub(one, "CdtrAgt"), "FinInstnId")
    _sub(agent, "Nm", (row.bank or "-")[:140])
    _sub(_sub(one, "Cdtr"), "Nm", row.name[:140])
    _account(one, "CdtrAcct", row.account)
    _sub(_sub(one, "RmtInf"), "Ustrd", row.words[:140])


def _sub(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


def _account(parent: etree._Element, name: str, account: str) -> None:
    _sub(_sub(_sub(_sub(parent, name), "Id"), "Othr"), "Id", account)


def _agent(parent: etree._Element, name: str, bank: str) -> None:
    """China's banks go by their CNAPS number, 12 digits; others by BIC."""
    institution = _sub(_sub(parent, name), "FinInstnId")
    if bank.isdigit():
        member = _sub(institution, "ClrSysMmbId")
        _sub(_sub(member, "ClrSysId"), "Cd", "CNAPS")
        _sub(member, "MmbId", bank)
    else:
        _sub(institution, "BICFI", bank)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(Path(__file__).parent / "pain.001.001.09.xsd")))


def invalid(content: bytes) -> list[str]:
    """What the schema says against a file; nothing when it is valid."""
    schema = _schema()
    schema.validate(etree.fromstring(content))
    return [f"line {error.line}: {error.message}" for error in schema.error_log]
