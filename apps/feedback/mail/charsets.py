"""Bytes to text, whatever charset they claim.

Chinese mail programs label GBK as GB2312, ISO-8859-1 or nothing at all, and UTF-8 as GB2312. So the label is one witness
among several: every charset that could be meant reads a sample, and the reading that looks most like people's text wins.
"""

import codecs
import unicodedata

SAMPLE = 4_000  # bytes that are looked at to choose a charset
CONTROLS = dict.fromkeys([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF])

# The most frequent characters of simplified and traditional text: what a right reading is full of.
COMMON = frozenset(
    "的一是不了在人有我他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天"
    "如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从知使两明样现想感问题品质服务客户您"
    "电话退货换款修坏机器订单号发货快递收到联系处理解决请谢吗呢吧给买购产品没有已经什么怎么反馈投诉建议先生女士充维保"
    "這為來個們說國時會後對裡過發無麼經當與學進種將還見從樣現問題質務戶電話換訂單貨遞聯繫處決請謝嗎給買購產議聽開關機壞"
    "屏幕冰箱洗衣热水器空调净灯池配件外壳声音温度异味漏缺少错误时间今昨明天月周上午下午再很太真非常希望尽快回复您好你们"
)

# The first levels of GB 2312 and Big5: the characters of ordinary text.
ORDINARY = frozenset(
    "".join(
        bytes([lead, trail]).decode("gb2312", "ignore") for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFF)
    )
    + "".join(
        bytes([lead, trail]).decode("big5", "ignore")
        for lead in range(0xA4, 0xC7)
        for trail in [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    )
)

_ALIASES = {
    "gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "gb18030": "gb18030", "euccn": "gb18030",
    "gb231280": "gb18030", "chinese": "gb18030", "hzgb2312": "hz", "hz": "hz", "big5": "big5hkscs", "big5hkscs": "big5hkscs",
    "cp950": "big5hkscs", "big5tw": "big5hkscs", "utf8": "utf-8", "utf8mb4": "utf-8", "utf8mb3": "utf-8", "utf7": "utf-7",
    "unicode11utf7": "utf-7", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf32": "utf-32",
    "iso88591": "cp1252", "latin1": "cp1252", "cp1252": "cp1252", "usascii": "ascii", "ascii": "ascii", "ansix341968": "ascii",
    "shiftjis": "cp932", "sjis": "cp932", "cp932": "cp932", "windows31j": "cp932", "eucjp": "euc-jp",
    "iso2022jp": "iso-2022-jp", "euckr": "cp949", "ksc56011987": "cp949", "cp949": "cp949", "iso2022kr": "iso-2022-kr",
    "koi8r": "koi8-r", "koi8u": "koi8-u", "tis620": "cp874", "macintosh": "mac-roman",
    **{f"iso8859{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    **{f"cp125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
}  # fmt: skip
_SEVEN_BIT = {"hz", "utf-7", "iso-2022-jp", "iso-2022-kr"}
_GUESSES = ("utf-8", "gb18030", "big5hkscs")


def codec(label: str) -> str:
    """Python's name for a charset's label, widened to what senders mean by it; empty for one nobody can read."""
    bare = "".join(c for c in label.lower() if c.isalnum()).removeprefix("x").removeprefix("windows").removeprefix("cs")
    if label.lower().replace("_", "-").startswith("windows-"):
        bare = f"cp{bare}"
    return _ALIASES.get(bare, "")


def to_text(data: bytes, label: str = "") -> str:
    """The text in these bytes; bytes that fit no charset become U+FFFD. Never raises; `label` may be anything."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return _read(data.removeprefix(codecs.BOM_UTF8), name)
    claimed = codec(label)
    if claimed.startswith(("utf-16", "utf-32")) or (claimed in _SEVEN_BIT and data.isascii()):
        return _read(data, claimed)
    if data.isascii():
        return data.decode("ascii")
    if claimed == "utf-8" and _is_utf8(data):
        return data.decode("utf-8")
    return _read(data, _best(data[:SAMPLE], claimed))


def tidy(text: str) -> str:
    """Text as it may be stored: line ends are \\n, no NUL, other control characters or halves of characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
    return text.encode("utf-8", "replace").decode("utf-8") if _has_halves(text) else text


def one_line(text: str, limit: int) -> str:
    """Tidy text on one line, cut at `limit` characters."""
    return " ".join(tidy(text[: limit * 4]).split())[:limit]


def _has_halves(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read(data: bytes, name: str) -> str:
    try:
        return data.decode(name, "replace")
    except (UnicodeError, LookupError):  # e.g. utf-16 without a byte order
        return data.decode("utf-8", "replace")


def _best(sample: bytes, claimed: str) -> str:
    candidates = dict.fromkeys([*([claimed] if claimed and claimed != "ascii" else []), *_GUESSES])
    return max(candidates, key=lambda name: _plausibility(sample, name) + (0.25 if name == claimed else 0.0))


def _plausibility(sample: bytes, name: str) -> float:
    """How much a reading looks like people's text, from -1 to about 1 and a half."""
    try:
        text = codecs.getincrementaldecoder(name)("replace").decode(sample)  # a character cut at the end is no error
    except (UnicodeError, LookupError):
        return -1.0
    strange = [c for c in text if not c.isascii()]
    if not strange:
        return 0.0
    mean = sum(map(_weight, strange)) / len(strange)
    # A chain of valid UTF-8 sequences is hardly ever an accident; a single one may be.
    structure = min(0.5, 0.1 * len(strange)) if name == "utf-8" and "\ufffd" not in text else 0.0
    return mean + structure


def _weight(char: str) -> float:
    point = ord(char)
    if char == "\ufffd":
        return -1.0
    if char in COMMON:
        return 1.0
    if char in ORDINARY:
        return 0.7
    if 0x4E00 <= point <= 0x9FFF:
        return 0.35
    if 0x3000 <= point <= 0x30FF or 0xFF01 <= point <= 0xFF5E or 0xAC00 <= point <= 0xD7A3 or char in "“”‘’—…·《》℃￥":
        return 0.6
    category = unicodedata.category(char)
    if category in ("Cn", "Co", "Cc", "Cs"):
        return -1.0
    if category.startswith("L"):
        return 0.45 if point < 0x250 else 0.3
    return 0.5 if point >= 0x1F300 else 0.1
