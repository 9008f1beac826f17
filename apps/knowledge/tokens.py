"""Words of a text for searching: Chinese cut into words, traditional folded to simplified, everything in lower case.

PostgreSQL gets the words separated by spaces (configuration `simple`); it knows no Chinese words itself.
"""

import re
import unicodedata

import rjieba
import zhconv

_WORD = re.compile(r"[\w一-鿿]+")
# Words that stand in every question and find everything.
_FILLERS = """
的 了 吗 呢 吧 啊 呀 嘛 和 与 或 及 在 是 有 我 你 您 他 她 它 我们 你们 他们 请问 请
想 问 一下 怎么 如何 什么 为什么 怎样 怎么办 这 那 这个 那个 哪里 哪 多少 可以 能 要 会 就
都 也 还 又 很 太 把 被 给 让 到 从 对 个 一 一个 用 a an the of to in on
at is are be do does did how what why when where which
my your our i you we it its and or for with can
"""
_STOP = frozenset(_FILLERS.split())
QUERY_CHARACTERS = 400
QUERY_WORDS = 40


def fold(text: str) -> str:
    """Narrow letters, lower case, simplified characters."""
    return zhconv.convert(unicodedata.normalize("NFKC", text), "zh-cn").lower()


def words(text: str) -> list[str]:
    """The words of a text in their order, repeated as they stand; overlapping ones too (冰箱门 → 冰箱, 箱门, 冰箱门)."""
    return [w for w in rjieba.cut_for_search(fold(text)) if _WORD.fullmatch(w) and w not in _STOP]


def document(text: str) -> str:
    """A text as `to_tsvector('simple', …)` takes it."""
    return " ".join(words(text))


def query(text: str, *, every: bool) -> str:
    """A `to_tsquery('simple', …)` for the first 40 words of what was typed; "" where nothing can be searched for.

    `every`: all words must be found; else any of them, for texts that tell a story.
    """
    found = list(dict.fromkeys(words(text[:QUERY_CHARACTERS])))[:QUERY_WORDS]
    quoted = ("'" + w.replace("\\", "").replace("'", "") + "'" for w in found)
    return (" & " if every else " | ").join(quoted)
