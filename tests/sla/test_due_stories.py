"""What happens to a clock on its way, act by act, with the moment it is due after it. All times are Shanghai's.

The expected moments were reckoned by hand on the State Council's calendar: the office works Monday to Friday from 9 to
12 and from 13:30 to 18 (7½ hours).
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.core.actors import system
from apps.core.clock import SHANGHAI
from apps.journal import deliveries
from apps.journal.events import Ref
from apps.sla import rules
from apps.sla.dueness import times
from apps.sla.models import Calendar, LegalRule, Policy
from apps.sla.rules import Facts
from apps.sla.services import calendars, deadlines, extensions, legal, policies
from apps.sla.services.calendars import Period
from apps.sla.timeline import to_us
from tests.factories import DepartmentFactory, actor_with

pytestmark = pytest.mark.django_db
SYSTEM = system("test")
DAILY = [Period(day, time(10), time(20)) for day in range(7)]
MORNINGS = [Period(day, time(8), time(12)) for day in range(6)]


class Story:
    """One subject with one clock, and the acts that can befall it."""

    def __init__(self, metric, at, **facts):
        self.subject, self.metric = Ref("feedback.ticket", uuid4()), metric
        self.facts = {"kind": "complaint", "urgency": "normal", "channel": "online", "tier": "normal",
                      "department_id": None, **facts}  # fmt: skip
        self.start(at)

    def start(self, at):
        deadlines.start(self.subject, [self.metric], Facts(**self.facts), at=moment(at))
        return self

    def change(self, at, **facts):
        self.facts |= facts
        deadlines.recompute(self.subject, Facts(**self.facts), at=moment(at), actor=SYSTEM)
        return self

    def waits(self, began, ended):
        deadlines.pause(self.subject, at=moment(began))
        deadlines.resume(self.subject, at=moment(ended))
        return self

    def by_hand(self, at, due):
        with clock.at(moment(at)):
            deadlines.set_due(self.deadline.pk, moment(due), actor=SYSTEM, reason="配件缺货")
        return self

    def extended(self, at, until):
        with clock.at(moment(at)):
            asked = extensions.request(self.deadline.pk, moment(until), actor=actor_with("service_staff"), reason="…")
            extensions.approve(asked, actor=actor_with("management"))
        return self

    def met(self, at):
        deadlines.meet(self.subject, self.metric, at=moment(at))
        return self

    @property
    def deadline(self):
        (found,) = deadlines.open_for(self.subject)
        return found


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def department(hours, *, official=True):
    made = DepartmentFactory()
    calendar = Calendar(code=f"own-{made.pk}", name="自有", department=made, official_days=official)
    calendars.save(calendar, hours, actor=SYSTEM)
    return made.pk


def standard():
    return Calendar.objects.get(department=None)


def day(calendar, text, kind):
    calendars.set_day(calendar, date.fromisoformat(text), kind, "", actor=SYSTEM)
    deliveries.drain()


def policy_changed():
    story = Story("resolution", "2026-11-16 10:00")
    with clock.at(moment("2026-11-17 09:00")):
        policies.revise(Policy.objects.get(code="resolution").pk, {"target": Decimal(1)}, actor=SYSTEM)
    return story.change("2026-11-17 12:00", tier="vip")


def policy_changed_before():
    with clock.at(moment("2026-11-17 09:00")):
        policies.revise(Policy.objects.get(code="resolution").pk, {"target": Decimal(1)}, actor=SYSTEM)
    return Story("resolution", "2026-11-17 14:00")


def company_day_off():
    story = Story("resolution", "2026-11-16 10:00")
    day(standard(), "2026-11-18", "company_day_off")
    return story


def make_up_day_struck_out():
    story = Story("resolution", "2026-09-30 16:20")
    day(None, "2026-10-10", "ordinary")
    return story


def holiday_struck_out_by_one_calendar():
    story = Story("resolution", "2026-09-30 16:20")
    day(standard(), "2026-10-07", "ordinary")
    return story


def holiday_struck_out_and_taken_back():
    story = Story("resolution", "2026-09-30 16:20")
    day(standard(), "2026-10-07", "ordinary")
    day(standard(), "2026-10-07", "")
    return story


def law_amended(start):
    rule = LegalRule.objects.get(code="refund-7-days")
    legal.amend(rule.pk, {"target": Decimal(5 * 24 * 60)}, date(2026, 12, 1), actor=SYSTEM)
    return Story("legal_refund", start)


def law_amended_while_it_runs():
    story = Story("legal_refund", "2026-11-28 10:00")
    rule = LegalRule.objects.get(code="refund-7-days")
    legal.amend(rule.pk, {"target": Decimal(5 * 24 * 60)}, date(2026, 12, 1), actor=SYSTEM)
    return story.change("2026-12-02 10:00", urgency="critical")


NIGHT = ("2026-11-16 20:00", "2026-11-17 08:00")
STORIES = [
    ("policy changed on the way: the promise stands", policy_changed, "2026-11-19 10:00"),
    ("policy changed before: the new one holds", policy_changed_before, "2026-11-18 14:00"),
    ("becomes critical: 24 h from its own start",
     lambda: Story("resolution", "2026-11-16 10:00").change("2026-11-16 15:00", urgency="critical"),
     "2026-11-17 10:00"),
    ("no longer urgent: three days instead of two, across National Day",
     lambda: Story("resolution", "2026-09-29 10:00", urgency="urgent").change("2026-09-29 16:00", urgency="normal"),
     "2026-10-09 10:00"),
    ("an inquiry turns into a complaint",
     lambda: Story("answer", "2026-11-20 10:00", kind="inquiry").change("2026-11-20 11:00", kind="complaint"),
     "2026-11-25 10:00"),
    ("waited, then becomes critical: the wait counts by the clock",
     lambda: Story("resolution", "2026-11-16 10:00").waits("2026-11-16 11:00", "2026-11-16 14:00")
     .change("2026-11-16 15:00", urgency="critical"),
     "2026-11-17 13:00"),
    ("critical, then normal: the wait counts in working time",
     lambda: Story("resolution", "2026-11-16 10:00", urgency="critical").waits("2026-11-16 11:00", "2026-11-16 14:00")
     .change("2026-11-16 15:00", urgency="normal"),
     "2026-11-19 11:30"),
    ("set by hand, then critical: the hand stands",
     lambda: Story("resolution", "2026-11-16 10:00").by_hand("2026-11-16 12:00", "2026-11-20 18:00")
     .change("2026-11-16 13:00", urgency="critical"),
     "2026-11-20 18:00"),
    ("set by hand, then waiting moves it by working time",
     lambda: Story("resolution", "2026-11-16 10:00").by_hand("2026-11-16 12:00", "2026-11-20 18:00")
     .waits("2026-11-17 10:00", "2026-11-17 15:00"),
     "2026-11-23 14:00"),
    ("an extension that was granted survives a priority change",
     lambda: Story("resolution", "2026-11-16 10:00").extended("2026-11-18 10:00", "2026-11-23 18:00")
     .change("2026-11-18 11:00", urgency="urgent"),
     "2026-11-23 18:00"),
    ("two waits, the second over National Day",
     lambda: Story("resolution", "2026-09-28 10:00").waits("2026-09-28 11:00", "2026-09-28 15:00")
     .waits("2026-09-30 17:00", "2026-10-08 10:00"),
     "2026-10-08 16:00"),
    ("a wait at night costs working time nothing",
     lambda: Story("resolution", "2026-11-16 10:00").waits(*NIGHT), "2026-11-19 10:00"),
    ("the same wait by the clock: twelve hours",
     lambda: Story("resolution", "2026-11-16 10:00", urgency="critical").waits(*NIGHT), "2026-11-17 22:00"),
    ("reopened: a new clock from the reopening, over a month's end",
     lambda: Story("resolution", "2026-11-16 10:00").met("2026-11-18 10:00").start("2026-11-26 16:00"),
     "2026-12-01 16:00"),
    ("a company day off in between", company_day_off, "2026-11-20 10:00"),
    ("a make-up Saturday struck out", make_up_day_struck_out, "2026-10-12 16:20"),
    ("a holiday that one calendar works", holiday_struck_out_by_one_calendar, "2026-10-09 16:20"),
    ("and taken back", holiday_struck_out_and_taken_back, "2026-10-10 16:20"),
    ("a department that works every day, holidays too",
     lambda: Story("resolution", "2026-10-01 21:00", department_id=department(DAILY, official=False)),
     "2026-10-04 20:00"),
    ("a department of mornings, Saturdays included",
     lambda: Story("resolution", "2026-11-20 10:00", department_id=department(MORNINGS)), "2026-11-24 10:00"),
    ("half a working day of two hours there",
     lambda: Story("replacement", "2026-11-20 11:00", department_id=department(MORNINGS)), "2026-11-21 09:00"),
    ("given to a department that works longer",
     lambda: Story("acceptance", "2026-09-30 17:00")
     .change("2026-09-30 17:30", department_id=department(DAILY, official=False)),
     "2026-09-30 19:00"),
    ("given away to one without a calendar: the default one holds",
     lambda: Story("acceptance", "2026-09-30 17:00", department_id=department(DAILY, official=False))
     .change("2026-09-30 17:30", department_id=DepartmentFactory().pk),
     "2026-10-08 10:00"),
    ("the law as it was when the goods came back", lambda: law_amended("2026-11-30 10:00"), "2026-12-07 10:00"),
    ("the law as it is since", lambda: law_amended("2026-12-01 10:00"), "2026-12-06 10:00"),
    ("the law changes while the clock runs", law_amended_while_it_runs, "2026-12-05 10:00"),
]  # fmt: skip


@pytest.mark.req("SLA-02", "SLA-03", "SLA-08")
@pytest.mark.parametrize(("tell", "due"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_due_after_all_that_happened(tell, due):
    assert tell().deadline.due_at.astimezone(SHANGHAI) == moment(due)


@pytest.mark.req("SLA-01", "SLA-02", "SLA-08")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)).map(lambda d: d.replace(second=0, microsecond=0)),
    target=st.integers(1, 3000),
    extra=st.dictionaries(st.dates(date(2026, 1, 1), date(2027, 1, 31)), st.sampled_from(["off", "work"]), max_size=12),
)  # fmt: skip
def test_the_working_time_to_the_due_time_is_the_target_counted_minute_by_minute(start, target, extra):
    """Against a reckoning that shares nothing with the product's: every minute of every day is looked at."""
    base = standard()
    own = {"off": "company_day_off", "work": "workday"}
    days = {**dict(_official()), **{d: own[kind] for d, kind in extra.items()}}
    in_force = rules.current()
    timeline = type(in_force.timelines[base.pk])(
        type(in_force.timelines[base.pk].hours)("random", in_force.timelines[base.pk].hours.week, days)
    )
    start = start.replace(tzinfo=SHANGHAI)

    due = timeline.add(to_us(start), target * 60_000_000)

    minute, counted = start, 0
    while counted < target:
        counted += _works(minute, days)
        minute += timedelta(minutes=1)
    assert due == to_us(minute)


def _official():
    in_force = rules.current()
    return {d: str(entry.kind) for d, entry in in_force.official.items()}.items()


def _works(minute, days):
    kind = days.get(minute.date())
    if kind in ("holiday", "company_day_off") or (kind is None and minute.weekday() >= 5):
        return False
    at = minute.time()
    return time(9) <= at < time(12) or time(13, 30) <= at < time(18)


@pytest.mark.req("SLA-01")
def test_every_shipped_time_limit_of_the_catalogue_is_there():
    shipped = {p.code: (p.metric, p.target, p.unit) for p in Policy.objects.all()}

    expected = {
        "first-response": ("first_response", 1440, "clock_minutes"),
        "first-response-urgent": ("first_response", 60, "clock_minutes"),
        "first-response-critical": ("first_response", 60, "clock_minutes"),
        "hotline-pickup": ("hotline_pickup", 5, "clock_minutes"),
        "answer-inquiry": ("answer", 1, "working_days"),
        "answer-suggestion": ("answer", 3, "working_days"),
        "answer-complaint": ("answer", 3, "working_days"),
        "acceptance": ("acceptance", 120, "working_minutes"),
        "progress": ("progress", 1, "working_days"),
        "progress-urgent": ("progress", 240, "working_minutes"),
        "resolution-critical": ("resolution", 1440, "clock_minutes"),
        "resolution-urgent": ("resolution", 2, "working_days"),
        "resolution": ("resolution", 3, "working_days"),
        "callback": ("callback", 1440, "clock_minutes"),
        "second-follow-up": ("second_follow_up", 2880, "clock_minutes"),
        "eight-d": ("eight_d", 2880, "clock_minutes"),
        "replacement": ("replacement", Decimal("0.5"), "working_days"),
        "void": ("void", 1440, "clock_minutes"),
        "law-refund-7-days": ("legal_refund", 10080, "clock_minutes"),
        "law-refund-15-days": ("legal_refund_limit", 21600, "clock_minutes"),
        "law-odr-10-working-days": ("regulator", 10, "working_days"),
    }
    assert {code: shipped.get(code) for code in expected} == expected


def test_times_are_a_pure_function_of_what_was_recorded():
    in_force, policy = rules.current(), Policy.objects.get(code="resolution")
    start = moment("2026-09-28 10:00")

    assert times(policy, in_force, None, start) == times(policy, in_force, None, start)
