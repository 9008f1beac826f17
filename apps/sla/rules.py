"""Policies, calendars and ladder as this process knows them; a change anywhere takes effect within a second.

The rules are read once and kept. At most once a second a one-row query asks whether another version is in force.
A transaction that changes rules sees its own version at once, and alone: uncommitted rules never reach other threads,
and rules that were rolled back are forgotten.
"""

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as time_of_day

from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.sla.models import Calendar, CalendarDay, EscalationStep, Policy, RuleVersion, WorkingPeriod
from apps.sla.models.policy import CONDITIONS
from apps.sla.states import DayKind
from apps.sla.timeline import DAY, Hours, Period, Timeline

CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a subject's time limits: words of `core.vocabulary` and the department that works on it."""

    kind: str
    urgency: str
    channel: str
    tier: str
    department_id: int | None


@dataclass(frozen=True)
class Rules:
    version: uuid.UUID | None
    policies: Mapping[uuid.UUID, Policy]  # all versions
    by_metric: Mapping[str, Sequence[Policy]]  # the most specific first
    timelines: Mapping[uuid.UUID, Timeline]
    calendar_of: Mapping[int | None, Calendar]  # by department; None is the default
    ladders: Mapping[str, Sequence[EscalationStep]]  # by metric; "" is the general one
    official: Mapping[date, CalendarDay]
    own_days: Mapping[uuid.UUID, Mapping[date, CalendarDay]]
    _fitting: dict[tuple[str, ...], tuple[Policy, ...]] = field(default_factory=dict)

    def match(self, metric: str, facts: Facts, moment: datetime) -> Policy | None:
        """The policy in force at `moment` for these facts: the most specific, then the highest rank (SLA-01)."""
        key = (metric, facts.kind, facts.urgency, facts.channel, facts.tier)
        fitting = self._fitting.get(key)
        if fitting is None:
            fitting = tuple(p for p in self.by_metric.get(metric, ()) if _fits(p, facts))
            self._fitting[key] = fitting
        for policy in fitting:
            if policy.in_force(moment):
                return policy
        return None

    def calendar(self, department_id: int | None) -> Calendar:
        """The department's calendar, or the default one. Raises DomainError `sla.no_calendar`."""
        calendar = self.calendar_of.get(department_id) or self.calendar_of.get(None)
        if calendar is None:
            raise DomainError("sla.no_calendar")
        return calendar

    def timeline(self, department_id: int | None) -> Timeline:
        return self.timelines[self.calendar(department_id).pk]

    def ladder(self, metric: str) -> Sequence[EscalationStep]:
        """The steps for a metric, lowest level first."""
        return self.ladders.get(metric) or self.ladders.get("", ())

    def special_day(self, calendar: Calendar, day: date) -> CalendarDay | None:
        """What makes this date differ from its weekday in this calendar."""
        own = self.own_days.get(calendar.pk, {}).get(day)
        return own or (self.official.get(day) if calendar.official_days else None)

    def official_years(self) -> dict[int, bool]:
        """Years with official days → whether they are provisional."""
        years: dict[int, bool] = {}
        for day in self.official.values():
            if day.kind in (DayKind.HOLIDAY, DayKind.WORKDAY):
                years[day.date.year] = years.get(day.date.year, False) or day.provisional
        return years


def _fits(policy: Policy, facts: Facts) -> bool:
    return all(getattr(policy, name) in ("", getattr(facts, name)) for name in CONDITIONS)


# The copy of this process -------------------------------------------------------------------------------------------

_shared: Rules | None = None
_checked = float("-inf")
_own = threading.local()  # `.version` and `.rules` of a transaction of this thread that changed rules


def current() -> Rules:
    """The rules in force. No query when they were looked at within the last second."""
    global _shared, _checked
    if getattr(_own, "version", None) is not None:
        version = _read_version()
        if version == _own.version:
            if _own.rules is None:
                _own.rules = _load(version)
            return _own.rules
        _own.version = None  # rolled back
    now = time.monotonic()
    if _shared is not None and now - _checked < CHECK_SECONDS:
        return _shared
    version = _read_version()
    if _shared is None or _shared.version != version:
        _shared = _load(version)
    _checked = now
    return _shared


def touch() -> None:
    """Say, inside the transaction of a change, that calendars, policies or ladder changed."""
    version = uuid.uuid4()
    RuleVersion.objects.update_or_create(singleton=True, defaults={"version": version})
    _own.version, _own.rules = version, None
    transaction.on_commit(forget)


def forget() -> None:
    """Look again at the next use."""
    global _checked
    _own.version = None
    _checked = float("-inf")


def _read_version() -> uuid.UUID | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM sla_ruleversion")
        row = cursor.fetchone()
    return row[0] if row else None


def _load(version: uuid.UUID | None) -> Rules:
    policies = list(Policy.objects.select_related("legal_rule"))
    calendars = list(Calendar.objects.all())
    own_days: dict[uuid.UUID | None, dict[date, CalendarDay]] = defaultdict(dict)
    for day in CalendarDay.objects.all():
        own_days[day.calendar_id][day.date] = day
    official = own_days.pop(None, {})
    periods: dict[uuid.UUID, list[WorkingPeriod]] = defaultdict(list)
    for period in WorkingPeriod.objects.all():
        periods[period.calendar_id].append(period)
    return Rules(
        version=version,
        policies={policy.pk: policy for policy in policies},
        by_metric=_ranked(policies),
        timelines={c.pk: Timeline(_hours(c, periods[c.pk], official, own_days.get(c.pk, {}))) for c in calendars},
        calendar_of={c.department_id: c for c in calendars},
        ladders=_ladders(list(EscalationStep.objects.all())),
        official=official,
        own_days={pk: days for pk, days in own_days.items() if pk is not None},
    )


def _ranked(policies: Sequence[Policy]) -> dict[str, list[Policy]]:
    by_metric: dict[str, list[Policy]] = defaultdict(list)
    for policy in sorted(policies, key=lambda p: (-p.specificity, -p.priority, p.code, -p.version)):
        by_metric[policy.metric].append(policy)
    return dict(by_metric)


def _ladders(steps: Sequence[EscalationStep]) -> dict[str, list[EscalationStep]]:
    ladders: dict[str, list[EscalationStep]] = defaultdict(list)
    for step in sorted(steps, key=lambda s: s.rank):
        ladders[step.metric].append(step)
    return dict(ladders)


def _hours(
    calendar: Calendar,
    periods: Sequence[WorkingPeriod],
    official: Mapping[date, CalendarDay],
    own: Mapping[date, CalendarDay],
) -> Hours:
    week: list[list[Period]] = [[] for _ in range(7)]
    for period in periods:
        week[period.weekday].append((since_midnight(period.start), since_midnight(period.end) or DAY))
    days = {day: DayKind(entry.kind) for day, entry in official.items()} if calendar.official_days else {}
    days |= {day: DayKind(entry.kind) for day, entry in own.items()}
    return Hours(calendar.name, tuple(tuple(sorted(day)) for day in week), days)


def since_midnight(value: time_of_day) -> int:
    """Microseconds since midnight."""
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
