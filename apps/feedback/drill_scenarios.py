"""Shipped drill scenarios (TRN-01); editable rows. What they expect follows the shipped categories and limits."""

from apps.core.vocabulary import Channel, Kind, Urgency
from apps.feedback.models import DrillScenario
from apps.feedback.models.drill import DrillStep as Step
from apps.triage.models import Category
from apps.triage.states import PriorityLevel

_USUAL = [Step.ACCEPT, Step.REPLY, Step.PLAN, Step.RESOLVE]
# code: name, text, kind, channel, urgency, category, priority, steps
SCENARIOS = {
    "leakage": (
        "漏电伤人（特急）",
        "热水器漏电，我妈洗澡的时候手被电麻了，现在全家都不敢用，太危险了，你们必须马上给个说法，否则我找媒体曝光！",
        Kind.COMPLAINT, Channel.HOTLINE, Urgency.CRITICAL, "product_quality", PriorityLevel.CRITICAL,
        [Step.ACCEPT, Step.REPLY, Step.SUPERVISOR, Step.PLAN, Step.RESOLVE],
    ),
    "no-power": (
        "开机故障",
        "吸尘器用了两天就无法开机，充了一晚上电指示灯也不亮，要求换货。",
        Kind.FAULT, Channel.ONLINE, Urgency.URGENT, "technical", "", [*_USUAL, Step.SOLUTION],
    ),
    "lost-parcel": (
        "显示签收却没收到",
        "物流显示已签收，可是我根本没收到快递，打电话给快递员也不接，请你们查清楚。",
        Kind.COMPLAINT, Channel.WECHAT, Urgency.NORMAL, "logistics", "", _USUAL,
    ),
    "refund-late": (
        "退款迟迟不到账",
        "退货已经寄回一周了，退款到现在没有到账，客服每次都说再等等，再不退我就打12315投诉。",
        Kind.COMPLAINT, Channel.ONLINE, Urgency.URGENT, "return_exchange", "", _USUAL,
    ),
    "rude-agent": (
        "客服态度恶劣",
        "昨天下午打客服电话，接电话的人态度极其恶劣，没说两句就把电话挂了，我要求道歉。",
        Kind.COMPLAINT, Channel.HOTLINE, Urgency.NORMAL, "service_attitude", "", [*_USUAL, Step.SUPERVISOR],
    ),
    "unclear": (
        "描述不清，需要追问",
        "机器有问题，用不了，你们处理一下。",
        Kind.FAULT, Channel.ONLINE, Urgency.NORMAL, "", "", [Step.ACCEPT, Step.ASK, Step.PLAN],
    ),
}  # fmt: skip


def load() -> int:
    """Create the scenarios that are missing; returns how many."""
    known = set(DrillScenario.objects.values_list("code", flat=True))
    categories = dict(Category.objects.values_list("slug", "pk"))
    new = [
        DrillScenario(
            code=code, name=name, text=text, kind=kind, channel=channel, urgency=urgency,
            expected_category_id=categories.get(category), expected_priority=priority, expected_steps=list(steps),
        )
        for code, (name, text, kind, channel, urgency, category, priority, steps) in SCENARIOS.items()
        if code not in known
    ]  # fmt: skip
    DrillScenario.objects.bulk_create(new)
    return len(new)
