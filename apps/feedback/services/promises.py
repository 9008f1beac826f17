"""Catching promises that promise nothing (HND-02): "尽快处理" needs a date or a measure in the same sentence."""

import re
import time
from dataclasses import dataclass

from apps.core.errors import DomainError
from apps.feedback.models import VaguePhrase

# Every repetition is bounded: what can be as long as the text takes minutes on a page of digits or spaces.
_NUMBER = r"(?:\d{1,6}|[一二两三四五六七八九十百半几])"
_GAP = r"\s{0,3}"
# "几天" is no date, so 几 is cut out again below.
_TIME = re.compile(
    rf"(?:{_NUMBER}{_GAP}(?:个)?{_GAP}(?:工作日|自然日|分钟|小时|钟头|天|日|号|周|星期|月|点)"
    r"|\d{1,2}[:：]\d{2}|\d{4}[-/.年]\d{1,2}|今天|今日|明天|明日|后天|当天|本周[一二三四五六日末]|下周[一二三四五六日]|周[一二三四五六日]"
    rf"|\d{{1,6}}{_GAP}(?:working |business )?(?:minutes?|hours?|days?|weeks?)"
    r"|\b(?:today|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b)",
    re.IGNORECASE,
)
_INDEFINITE = re.compile(
    rf"[几数若干]{_GAP}(?:个)?{_GAP}(?:工作日|小时|分钟|天|日|周|月)|a few (?:hours|days)|some time", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_CACHE_SECONDS = 1.0
_cache: tuple[float, "re.Pattern[str] | None", "re.Pattern[str] | None"] | None = None


@dataclass(frozen=True, slots=True)
class Vague:
    """A phrase that promises nothing and the sentence that holds it."""

    phrase: str
    sentence: str
    start: int


def find_vague(text: str) -> list[Vague]:
    """All vague phrases whose sentence has neither a definite time nor a concrete measure."""
    vague, concrete = _phrases()
    if vague is None:
        return []
    found = []
    for sentence in _SENTENCE.finditer(text):
        words = _INDEFINITE.sub(" ", sentence.group())
        if _TIME.search(words) or (concrete is not None and concrete.search(words)):
            continue
        found += [
            Vague(match.group(), sentence.group().strip(), sentence.start() + match.start())
            for match in vague.finditer(sentence.group())
        ]
    return found


def errors(text: str, field: str) -> list[DomainError]:
    return [DomainError("plan.vague", field=field, phrase=vague.phrase) for vague in find_vague(text)]


def _phrases() -> "tuple[re.Pattern[str] | None, re.Pattern[str] | None]":
    """The edited wordings as two patterns, read at most once a second per process."""
    global _cache
    if _cache is None or time.monotonic() - _cache[0] > _CACHE_SECONDS:
        rows = list(VaguePhrase.objects.filter(active=True).values_list("effect", "text"))
        _cache = (time.monotonic(), _pattern(rows, "vague"), _pattern(rows, "concrete"))
    return _cache[1], _cache[2]


def _pattern(rows: list[tuple[str, str]], effect: str) -> "re.Pattern[str] | None":
    texts = sorted((text for e, text in rows if e == effect), key=len, reverse=True)
    parts = [rf"\b{re.escape(t)}\b" if t.isascii() else re.escape(t) for t in texts]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
