"""What the sender wrote this time, and what is only quoted from earlier mail. Nothing is thrown away: the two add up."""

import re
from collections.abc import Sequence

LONGEST_LINE = 300  # a line that introduces a quotation is short

_SEPARATOR = re.compile(
    r"[\s>]*(?:[-_=—*]{2,}\s*(?:原始邮件|原始郵件|原邮件|原始信件|转发邮件信息|转发的邮件|轉寄郵件|转发邮件|回复的邮件|原文|"
    r"original\s+(?:message|mail|e-mail)|forwarded\s+message|forwarded\s+by\b.{0,80}|reply\s+message|begin\s+forwarded\s+message)"
    r"\s*:?：?\s*[-_=—*]{0,}|begin forwarded message:|开始转发的邮件[:：]?)\s*",
    re.IGNORECASE,
)
_NAMES = (
    r"发件人|發件人|寄件者|寄件人|发送时间|發送時間|收件人|收件者|主\s*题|主\s*題|主旨|日\s*期|时间|抄送|副本|"
    r"from|sent|to|subject|date|cc"
)
_FIELD = re.compile(rf"[\s>*]*(?:{_NAMES})[\s*]*[:：]", re.IGNORECASE)
_SENDER = re.compile(r"[\s>*]*(?:发件人|發件人|寄件者|寄件人|from)[\s*]*[:：]", re.IGNORECASE)
_DATE = r"\d{2,4}\s*[年/.-]\s*\d{1,2}\s*[月/.-]\s*\d{1,2}"
# With a date or an address nobody writes such a line by hand: what follows is quoted, with or without marks.
_WROTE = re.compile(
    rf"[\s>]*(?:[^\n]{{0,120}}{_DATE}[^\n]{{0,160}}(?:写道|寫道|写到|寫到)\s*[:：]?"
    r"|(?:on|at)\b[^\n]{6,240}\bwrote\s*[:：]?"
    rf"|{_DATE}[^\n]{{0,160}}<[^>\n]{{3,120}}>\s*[:：]?)\s*",
    re.IGNORECASE,
)
_SAID = re.compile(r"[^\n]{1,120}(?:写道|寫道|wrote)\s*[:：]\s*", re.IGNORECASE)  # counts only before marked lines
_ENDS = ("写道", "寫道", "写到", "寫到", "wrote", ":", "：", ">")
_BEGINS = re.compile(r"[\s>]*(?:on\b|at\b|在|于|於|\d{4}年)", re.IGNORECASE)
_RULE = re.compile(r"\s*[_-]{10,}\s*")
_QUOTED = re.compile(r"\s{0,3}(?:>|＞|\|\s|┃)")


def split(text: str) -> tuple[str, str]:
    """(own words, quoted). A quotation among own words stays where it is, for they answer it; a mail that is all
    quotation, such as a forwarded one, is all its own."""
    lines = text.split("\n")
    quoted = _marks(lines)
    first = next((i for i, is_quoted in enumerate(quoted) if not is_quoted and lines[i].strip()), None)
    if first is None:
        return text.strip(), ""
    last = max(i for i, is_quoted in enumerate(quoted) if not is_quoted and lines[i].strip())
    own = "\n".join(lines[first : last + 1]).strip()
    rest = "\n".join([*lines[:first], *lines[last + 1 :]]).strip("\n")
    return own, rest.strip()


def _marks(lines: Sequence[str]) -> list[bool]:
    """Which lines are quoted."""
    marks = [bool(_QUOTED.match(line)) for line in lines]
    i = 0
    while i < len(lines):
        length, sure = (0, False) if marks[i] else _introduction(lines, i)
        if length:
            after = i + length
            following = next((j for j in range(after, min(len(lines), after + 4)) if lines[j].strip()), None)
            marked = following is not None and marks[following]
            if marked or sure:
                start = i - 1 if i and _RULE.fullmatch(lines[i - 1]) else i
                marks[start:after] = [True] * (after - start)
            if sure and not marked:  # quoted without marks: all the rest is
                marks[after:] = [True] * (len(lines) - after)
                break
            i = after
        else:
            i += 1
    return marks


def _introduction(lines: Sequence[str], i: int) -> tuple[int, bool]:
    """How many lines from here introduce a quotation (0 for none), and whether that is sure without marked lines."""
    line = lines[i].rstrip()
    if not line or len(line) > LONGEST_LINE:
        return 0, False
    if _SEPARATOR.fullmatch(line):
        return 1, True
    if _SENDER.match(line) and sum(bool(_FIELD.match(after)) for after in lines[i + 1 : i + 6]) >= 2:
        return 1, True
    if line.lower().endswith(_ENDS):
        if _WROTE.fullmatch(line):
            return 1, True
        if _SAID.fullmatch(line):
            return 1, False
    if _BEGINS.match(line):  # "On … wrote:" over two or three lines
        for more in (2, 3):
            joined = " ".join(part.strip() for part in lines[i : i + more])
            if len(joined) <= LONGEST_LINE and joined.lower().endswith(_ENDS) and _WROTE.fullmatch(joined):
                return more, True
    return 0, False
