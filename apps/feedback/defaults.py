"""Shipped wordings of the promise check and the service desk's rules (HND-02, ADM-05)."""

from apps.core.actors import Actor
from apps.feedback import drill_scenarios
from apps.feedback.models import DeskRules, VaguePhrase

VAGUE_ZH = [
    "尽快",
    "尽早",
    "稍后",
    "马上",
    "立即",
    "立刻",
    "及时",
    "随后",
    "过几天",
    "过段时间",
    "过两天",
    "回头",
    "近期",
    "不久",
    "有空",
    "有消息",
    "第一时间",
    "适时",
    "酌情",
    "视情况",
    "看情况",
    "再说",
    "考虑",
    "研究一下",
    "协调一下",
    "跟进一下",
    "关注一下",
    "反映一下",
    "催一下",
    "了解一下",
    "争取",
    "尽量",
    "尽力",
    "努力",
    "后续",
    "待定",
    "等通知",
    "耐心等待",
    "另行通知",
]
VAGUE_EN = ["asap", "soon", "as soon as possible", "shortly", "later", "in due course", "we will try", "look into it"]
CONCRETE_ZH = [
    "更换",
    "换货",
    "退货",
    "退款",
    "补发",
    "重发",
    "维修",
    "上门",
    "检测",
    "送修",
    "寄回",
    "取件",
    "赔付",
    "赔偿",
    "补偿",
    "减免",
    "重新开票",
    "复位",
    "升级固件",
    "刷新固件",
    "重装",
    "拆机",
    "返厂",
    "召回",
    "下架",
    "停售",
    "抽检",
    "全检",
    "书面道歉",
    "电话致歉",
    "培训",
    "处分",
    "派工程师",
    "派师傅",
]
CONCRETE_EN = [
    "replace",
    "refund",
    "repair",
    "resend",
    "exchange",
    "inspect",
    "courier",
    "reinstall",
    "recall",
    "compensate",
]


def load(*, actor: Actor) -> dict[str, int]:
    effect = VaguePhrase.Effect
    rows = [(t, effect.VAGUE, "zh-hans") for t in VAGUE_ZH] + [(t, effect.CONCRETE, "zh-hans") for t in CONCRETE_ZH]
    rows += [(t, effect.VAGUE, "en") for t in VAGUE_EN] + [(t, effect.CONCRETE, "en") for t in CONCRETE_EN]
    known = set(VaguePhrase.objects.values_list("text", flat=True))
    new = [VaguePhrase(text=t, effect=e, language=lang) for t, e, lang in rows if t not in known]
    VaguePhrase.objects.bulk_create(new)
    _, created = DeskRules.objects.get_or_create(pk=1)
    return {"promise wordings": len(new), "service desk rules": int(created), "drill scenarios": drill_scenarios.load()}
