"""What a text message in answer to a survey says (SUR-02): a score with a comment, STOP, or something unclear. Pure.

Unclear is better than wrong: "4天了还没人来" is no 4, "10分" and "5-4" are nothing, and somebody reads them.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

import zhconv


class Command(Enum):
    STOP = "stop"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Reading:
    """`number` is the ticket's, where the customer wrote it; `comment` is what stands behind the score."""

    score: int | None = None
    comment: str = ""
    number: str = ""
    command: Command | None = None


_STOP = {
    "td", "t", "tt", "退订", "退", "取消", "取消订阅", "不要再发", "不要再发了", "别发了", "别再发了", "拒收", "n", "stop", "stopall",
    "unsubscribe", "cancel", "end", "quit", "0000",
}  # fmt: skip
_RESUME = {"恢复", "恢复订阅", "重新订阅", "start", "unstop"}
_TICKET = re.compile(r"(?<!\d)(20\d{4}-\d{3,12})(?!\d)")
_LEAD = re.compile(
    r"^(?:您好|你好|hello|hi)?[,、 ]*(?:我)?(?:回复|回|评分|评价|评|打分|打|给|选择|选|分数|score|rate|answer)?(?:个|是)?\s*[:、,]?\s*"
)
_DIGIT = re.compile(
    r"^[(\[【「\"']?\s*([1-5一二三四五])\s*(?:\.0)?[)\]】」\"']?\s*(分|星|颗星|颗|stars?|points?|号选项|/5)?(.*)$", re.S
)
_WORDS = (
    (5, "非常满意|很满意|特别满意|十分满意|超级满意|相当满意|太满意|最满意|满分|very satisfied|excellent|perfect"),
    (1, "非常不满意|很不满意|特别不满意|十分不满意|极不满意|极其不满意|太不满意|very dissatisfied|very unsatisfied|terrible"),
    (2, "不满意|不太满意|不怎么满意|不是很满意|不大满意|dissatisfied|unsatisfied|not satisfied"),
    (4, "满意|比较满意|还满意|基本满意|挺满意|satisfied"),
    (3, "一般|一般般|一般吧|中等|fair|so-so|so so|ok"),
)  # fmt: skip
_SCALE = [
    (score, re.compile(rf"^(?:我|我们|对此|总体|整体)?(?:表示|觉得|感觉)?({words})(?=$|[\s,.!;:~、。…()])(.*)$", re.S))
    for score, words in _WORDS
]
# What may follow a digit at once without making it something else ("5很好"); a counter ("4天", "5个", "3q") may not.
_COUNTERS = re.compile(
    r"^(?:个|天|次|台|年|月|号|点|元|块|件|份|遍|回|日|时|楼|层|度|周|星期|小时|分钟|多|几|百|千|万|倍|成|折|楼|期|人|家|条|种|月份|后|前|[a-z%°℃+\-–—~/:.]|\d)"
)
_SEPARATORS = " \t\r\n,.:;!、，。：；！~…-—"
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}


def read(text: str) -> Reading:
    """Read a reply; letters and digits of every width, traditional or simplified."""
    folded = zhconv.convert(unicodedata.normalize("NFKC", text), "zh-cn").strip().lower()
    bare = folded.strip(" \t\r\n,.!。！、~「」【】[]()\"'")
    if bare in _STOP:
        return Reading(command=Command.STOP)
    if bare in _RESUME:
        return Reading(command=Command.RESUME)
    number = ticket[1] if (ticket := _TICKET.search(folded)) else ""
    rest = _TICKET.sub(" ", folded, count=1).strip(_SEPARATORS) if number else folded
    score, comment = _scored(_LEAD.sub("", rest, count=1))
    if score is None:
        score, comment = _scored(rest)
    return Reading(score, _as_written(text, comment), number)


def _scored(text: str) -> tuple[int | None, str]:
    for score, pattern in _SCALE:
        if found := pattern.match(text):
            return score, found[2].strip(_SEPARATORS)
    if found := _DIGIT.match(text):
        digit, unit, rest = found.groups()
        numeral = digit in _NUMERALS
        follows = rest.lstrip(_SEPARATORS)
        if numeral and not unit and follows:
            return None, ""  # "一直没人来"
        if not unit and rest and _COUNTERS.match(rest.lstrip(" ")) and not _is_separated(rest):
            return None, ""
        if follows[:1].isdigit():
            return None, ""  # "4, 5"
        return _NUMERALS.get(digit) or int(digit), follows.strip()
    return None, ""


def _is_separated(rest: str) -> bool:
    """A stop or comma ends the score: "5. 很好"."""
    return rest[0] in ",;!、，。；！\n" or (rest[0] in ".:" and not rest[1:2].isdigit())


def _as_written(text: str, comment: str) -> str:
    """The comment in the customer's own script: the end of the message, where lengths agree; else as it was read."""
    if not comment:
        return ""
    tail = text.rstrip()[-len(comment) :]
    folded = zhconv.convert(unicodedata.normalize("NFKC", tail), "zh-cn").lower()
    return tail if folded == comment else comment
