"""Shipped time limits (SLA-01), hours, official days and ladder. Rows that staff edit in the admin from then on.

Where the rule says only "h" and not "(clock)", the unit is our choice: departments accept and report in working time
unless it is critical; what is promised to the customer in hours runs by the clock.
"""

from datetime import time
from decimal import Decimal

from apps.core import clock
from apps.core.actors import Actor
from apps.core.vocabulary import Channel, Kind, Urgency
from apps.sla import official
from apps.sla.models import Calendar, EscalationStep, Policy
from apps.sla.services import calendars, ladder, policies
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
    ("resolution", "解决", Metric.RESOLUTION, {}, 3, DAYS, True),
    ("resolution-urgent", "解决·紧急", Metric.RESOLUTION, {"urgency": Urgency.URGENT}, 2, DAYS, True),
    ("resolution-critical", "解决·特急", Metric.RESOLUTION, {"urgency": Urgency.CRITICAL}, 24 * HOUR, CLOCK, True),
    ("callback", "满意度回访", Metric.CALLBACK, {}, 24 * HOUR, CLOCK, False),
    ("second-follow-up", "二次跟进", Metric.SECOND_FOLLOW_UP, {}, 48 * HOUR, CLOCK, False),
    ("supervisor-call", "主管回访", Metric.SUPERVISOR_CALL, {}, 24 * HOUR, CLOCK, False),
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


def _timers() -> list[Policy]:
    return [
        Policy(code=code, name=name, metric=metric, target=Decimal(target), unit=CLOCK, warn_percent=None)
        for code, name, metric, target in TIMERS
    ]
