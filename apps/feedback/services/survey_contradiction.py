"""Does the comment of a good score say that it is not solved (HND-12)?

Read clause by clause, in simplified characters, lower case: what is denied ("不漏水了"), past ("上次没修好"), only feared
("如果再坏") or overtaken by a later "now it works" is no complaint. Besides its own words for "not solved", a clause that
the keyword library hears as danger or as pure anger counts as well.
"""

import re

from apps.core.vocabulary import Risk
from apps.triage import folding, rulebook
from apps.triage.services.classify import listen

READS_CHARACTERS = 2_000
SHOWN_CHARACTERS = 120
ANGRY_FROM = 2.0  # tone of a whole comment without any praise, in the library's points: 5 was meant to be 1

_CLAUSES = re.compile(r"[，,。.!！;；:：…~\n\r]+|(?=但是|但|不过|可是|然而|就是|只是|而且|\bbut\b|\bhowever\b)")
# Denied faults and idioms that only look like complaints.
_FAULTS = "问题|毛病|故障|异常|异响|噪音|漏水|漏电|报错|损坏|破损|不满|不好|意见|坏|响|漏|卡顿|缺点|异味"
_FINE = re.compile(
    rf"(没有?|无|毫无|并无)(让.{{0,3}}失望|任何|什么|一点|一丝|半点|发现|出现|遇到|发生|再|过|有|太?大)*({_FAULTS})"
    r"(意的|意|的|过|了)*"
    rf"|(再|以后)?也?(没有?|不会|未|不)再?(出现|发生|犯|有|复发)?过?({_FAULTS})(?!了?没)"
    rf"|({_FAULTS})(已经)?(没有?了|消失|全?没了|不见了)"
    r"|(再也|一直|后来|目前|现在)(没有?|未)(再)?(坏|漏|响|出现|发生|犯|有|报错|复发)过?"
    r"|不再.{0,4}|不(漏|响|卡|烫|吵|坏|抖|掉|跳|堵)(水|电|闸|顿)?了?"
    r"|还?(挺|蛮)?不错|没错|还(可以|行|好|算)|没(有)?(想到|话说|得说|话讲|白|拖|等多久|等很久|花多久|费|收费)|没(有)?让.{0,3}失望"
    r"|不得不|说不出|挑不出|了不起|不能再好|好得不行|忍不住|用不着|不用|不需要|不难|不贵|不是(坏|问题)|没有?不满"
    r"|不(仅|但|光|只)|离不开|少不了|错不了|没的说"
    r"|no (more |single |further )?(problems?|issues?|complaints?|faults?|trouble)( any ?more| at all)?|not a (single )?\w+"
    r"|no longer( \w+)?|not (bad|broken)\b|(does|do|did|is|has)(n't| not) \w+( \w+)? any ?more|never (again|a problem)|can't complain"
)
_UNSOLVED = re.compile(
    r"(没|没有|未|尚未|并未|无人|没人|没有人|一点没|一点都没|还没|从未|不曾)(能|有|得|人)?(得到|给|帮|来|再|真正|实际|彻底|完全|全部|及时|妥善)*"
    r"(我|我们|您)?(彻底|完全)?(解决|修|处理|弄好|搞定|好转|改善|改进|变|退|到账|到货|收到|补|联系|回|来|上门|更?换|寄|发|查|恢复|管|好$|到$|到位|开|消|人|弄|动静|下文|结果|音讯)"
    r"|(解决|修|处理|弄|搞|治|救)不(了|好|掉|完|来)"
    r"|(问题|故障|毛病|现象|情况|异响|漏水|噪音)(还|仍|依|没|照|又|反|继续|存在|一直|还是)"
    r"|(还|仍|依然|依旧|照样|照旧|又|再次|老是|总是|始终|反复|继续|一直|仍旧)(是|在|会|有|然|旧|出|出现|开始|那样|一样)*.{0,5}?"
    r"(坏|漏|响|不|没|故障|报错|问题|毛病|卡|异味|掉线|冒烟|冒火|松|断|吵|黑屏|死机|发烫|无法|充.进|忽冷|跳闸|裂|等|老样子|漏电)"
    r"|又(坏|漏|响|不|出|犯|停|跳)|(再次|又一次|第.次)(坏|出现|故障|漏|报修)|复发|等于没|白修|白跑|白来|老样子|还在等"
    r"|(用|开|充|打|连|转|启动|制冷|加热|关|吸|洗|联系|走)不(了|起来|上|动|开机|出来|进)"
    r"|(不能|无法)(正常|使用|用|开|启动|充|连|关|工作|运行)"
    r"|(?<!因为)(不)(工作|制冷|制热|加热|通电|吸尘|出水|排水|脱水)"
    r"|(其实|实际|并|根本|压根|完全)(上)?(是)?(没|不|未)(有|行|好)?(?!错)"
    r"|(退款|钱|货|配件|发票|东西|新机|补发)(还|也|都|到现在|至今)*(没|未)"
    r"|(希望|请|麻烦|盼|求|你们|能不能|什么时候|何时|快点|赶紧|赶快|抓紧|尽快|早日).{0,6}?(解决|修好|处理|退款|退钱|联系我|换货|换新|发货|上门|说法)"
    r"|still (broken|not|no\b|does|doesn|isn|is|has|hasn|have|can|leak|mak|wait|the same|fail|noisy|wrong|dead|won)\w*"
    r"|(not|n't|never)( been| yet| really| actually| properly)* (fix|solv|resolv|work|repair|receiv|arriv|help|com|call|turn)\w*"
    r"|\b(unresolved|unsolved|not ok)\b|(came|come|comes|is) back|(broke|broken|happen\w*|fail\w*|leak\w*) again|same (problem|issue|fault)"
    r"|(nobody|no one|no-one) \w+|keeps? \w+ing|refund .{0,20}(not|n't|never)"
)
_SOLVED = re.compile(
    r"(?<![没未不])(?<!没有)(?<!没能)(修好|解决|搞定|弄好|处理(好|完|得很好)|恢复|正常|换好|换(了|成|个).{0,4}新|换新|好用|(就|都|也)好了|^好了|现在好|没事了|能用了|可以用了"
    r"|可以了|到账了|已到账|收到了|满意|挺好|很好|都好|制冷了)(?!不)"
    r"|\b(now|finally|then)\b.{0,20}\b(works?|working|fixed|fine|good|ok|solved|resolved|repaired)\b"
    r"|(is|was|got|been|all) (fixed|solved|resolved|repaired)|works? (again|well|fine|now|great|perfectly)"
)
_SAID_ONLY = re.compile(r"(说|称|讲|告诉|声称|承诺|答应|显示|保证|以为|本来).{0,6}$")
_PAST = re.compile(
    r"之前|以前|原来|原先|当初|一开始|刚开始|开始时|起初|上次|上回|前几次|前两次|曾|第一次|头一次|本来|原以为"
    r"|\bat first\b|\binitially\b|\bbefore\b|\bpreviously\b|first (time|visit)|used to|last time"
)
_LIKE_THEN = re.compile(r"(一样|同样|还|仍|又|依)")
_FEARED = re.compile(
    r"如果|要是|万一|假如|倘若|以后|下次|下回|今后|担心|就怕|但愿|别再|不要再|再快|更快|快一?点儿?$|快一些|更好|越来越"
    r"|\bif\b|\bhope\b|in case|next time|\bshould\b"
)


def contradiction(comment: str) -> str:
    """The clause by which a comment says that it is not solved, as it was written (at most 120 characters); or ""."""
    text = comment[:READS_CHARACTERS]
    folded = folding.fold(text)
    complaint = ""
    for start, end in _clauses(folded):
        clause = folded[start:end]
        if not clause.strip():
            continue
        found = _complains(clause)
        solved = _is_solved(clause)
        if found and not (solved and _comes_after(clause)):
            complaint = complaint or text[start:end].strip()
        elif solved:
            complaint = ""  # whatever was said before, it is all right now
    if not complaint and _only_anger(folded):
        complaint = text.strip()
    return complaint[:SHOWN_CHARACTERS]


def _clauses(text: str) -> list[tuple[int, int]]:
    places, start = [], 0
    for mark in _CLAUSES.finditer(text):
        places.append((start, mark.start()))
        start = mark.end()
    return [*places, (start, len(text))]


def _complains(clause: str) -> bool:
    if _FEARED.search(clause):
        return False
    rest = _FINE.sub("○", clause)
    if _PAST.search(clause) and not _LIKE_THEN.search(rest):
        return False
    return bool(_UNSOLVED.search(rest)) or listen(rulebook.current(), rest).risk == Risk.SAFETY


def _only_anger(text: str) -> bool:
    if _SOLVED.search(text) or _PAST.search(text) or _FEARED.search(text):
        return False
    said = listen(rulebook.current(), _FINE.sub("○", text))
    return said.anger >= ANGRY_FROM and said.praise == 0


def _is_solved(clause: str) -> bool:
    found = _SOLVED.search(clause)
    return found is not None and not _SAID_ONLY.search(clause[: found.start()])


def _comes_after(clause: str) -> bool:
    """In one clause: "没修好之前…后来好了" ends well, "好了一天又坏" does not."""
    solved = list(_SOLVED.finditer(clause))
    unsolved = list(_UNSOLVED.finditer(_FINE.sub(lambda m: "○" * len(m[0]), clause)))
    return not unsolved or solved[-1].start() > unsolved[-1].end()
