"""Reading a table of feedback as people export it: any of the usual encodings, separators, headings and spellings."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.dateparse import parse_datetime

from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError
from apps.core.vocabulary import Channel, Demand, Kind, Language, Tier, Urgency

LONGEST_CELL = 1_000_000  # characters; what is longer is an open quotation mark
SEPARATORS = ",\t;"

# Field of the report or contact: headings that mean it, in the form that `_plain` gives them.
HEADINGS = {
    "text": "text content description feedback message comment review 内容 反馈内容 描述 问题描述 投诉内容 评价 评价内容 评论 留言 正文",
    "name": "name customer customername 姓名 客户姓名 客户名称 客户 联系人",
    "phone": "phone mobile tel telephone phonenumber 电话 手机 手机号 手机号码 电话号码 联系电话 联系方式",
    "email": "email mail emailaddress 邮箱 邮件 电子邮件 电子邮箱",
    "external_id": "externalid customerid customernumber userid account 客户编号 会员号 会员编号 用户id 账号",
    "address": "address 地址 联系地址",
    "tier": "tier 会员等级 客户等级",
    "region": "region province city 地区 区域 省份 城市",
    "product": "product sku model productname 产品 商品 型号 产品型号 货号 产品名称 商品名称",
    "product_group": "productgroup productcategory 产品类别 产品组 产品大类 商品类别 品类",
    "serial_number": "serialnumber serial sn 序列号 机器编号 机身号",
    "order_number": "ordernumber orderno order orderid 订单号 订单编号",
    "invoice_number": "invoicenumber invoiceno invoice 发票号 发票号码",
    "ship_date": "shipdate shipped 发货日期 出货日期",
    "defect_quantity": "defectquantity quantity 不良数量 数量",
    "occurred_on": "occurredon 发生日期",
    "place": "place location 地点 发生地点",
    "received_at": "receivedat createdat time date datetime 时间 日期 反馈时间 反馈日期 受理时间 提交时间 创建时间",
    "kind": "kind type 类型 反馈类型",
    "urgency": "urgency 紧急程度",
    "channel": "channel 渠道",
    "demand": "demand 诉求 客户诉求",
    "category": "category 分类 类别 问题分类",
    "language": "language 语言",
    "reference": "reference externalref ref id 编号 流水号 外部编号",
    "source": "source platform 来源 平台",
    "row": "row rownumber 行号",
}  # fmt: skip
_FIELDS = {heading: field for field, headings in HEADINGS.items() for heading in headings.split()}
_CHOICES = {
    "kind": Kind, "urgency": Urgency, "channel": Channel, "demand": Demand, "language": Language, "tier": Tier
}  # fmt: skip
# Left behind by other programs, without any meaning. NUL is not among them: it tells of a file that is no text.
_STRAY = dict.fromkeys([*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFEFF])
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")
_TIME = re.compile(r"[T ]*(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2}))?.*")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: `number` is the line of the file it begins on; values by field, or why it can't be read."""

    number: int
    values: dict[str, str]
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` holds the field of each column, or None for one that is not used; those headings are in `unused`."""

    path: Path
    encoding: str
    separator: str
    columns: list[str | None]
    unused: list[str]

    def __iter__(self) -> Iterator[Line]:
        csv.field_size_limit(LONGEST_CELL)
        with self.path.open(encoding=self.encoding, newline="") as handle:
            reader = csv.reader(handle, delimiter=self.separator, strict=True)
            next(reader)
            while True:
                number = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Line(number, {}, DomainError("import.unreadable_row", why=error))
                    continue
                if any(cell.strip() for cell in cells):
                    yield self._line(number, cells)

    def _line(self, number: int, cells: list[str]) -> Line:
        if len(cells) > len(self.columns) and any(cell.strip() for cell in cells[len(self.columns) :]):
            return Line(number, {}, DomainError("import.too_many_cells", expected=len(self.columns), found=len(cells)))
        pairs = zip(self.columns, cells, strict=False)
        return Line(number, {field: cell.translate(_STRAY) for field, cell in pairs if field and cell.strip()})


def open_table(path: Path) -> Table:
    """Find out how a file is written. Raises DomainError `import.*` for one that cannot be used at all."""
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as handle:
            first = handle.readline()
            separator = max(SEPARATORS, key=first.count)
            handle.seek(0)
            csv.field_size_limit(LONGEST_CELL)
            headings = next(csv.reader(handle, delimiter=separator), [])
    except OSError as error:
        raise DomainError("import.unreadable_file", name=path.name, why=error.strerror or error) from error
    except csv.Error as error:
        raise DomainError("import.unreadable_file", name=path.name, why=error) from error
    columns = [_FIELDS.get(_plain(heading)) for heading in headings]
    for field in {field for field in columns if field}:
        same = [heading for heading, column in zip(headings, columns, strict=True) if column == field]
        if len(same) > 1:
            raise DomainError("import.same_column", columns="、".join(same))
    if "text" not in columns:
        raise DomainError("import.no_text_column", headings="、".join(headings)[:200], known=HEADINGS["text"])
    unused = [heading for heading, column in zip(headings, columns, strict=True) if column is None]
    return Table(path, encoding, separator, columns, unused)


def _encoding(path: Path) -> str:
    """UTF-8, with or without its mark, else GB18030 (which GBK and GB2312 are part of). Reads the whole file once."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as handle:
                while handle.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise DomainError("import.unknown_encoding", name=path.name)


def _plain(heading: str) -> str:
    """`Order No. *` and `order_no` are one heading; so are `手机号（必填）` and `手机号`."""
    text = unicodedata.normalize("NFKC", heading).lower().lstrip("\ufeff")
    return re.sub(r"\(.*?\)|[\s_\-.*:/]", "", text)


# Values ------------------------------------------------------------------------------------------------------------------


def choice_of(field: str, text: str) -> str:
    """The stored value for a code, its label in any of the site's languages, or a part of just one label (`故障`).

    Anything else is left for validation to refuse.
    """
    wanted, labels = text.strip().lower(), _labels(field)
    if wanted in labels or len(wanted) < 2:
        return labels.get(wanted, wanted)
    partly = {value for label, value in labels.items() if wanted in label}
    return partly.pop() if len(partly) == 1 else wanted


_label_cache: dict[str, dict[str, str]] = {}


def _labels(field: str) -> dict[str, str]:
    if field not in _label_cache:
        choices = _CHOICES[field]
        labels = {str(value).lower(): str(value) for value in choices.values}
        for language, _ in settings.LANGUAGES:
            with translation.override(language):
                labels |= {str(label).lower(): str(value) for value, label in choices.choices}
        _label_cache[field] = labels
    return _label_cache[field]


def is_choice(field: str) -> bool:
    return field in _CHOICES


def date_of(field: str, text: str) -> date:
    """`2024-05-01`, `2024/5/1`, `2024.5.1`, `2024年5月1日`, `20240501`, a time behind it or not. Raises DomainError."""
    return moment_of(field, text).astimezone(SHANGHAI).date()


def moment_of(field: str, text: str) -> datetime:
    """The moment, aware. Without a zone it is Shanghai's; without a time, midnight. Raises DomainError `import.date`."""
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        moment = parse_datetime(text)
        if moment is None:
            moment = _written(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    except (ValueError, OverflowError) as error:
        raise DomainError("import.date", field=field, value=text[:40]) from error


def _written(text: str) -> datetime:
    day = _DATE.match(text)
    if day is None:
        raise ValueError(text)
    year, month, number = day[1], day[2] or day[4], day[3] or day[5]
    rest = text[day.end() :].strip()
    time = _TIME.fullmatch(rest) if rest else None
    if rest and time is None:
        raise ValueError(text)
    hour, minute, second = (int(part or 0) for part in time.groups()) if time else (0, 0, 0)
    return datetime(int(year), int(month), int(number), hour, minute, second, tzinfo=SHANGHAI)


def number_of(field: str, text: str) -> int:
    """A whole number from 0 to a million, perhaps written `1,200` or `3.0`. Raises DomainError `import.number`."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    if not re.fullmatch(r"\d{1,7}(\.0+)?", plain, re.ASCII) or float(plain) > 1_000_000:
        raise DomainError("import.number", field=field, value=text[:40])
    return int(float(plain))
