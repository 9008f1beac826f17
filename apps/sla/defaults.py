"""Shipped time limits (SLA-01), hours, official days and ladder. Rows that staff edit in the admin from then on.

Where the rule says only "h" and not "(clock)", the unit is our choice: departments accept and report in working time
unless it is critical; what is promised to the customer in hours runs by the clock.
"""

from datetime import date, time
from decimal import Decimal

from apps.core import clock
from apps.core.actors import Actor
from apps.core.vocabulary import Channel, Kind, Urgency
from apps.sla import official
from apps.sla.models import Calendar, EscalationStep, LegalRule, Policy
from apps.sla.services import calendars, ladder, legal, policies
from apps.sla.services.calendars import Period
from apps.sla.states import Level, Metric, OverdueUnit, Unit

FIRST_OFFICIAL_YEAR = 2024
CLOCK, MINUTES, DAYS = Unit.CLOCK_MINUTES, Unit.WORKING_MINUTES, Unit.WORKING_DAYS
HOUR, DAY = 60, 24 * 60

# code, name, metric, conditions, target, unit, pauses while waiting for the customer
OBLIGATIONS = [
    ("first-response", "首次响应", Metric.FIRST_RESPONSE, {}, 24 * HOUR, CLOCK, False),
    ("first-response-urgent", "首次响应·紧急", Metric.FIRST_RESPONSE, {"urgency": Urgency.URGENT}, HOUR, CLOCK, False),
    (
        "first-response-critical",
        "首次响应·特急",
        Metric.FIRST_RESPONSE,
        {"urgency": Urgency.CRITICAL},
        HOUR,
        CLOCK,
        False,
    ),
    ("hotline-pickup", "热线接听登记", Metric.HOTLINE_PICKUP, {"channel": Channel.HOTLINE}, 5, CLOCK, False),
    ("acceptance", "部门受理", Metric.ACCEPTANCE, {}, 2 * HOUR, MINUTES, False),
    ("acceptance-critical", "部门受理·特急", Metric.ACCEPTANCE, {"urgency": Urgency.CRITICAL}, 2 * HOUR, CLOCK, False),
    ("progress", "进度更新", Metric.PROGRESS, {}, 1, DAYS, True),
    ("progress-urgent", "进度更新·紧急", Metric.PROGRESS, {"urgency": Urgency.URGENT}, 4 * HOUR, MINUTES, True),
    ("progress-critical", "进度更新·特急", Metric.PROGRESS, {"urgency": Urgency.CRITICAL}, 4 * HOUR, CLOCK, True),
    ("answer-inquiry", "咨询答复", Metric.ANSWER, {"kind": Kind.INQUIRY}, 1, DAYS, True),
    ("answer-suggestion", "建议答复", Metric.ANSWER, {"kind": Kind.SUGGESTION}, 3, DAYS, True),
    ("answer-complaint", "投诉答复", Metric.ANSWER, {"kind": Kind.COMPLAINT}, 3, DAYS, True),
    ("answer-regulator", "监管转办答复", Metric.ANSWER, {"kind": Kind.REGULATOR}, 3, DAYS, False),
    ("resolution", "解决", Metric.RESOLUTION, {}, 3, DAYS, True),
    ("resolution-urgent", "解决·紧急", Metric.RESOLUTION, {"urgency": Urgency.URGENT}, 2, DAYS, True),
    ("resolution-critical", "解决·特急", Metric.RESOLUTION, {"urgency": Urgency.CRITICAL}, 24 * HOUR, CLOCK, True),
    ("callback", "满意度回访", Metric.CALLBACK, {}, 24 * HOUR, CLOCK, False),
    ("second-follow-up", "二次跟进", Metric.SECOND_FOLLOW_UP, {}, 48 * HOUR, CLOCK, False),
    ("supervisor-call", "主管回访", Metric.SUPERVISOR_CALL, {}, 24 * HOUR, CLOCK, False),
    # HND-10: extra care is not promised to the customer, so it runs in working time unless it is critical.
    ("care-task", "客户关怀", Metric.CARE_TASK, {}, 1, DAYS, False),
    ("care-task-critical", "客户关怀·特急", Metric.CARE_TASK, {"urgency": Urgency.CRITICAL}, 4 * HOUR, CLOCK, False),
    ("eight-d", "8D答复", Metric.EIGHT_D, {}, 48 * HOUR, CLOCK, False),
    ("replacement", "补换货申请", Metric.REPLACEMENT, {}, "0.5", DAYS, False),
    ("void", "发票作废办结", Metric.VOIDING, {}, 24 * HOUR, CLOCK, False),
    ("red-form", "红字确认单确认", Metric.RED_FORM, {}, 72 * HOUR, CLOCK, False),
    ("difference", "对账差异处理", Metric.DIFFERENCE, {}, 1, DAYS, False),
    (
        "platform-reply",
        "支付平台投诉首次回复",
        Metric.PLATFORM_REPLY,
        {"channel": Channel.PAY},
        24 * HOUR,
        CLOCK,
        False,
    ),
    ("platform-done", "支付平台投诉处理完成", Metric.PLATFORM_DONE, {"channel": Channel.PAY}, 72 * HOUR, CLOCK, False),
    # LAW-05: 个人信息保护法 art. 50 asks for a timely answer; 15 working days is the usual practice.
    ("data-request", "个人信息请求答复", Metric.DATA_REQUEST, {}, 15, DAYS, False),
    # ARC-04: the severity of a finding is the urgency of its clock.
    ("audit-finding", "审计发现整改", Metric.AUDIT_FINDING, {}, 30, DAYS, False),
    ("audit-finding-urgent", "审计发现整改·较重", Metric.AUDIT_FINDING, {"urgency": Urgency.URGENT}, 10, DAYS, False),
    (
        "audit-finding-critical",
        "审计发现整改·重大",
        Metric.AUDIT_FINDING,
        {"urgency": Urgency.CRITICAL},
        5,
        DAYS,
        False,
    ),
    ("call-return", "未接来电回拨", Metric.CALL_RETURN, {"channel": Channel.HOTLINE}, 30, MINUTES, False),
]
# The survey goes out well within the 24 h of SUR-02, when the customer has had time to see the result.
TIMERS = [
    ("survey-send", "发送满意度调查", Metric.SURVEY_SEND, 2 * HOUR),
    ("survey-reminder", "调查提醒", Metric.SURVEY_REMINDER, 3 * DAY),
    ("survey-no-reply", "调查无回复结案", Metric.SURVEY_NO_REPLY, 7 * DAY),
]
# The assignee hears of the warning and of the breach itself; from there it climbs.
LADDER = [
    ("", Level.HEAD, 25),
    ("", Level.DUTY_MANAGER, 50),
    ("", Level.MANAGEMENT, 100),
    (Metric.ACCEPTANCE, Level.HEAD, 0),  # not accepted in time: to the head at once (SLA-04)
    (Metric.ACCEPTANCE, Level.DUTY_MANAGER, 100),
    (Metric.ACCEPTANCE, Level.MANAGEMENT, 300),
]


def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing; never overwrite what staff edited."""
    years = range(FIRST_OFFICIAL_YEAR, official.newest_year(clock.local(clock.now()).date()) + 1)
    return {
        "working calendars": calendars.add_default(Calendar(code="standard", name="标准工作时间"), _hours()),
        "official days": sum(calendars.load_official_year(year, actor=actor) for year in years),
        "time limit policies": policies.add_missing([*_obligations(), *_timers()]),
        "legal rules": legal.add_missing(_legal_rules()),
        "escalation steps": ladder.add_missing(
            [EscalationStep(metric=m, level=level, after=a, unit=OverdueUnit.PERCENT) for m, level, a in LADDER]
        ),
    }


def _hours() -> list[Period]:
    morning, afternoon = (time(9), time(12)), (time(13, 30), time(18))
    return [Period(weekday, *hours) for weekday in range(5) for hours in (morning, afternoon)]


def _obligations() -> list[Policy]:
    return [
        Policy(code=code, name=name, metric=metric, target=Decimal(target), unit=unit, pausable=pausable, **conditions)
        for code, name, metric, conditions, target, unit, pausable in OBLIGATIONS
    ]


# Days run by the clock, working days from the moment itself: never later than the Civil Code counts (art. 201, 203: the
# first day is not counted and the last one runs to its end).
def _legal_rules() -> list[LegalRule]:
    return [
        LegalRule(
            code="refund-7-days", name="无理由退货退款", metric=Metric.LEGAL_REFUND, target=Decimal(7 * DAY), unit=CLOCK,
            source="《中华人民共和国消费者权益保护法》", article="第二十五条", effective_from=date(2014, 3, 15),
            duty="七日无理由退货的，经营者应当自收到退回商品之日起七日内返还消费者支付的商品价款。",
            starts="收到退回的商品",
        ),
        LegalRule(
            code="refund-15-days", name="退款逾期处罚线", metric=Metric.LEGAL_REFUND_LIMIT, target=Decimal(15 * DAY), unit=CLOCK,
            source="《侵害消费者权益行为处罚办法》", article="第九条", effective_from=date(2015, 3, 15),
            duty="自收到退回商品之日起，最迟十五日内返还消费者支付的商品价款。",
            consequence="无正当理由超过十五日未返还的，视为故意拖延或者无理由拒绝退货，可被行政处罚。",
            starts="收到退回的商品",
        ),
        LegalRule(
            code="odr-10-working-days", name="12315在线消费纠纷解决（ODR）", metric=Metric.REGULATOR, target=Decimal(10), unit=DAYS,
            source="全国12315平台在线消费纠纷解决（ODR）机制", effective_from=date(2018, 3, 15),
            duty="自收到投诉之日起十个工作日内与消费者协商和解，并如实记录处理时间、协商过程、协商方式和结果。",
            consequence="和解不成的，消费者可以向市场监督管理部门投诉。",
            starts="平台或部门转来投诉",
        ),
        LegalRule(
            code="complaint-duties", name="投诉举报处理职责", source="《市场监督管理投诉举报处理办法》",
            effective_from=date(2026, 4, 15),
            duty="同一事项的重复投诉举报合并处理；办结后回访；首问负责：最先接待的人员负责到他人接手为止。",
        ),
    ]  # fmt: skip


def _timers() -> list[Policy]:
    return [
        Policy(code=code, name=name, metric=metric, target=Decimal(target), unit=CLOCK, warn_percent=None)
        for code, name, metric, target in TIMERS
    ]
