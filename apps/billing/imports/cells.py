"""What stands in a cell, as offices write it. Each reader raises DomainError beside its column."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.dateparse import parse_date, parse_datetime

from apps.core import money
from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError

Row = dict[str, str]
_YES = {"1", "y", "yes", "true", "是", "√", "在售"}
_NO = {"0", "n", "no", "false", "否", "×", "停售"}


def text(row: Row, column: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from calculating."""
    return row.get(column, "").lstrip("'").strip()


def needed(row: Row, column: str) -> str:
    value = text(row, column)
    if not value:
        raise DomainError("core.required", field=column)
    return value


def number(row: Row, column: str) -> Decimal:
    value = needed(row, column)
    percent = value.endswith(("%", "％"))
    amount = money.read(value.rstrip("%％"))
    if amount is None:
        raise DomainError("sheet.amount", field=column, value=value[:40])
    return amount / 100 if percent else amount


def moment(row: Row, column: str, *, must: bool = True) -> datetime | None:
    """Aware; without a zone it is Shanghai's, without a time midnight."""
    value = needed(row, column) if must else text(row, column)
    if not value:
        return None
    plain = value.replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "").strip()
    try:
        found = parse_datetime(plain) or _midnight(plain)
    except ValueError:
        found = None
    if found is None:
        raise DomainError("sheet.moment", field=column, value=value[:40])
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _midnight(text: str) -> datetime | None:
    parts = "-".join(part.zfill(2) for part in text.split("-"))
    day = parse_date(parts)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None


def yes(row: Row, column: str) -> bool:
    value = needed(row, column).lower()
    if value not in _YES | _NO:
        raise DomainError("core.invalid_choice", field=column, value=value[:40])
    return value in _YES


def choice(row: Row, column: str, choices: Any) -> str:
    """By its code, or by its words in any of our languages."""
    value = needed(row, column)
    found = _words(choices).get(value.lower())
    if found is None:
        raise DomainError("core.invalid_choice", field=column, value=value[:40])
    return found


@cache
def _words(choices: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {str(label).lower(): value for value, label in choices.choices}
    return found | {value.lower(): value for value in choices.values}
