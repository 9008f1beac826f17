"""Shipped wordings of the promise check and the service desk's rules (HND-02, ADM-05)."""

from apps.core.actors import Actor
from apps.feedback import drill_scenarios
from apps.feedback.models import DeskRules, Tag, VaguePhrase
from apps.feedback.services import tagging
from apps.triage.models import Category

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


# Suggested tags by category; "" for all (CLS-08).
TAGS = {
    "": ("重点关注", "媒体关注", "批次问题", "已电话沟通", "待客户资料"),
    "product_quality": ("开机故障", "外观破损", "异响", "漏水", "电池鼓包", "缺配件"),
    "technical": ("固件升级", "联网失败", "安装指导"),
    "service_attitude": ("态度问题", "承诺未兑现"),
    "logistics": ("物流延误", "包装破损", "丢件", "错发漏发"),
    "price": ("价保", "优惠未到账"),
    "return_exchange": ("七天无理由", "换货", "拒收"),
    "billing": ("重开发票", "抬头错误", "退款未到账"),
    "after_sales": ("二次维修", "上门超时"),
}


def _tags() -> int:
    by_slug = dict(Category.objects.values_list("slug", "pk"))
    rows = [
        Tag(name=tagging.normalised(name), category_id=by_slug.get(slug), suggested=True)
        for slug, names in TAGS.items()
        if not slug or slug in by_slug
        for name in names
    ]
    known = set(Tag.objects.values_list("name", flat=True))
    return len(Tag.objects.bulk_create([row for row in rows if row.name not in known]))


def load(*, actor: Actor) -> dict[str, int]:
    effect = VaguePhrase.Effect
    rows = [(t, effect.VAGUE, "zh-hans") for t in VAGUE_ZH] + [(t, effect.CONCRETE, "zh-hans") for t in CONCRETE_ZH]
    rows += [(t, effect.VAGUE, "en") for t in VAGUE_EN] + [(t, effect.CONCRETE, "en") for t in CONCRETE_EN]
    known = set(VaguePhrase.objects.values_list("text", flat=True))
    new = [VaguePhrase(text=t, effect=e, language=lang) for t, e, lang in rows if t not in known]
    VaguePhrase.objects.bulk_create(new)
    _, created = DeskRules.objects.get_or_create(pk=1)
    return {"promise wordings": len(new), "service desk rules": int(created), "drill scenarios": drill_scenarios.load(),
            "tags": _tags()}  # fmt: skip
