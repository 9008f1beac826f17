"""Why something is due when it is due, in sentences of the active language (SLA-08)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from apps.core import clock
from apps.core.vocabulary import Channel, Kind, Tier, Urgency
from apps.sla import dueness, rules, selectors
from apps.sla.models import Calendar, Deadline, LegalRule, Pause, Policy
from apps.sla.models.policy import CONDITIONS
from apps.sla.rules import Facts, Rules
from apps.sla.states import DayKind, Metric, State, Unit, Weekday
from apps.sla.timeline import MINUTE, Timeline, midnight, to_moment, to_us

MOST_DAY_GROUPS = 20
_WORDS = {"kind": Kind, "urgency": Urgency, "channel": Channel, "tier": Tier}


def explain(deadline: Deadline) -> list[str]:
    """The policy and why it applies, the start, the days left out, pauses, dates set by hand, the result."""
    in_force = rules.current()
    policy, pauses = in_force.policies[deadline.policy_id], selectors.pauses_of(deadline.subject)
    return [
        *_policy(policy),
        *_start(deadline, policy, in_force),
        *_calendar(deadline, policy, in_force),
        *_pauses(deadline, policy, in_force, pauses),
        *_by_hand(deadline),
        *_result(deadline, policy, in_force, pauses),
    ]


def explain_missing(metric: str, facts: Facts) -> str:
    """What to say of a metric that no policy matches: it is not guessed."""
    cases = [str(_WORDS[name](getattr(facts, name)).label) for name in CONDITIONS]
    return _("No policy sets a time limit for “%(metric)s” in this case (%(cases)s).") % {
        "metric": Metric(metric).label,
        "cases": _comma().join(cases),
    }


def target_words(policy: Policy) -> str:
    """The target with its unit, e.g. `3 working days`."""
    if policy.unit == Unit.WORKING_DAYS:
        words = ngettext("%(days)s working day", "%(days)s working days", 1 if policy.target == 1 else 2)
        return words % {"days": f"{policy.target.normalize():f}"}
    days, rest = divmod(policy.target, 24 * 60)
    if policy.unit == Unit.CLOCK_MINUTES and days >= 3 and not rest:
        return _("%(days)s days by the clock") % {"days": int(days)}
    length = duration_words(int(policy.target * MINUTE))
    if policy.unit == Unit.WORKING_MINUTES:
        return _("%(time)s of working time") % {"time": length}
    return _("%(time)s by the clock") % {"time": length}


def law_target_words(rule: LegalRule) -> str:
    """The same of a legal rule; empty for one without a clock."""
    if rule.target is None:
        return ""
    return target_words(Policy(target=rule.target, unit=rule.unit))


def duration_words(us: int) -> str:
    """A length in hours and minutes."""
    hours, minutes = divmod(round(us / MINUTE), 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": minutes}
    if not minutes:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}


def _comma() -> str:
    return pgettext("between the parts of a list", ", ")


def _semicolon() -> str:
    return pgettext("between the parts of a list", "; ")


def _moment(value: datetime) -> str:
    return date_format(clock.local(value), "DATETIME_FORMAT")


def _policy(policy: Policy) -> Iterator[str]:
    words = {"metric": policy.get_metric_display(), "target": target_words(policy), "policy": policy.name}
    if policy.legal_rule is not None:
        yield from _law(policy.legal_rule, words)
        return
    yield _("“%(metric)s”: %(target)s, by the policy “%(policy)s” (version %(version)s).") % {
        **words,
        "version": policy.version,
    }
    cases = [
        _("%(name)s: %(value)s")
        % {"name": Policy._meta.get_field(name).verbose_name, "value": getattr(policy, f"get_{name}_display")()}
        for name in CONDITIONS
        if getattr(policy, name)
    ]
    if cases:
        yield _("It applies because no narrower policy matches and this one is for: %(cases)s.") % {
            "cases": _comma().join(cases)
        }
    else:
        yield _("It applies because no narrower policy matches; this one is for all cases.")


def _law(rule: LegalRule, words: dict[str, str]) -> Iterator[str]:
    """The rule with its article, as it stood when the clock started (LAW-01 … LAW-03)."""
    yield _("“%(metric)s”: %(target)s, by law: %(citation)s (%(policy)s, in force since %(day)s).") % {
        **words,
        "citation": rule.citation,
        "day": date_format(rule.effective_from, "DATE_FORMAT"),
    }
    yield from filter(None, (rule.duty, rule.consequence))
    if rule.starts:
        yield _("Counted from: %(what)s") % {"what": rule.starts}


def _start(deadline: Deadline, policy: Policy, in_force: Rules) -> Iterator[str]:
    yield _("Counting began: %(at)s") % {"at": _moment(deadline.started_at)}
    if policy.unit == Unit.CLOCK_MINUTES:
        return
    timeline, start = in_force.timeline(deadline.department_id), to_us(deadline.started_at)
    opening = timeline.add(start, 1) - 1
    if opening > start:
        yield _("That was outside working hours; the first working moment after it was %(at)s") % {
            "at": _moment(to_moment(opening))
        }


# Calendar ------------------------------------------------------------------------------------------------------------


def _calendar(deadline: Deadline, policy: Policy, in_force: Rules) -> Iterator[str]:
    if policy.unit == Unit.CLOCK_MINUTES:
        yield _("Nights, weekends and holidays count.")
        return
    calendar, timeline = in_force.calendar(deadline.department_id), in_force.timeline(deadline.department_id)
    yield _("Only working time of the calendar “%(calendar)s” counts (%(hours)s).") % {
        "calendar": calendar.name,
        "hours": hours_words(timeline),
    }
    first, last = clock.local(deadline.started_at).date(), clock.local(deadline.due_at).date()
    lines = list(_days(calendar, timeline, in_force, first, last))
    yield from lines[:MOST_DAY_GROUPS]
    if len(lines) > MOST_DAY_GROUPS:
        yield _("… and %(count)s more such days or stretches of days.") % {"count": len(lines) - MOST_DAY_GROUPS}
    if calendar.official_days:
        yield from _years(in_force, first.year, last.year)


def hours_words(timeline: Timeline) -> str:
    """The week's hours, e.g. `Monday–Friday 09:00–12:00, 13:30–18:00`."""
    parts: list[str] = []
    day = 0
    while day < 7:
        periods, first = timeline.hours.week[day], day
        while day < 6 and timeline.hours.week[day + 1] == periods:
            day += 1
        if periods:
            days = str(Weekday(first).label) if first == day else f"{Weekday(first).label}–{Weekday(day).label}"
            parts.append(f"{days} {_comma().join(f'{_time(a)}–{_time(b)}' for a, b in periods)}")
        day += 1
    return _semicolon().join(parts)


def _time(us: int) -> str:
    hours, minutes = divmod(us // MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


def _days(calendar: Calendar, timeline: Timeline, in_force: Rules, first: date, last: date) -> Iterator[str]:
    """A sentence for each stretch of days that differ from an ordinary working day."""
    stretch: tuple[date, date, tuple[str, bool]] | None = None
    day = first
    while day <= last:
        what = _what(calendar, timeline, in_force, day)
        if stretch and what == stretch[2]:
            stretch = (stretch[0], day, what)
        else:
            if stretch:
                yield _stretch(*stretch)
            stretch = (day, day, what) if what else None
        day += timedelta(days=1)
    if stretch:
        yield _stretch(*stretch)


def _what(calendar: Calendar, timeline: Timeline, in_force: Rules, day: date) -> tuple[str, bool] | None:
    """What the day is called and whether it counts; None for an ordinary working day."""
    special = in_force.special_day(calendar, day)
    if special is not None and special.kind != DayKind.ORDINARY:
        return special.name or special.get_kind_display(), special.kind == DayKind.WORKDAY
    if not timeline.between(midnight(day), midnight(day + timedelta(days=1))):
        return _("no working hours"), False
    return None


def _stretch(first: date, last: date, what: tuple[str, bool]) -> str:
    days = date_format(first, "MONTH_DAY_FORMAT")
    if last != first:
        days = f"{days}–{date_format(last, 'MONTH_DAY_FORMAT')}"
    words = _("%(days)s: %(name)s, counted.") if what[1] else _("%(days)s: %(name)s, not counted.")
    return words % {"days": days, "name": what[0]}


def _years(in_force: Rules, first: int, last: int) -> Iterator[str]:
    known = in_force.official_years()
    for year in range(first, last + 1):
        if year not in known:
            words = _("No official days are known for %(year)s: only weekdays decide there, provisionally.")
            yield words % {"year": year}
        elif known[year]:
            yield _("The holidays of %(year)s are provisional: make-up working days are not announced yet.") % {
                "year": year
            }


# What happened to it -------------------------------------------------------------------------------------------------


def _pauses(deadline: Deadline, policy: Policy, in_force: Rules, pauses: Sequence[Pause]) -> Iterator[str]:
    if not policy.pausable:
        return
    ruler = dueness.ruler_of(policy, in_force, deadline.department_id)
    counts_from = deadline.hand_set_at or deadline.started_at
    for pause in pauses:
        began = max(pause.began_at, counts_from)
        if pause.ended_at is None or pause.ended_at <= began or began >= deadline.due_at:
            continue
        length = ruler.between(to_us(began), to_us(pause.ended_at))
        yield _("Waiting for the customer from %(began)s to %(ended)s: %(length)s not counted.") % {
            "began": _moment(began),
            "ended": _moment(pause.ended_at),
            "length": duration_words(length),
        }
    if deadline.paused_at is not None:
        yield _("Waiting for the customer since %(began)s: the clock stands still.") % {
            "began": _moment(deadline.paused_at)
        }


def _by_hand(deadline: Deadline) -> Iterator[str]:
    if deadline.hand_due_at is not None and deadline.hand_set_at is not None:
        yield _("%(who)s set the due time by hand to %(due)s (on %(at)s). Reason: %(reason)s") % {
            "who": deadline.hand_by,
            "due": _moment(deadline.hand_due_at),
            "at": _moment(deadline.hand_set_at),
            "reason": deadline.hand_reason,
        }


def _result(deadline: Deadline, policy: Policy, in_force: Rules, pauses: Sequence[Pause]) -> Iterator[str]:
    yield _("So it is due: %(due)s") % {"due": _moment(deadline.due_at)}
    today = dueness.times_of(deadline, policy, in_force, pauses).due_at
    if deadline.state != State.OPEN and today != deadline.due_at:
        yield _("By today's calendar it would have been due %(due)s; the time recorded then stands.") % {
            "due": _moment(today)
        }
    if deadline.breached_at is not None:
        yield _("It was not met in time.")
    if deadline.ended_at is not None:
        words = {
            State.MET: _("Met: %(at)s"),
            State.CANCELLED: _("No longer asked for since %(at)s"),
            State.FIRED: _("Carried out: %(at)s"),
        }[State(deadline.state)]
        yield words % {"at": _moment(deadline.ended_at)}
    elif deadline.is_timer:
        yield _("The system does this by itself at that time.")
