"""What the sender wrote this time, and what is only quoted from earlier mail. Nothing is thrown away: the two add up."""

import re
from collections.abc import Sequence

LONGEST_LINE = 300  # a line that introduces a quotation is short
_REST = 0, 1  # marks: everything after such a line is quoted / only if quoted lines follow

_SEPARATOR = re.compile(
    r"[\s>]*(?:[-_=—*]{2,}\s*(?:原始邮件|原始郵件|原邮件|原始信件|转发邮件信息|转发的邮件|轉寄郵件|转发邮件|回复的邮件|原文|"
    r"original\s+(?:message|mail|e-mail)|forwarded\s+message|forwarded\s+by\b.{0,80}|reply\s+message|begin\s+forwarded\s+message)"
    r"\s*:?：?\s*[-_=—*]{0,}|begin forwarded message:|开始转发的邮件[:：]?)\s*",
    re.IGNORECASE,
)
_NAMES = r"发件人|發件人|寄件者|寄件人|发送时间|發送時間|收件人|收件者|主题|主題|主旨|日期|时间|抄送|副本|from|sent|to|subject|date|cc"
_FIELD = re.compile(rf"[\s>*]*(?:{_NAMES})[\s*]*[:：].{{0,}}", re.IGNORECASE)
_SENDER = re.compile(r"[\s>*]*(?:发件人|發件人|寄件者|寄件人|from)[\s*]*[:：]", re.IGNORECASE)
_WROTE = re.compile(
    r"[\s>]*(?:"
    r"(?:在|于|於)?\s*[^\n]{0,40}\d{2,4}\s*[年/.-]\s*\d{1,2}\s*[月/.-]\s*\d{1,2}[^\n]{0,160}(?:写道|寫道|写到|寫到|说|說)\s*[:：]?"
    r"|在\s*\d{2,4}[^\n]{0,200}(?:写道|寫道)\s*[:：]?"
    r"|on\b[^\n]{6,240}\bwrote\s*[:：]?"
    r"|[^\n]{1,120}(?:写道|寫道)\s*[:：]"
    r"|\d{4}-\d{1,2}-\d{1,2}[^\n]{0,200}<[^>\n]{3,120}>\s*[:：]?"
    r")\s*",
    re.IGNORECASE,
)
_ON = re.compile(r"[\s>]*(?:on\b|在|于|於|\d{4}年)", re.IGNORECASE)
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
        length = _introduction(lines, i)
        if length and not marks[i]:
            following = next((j for j in range(i + length, min(len(lines), i + length + 4)) if lines[j].strip()), None)
            marks[i : i + length] = [True] * length
            if following is None or not marks[following]:  # quoted without marks: all the rest is
                marks[i:] = [True] * (len(lines) - i)
                break
            i += length
        i += 1
    return marks


def _introduction(lines: Sequence[str], i: int) -> int:
    """How many lines from here introduce a quotation; 0 for none."""
    line = lines[i]
    if not line.strip() or len(line) > LONGEST_LINE:
        return 0
    if _SEPARATOR.fullmatch(line):
        return 1
    if _SENDER.match(line) and sum(bool(_FIELD.match(next_)) for next_ in lines[i + 1 : i + 6] if len(next_) < 2_000) >= 2:
        return 1
    if _WROTE.fullmatch(line):
        return 1
    # "On … \n … wrote:" over two or three lines
    if _ON.match(line):
        for more in (2, 3):
            joined = " ".join(part.strip() for part in lines[i : i + more])
            if len(joined) <= LONGEST_LINE and len(lines) >= i + more and _WROTE.fullmatch(joined):
                return more
    return 0
