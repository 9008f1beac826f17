"""What the bank answers: a pain.002 (any version) or a sheet; row by row (REF-01)."""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from lxml import etree

from apps.core import money, sheets
from apps.core.errors import DomainError

ACCEPTED = frozenset({"ACSC", "ACCC"})  # booked; ACTC, ACCP, ACSP, PDNG are on their way
REJECTED = frozenset({"RJCT", "CANC"})
WAITS = frozenset({"ACTC", "ACCP", "ACSP", "ACWC", "PDNG", "RCVD"})
_YES = frozenset({"成功", "已入账", "交易成功", "success", "succeeded", "acsc", "accc"})
_NO = frozenset({"失败", "退票", "交易失败", "拒绝", "failed", "rejected", "rjct"})
_WAIT = frozenset({"处理中", "待处理", "processing", "pdng", "acsp"})
_NUMBER = ("商户流水号", "业务参考号", "备注信息", "EndToEndId", "number")
_STATE = ("状态", "处理结果", "交易状态", "state")
_WHY = ("原因", "失败原因", "附言", "reason")
_AMOUNT = ("金额（元）", "金额", "amount")
_REFERENCE = ("银行流水号", "reference")


class Unreadable(Exception):
    """Not a result file; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """`verdict` is yes, no, wait or the word that nobody understands; `amount` None where the file has none."""

    line: int
    number: str
    verdict: str
    word: str
    why: str = ""
    reference: str = ""
    amount: Decimal | None = None


def read(name: str, content: bytes) -> list[Row]:
    """Raises Unreadable."""
    if content.lstrip()[:1] == b"<" or (content[:3] == b"\xef\xbb\xbf" and b"<Document" in content[:500]):
        return _pain002(content)
    return _sheet(name, content)


def _pain002(content: bytes) -> list[Row]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content.removeprefix(b"\xef\xbb\xbf"), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(str(error)[:200]) from error
    if "pain.002" not in str(root.tag):
        raise Unreadable(_("it is XML, but no pain.002"))
    rows = []
    for line, item in enumerate(root.iter("{*}TxInfAndSts"), start=1):
        word = item.findtext("{*}TxSts") or ""
        verdict = "yes" if word in ACCEPTED else "no" if word in REJECTED else "wait" if word in WAITS else word
        why = item.findtext(".//{*}Rsn/{*}Cd") or item.findtext(".//{*}Rsn/{*}Prtry") or ""
        amount = item.findtext(".//{*}InstdAmt")
        rows.append(Row(
            line, item.findtext("{*}OrgnlEndToEndId") or "", verdict, word, why,
            item.findtext("{*}AcctSvcrRef") or "", _decimal(amount) if amount else None,
        ))  # fmt: skip
    return rows


def _sheet(name: str, content: bytes) -> list[Row]:
    table = _table(name, content)
    if not table:
        raise Unreadable(_("it is empty"))
    titles = [str(cell).strip() for cell in table[0]]
    number, state = _column(titles, _NUMBER), _column(titles, _STATE)
    if number is None or state is None:
        raise Unreadable(
            _("it needs the columns %(number)s and %(state)s") % {"number": _NUMBER[0], "state": _STATE[0]}
        )
    why, amount, reference = (_column(titles, names) for names in (_WHY, _AMOUNT, _REFERENCE))
    rows = []
    for line, cells in enumerate(table[1:], start=2):
        texts = [str(cell).strip().lstrip("'") for cell in cells] + [""] * len(titles)
        if not any(texts):
            continue
        word = texts[state].lower()
        verdict = "yes" if word in _YES else "no" if word in _NO else "wait" if word in _WAIT else texts[state]
        given = texts[amount] if amount is not None else ""
        rows.append(Row(
            line, texts[number], verdict, texts[state], texts[why] if why is not None else "",
            texts[reference] if reference is not None else "", _decimal(given) if given else None,
        ))  # fmt: skip
    return rows


def _table(name: str, content: bytes) -> list[list[object]]:
    if name.lower().endswith((".xlsx", ".xls")):
        try:
            return sheets.first_sheet(content, from_first_cell=True)
        except DomainError as error:
            raise Unreadable(_("the sheet cannot be opened")) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return [list(row) for row in csv.reader(io.StringIO(content.decode(encoding)))]
        except (UnicodeDecodeError, csv.Error):
            continue
    raise Unreadable(_("it is neither XML, nor a sheet, nor text"))


def _column(titles: list[str], names: tuple[str, ...]) -> int | None:
    return next((titles.index(name) for name in names if name in titles), None)


def _decimal(text: str) -> Decimal:
    """-1 for what is no number: it matches no amount."""
    amount = money.read(text)
    return Decimal(-1) if amount is None else amount
