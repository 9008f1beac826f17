"""When things are due under the shipped policies, hours and official days. Times are Shanghai's."""

from datetime import UTC

import pytest

from apps.core.clock import SHANGHAI
from apps.sla.services import deadlines

URGENT, CRITICAL = {"urgency": "urgent"}, {"urgency": "critical"}
INQUIRY, HOTLINE = {"kind": "inquiry"}, {"channel": "hotline"}

# 2026: National Day is off from Thursday 1 to Wednesday 7 October; Sunday 20 September, Saturday 10 October are worked.
CASES = [
    # two working hours
    ("acceptance", {}, "2026-11-16 09:00", "2026-11-16 11:00", "from opening"),
    ("acceptance", {}, "2026-11-16 10:30", "2026-11-16 14:00", "across lunch"),
    ("acceptance", {}, "2026-11-16 12:30", "2026-11-16 15:30", "begun at lunch"),
    ("acceptance", {}, "2026-11-16 16:00", "2026-11-16 18:00", "until closing, not next morning"),
    ("acceptance", {}, "2026-11-16 16:30", "2026-11-17 09:30", "across the night"),
    ("acceptance", {}, "2026-11-16 20:00", "2026-11-17 11:00", "begun in the evening"),
    ("acceptance", {}, "2026-11-17 03:00", "2026-11-17 11:00", "begun at night"),
    ("acceptance", {}, "2026-11-20 17:30", "2026-11-23 10:30", "across a weekend"),
    ("acceptance", {}, "2026-11-21 10:00", "2026-11-23 11:00", "begun on Saturday"),
    ("acceptance", {}, "2026-09-30 17:00", "2026-10-08 10:00", "across National Day"),
    ("acceptance", {}, "2026-10-01 10:00", "2026-10-08 11:00", "begun on National Day"),
    ("acceptance", {}, "2026-10-09 17:00", "2026-10-10 10:00", "into a Saturday that is worked"),
    ("acceptance", {}, "2026-10-10 17:00", "2026-10-12 10:00", "out of a Saturday that is worked"),
    ("acceptance", {}, "2026-09-20 09:00", "2026-09-20 11:00", "on a Sunday that is worked"),
    ("acceptance", {}, "2026-09-24 17:00", "2026-09-28 10:00", "across Mid-Autumn"),
    ("acceptance", CRITICAL, "2026-10-01 23:00", "2026-10-02 01:00", "critical: by the clock"),
    ("progress", URGENT, "2026-11-16 10:00", "2026-11-16 15:30", "every four hours"),
    # working days
    ("resolution", {}, "2026-11-16 10:00", "2026-11-19 10:00", "within a week"),
    ("resolution", {}, "2026-11-20 10:00", "2026-11-25 10:00", "across a weekend"),
    ("resolution", {}, "2026-09-29 10:00", "2026-10-09 10:00", "across National Day"),
    ("resolution", {}, "2026-09-30 16:20", "2026-10-10 16:20", "across National Day into a worked Saturday"),
    ("resolution", {}, "2026-10-09 10:00", "2026-10-13 10:00", "across a worked Saturday"),
    ("resolution", {}, "2026-10-03 10:00", "2026-10-10 18:00", "begun on National Day"),
    ("resolution", {}, "2026-11-16 20:00", "2026-11-19 18:00", "begun in the evening"),
    ("resolution", {}, "2026-11-16 08:00", "2026-11-18 18:00", "begun before opening"),
    ("resolution", {}, "2026-11-16 12:40", "2026-11-19 12:00", "begun at lunch"),
    ("resolution", {}, "2026-11-21 10:00", "2026-11-25 18:00", "begun on Saturday"),
    ("resolution", {}, "2026-04-30 10:00", "2026-05-08 10:00", "across Labour Day"),
    ("resolution", {}, "2026-05-07 10:00", "2026-05-11 10:00", "Saturday 9 May is worked"),
    ("resolution", URGENT, "2026-02-13 15:00", "2026-02-24 15:00", "across Spring Festival, Saturday 14 is worked"),
    ("resolution", {}, "2026-12-31 10:00", "2027-01-06 10:00", "year end, into a provisional year"),
    ("answer", INQUIRY, "2025-12-31 10:00", "2026-01-04 10:00", "year end, Sunday 4 January is worked"),
    ("answer", INQUIRY, "2026-01-30 17:00", "2026-02-02 17:00", "month end"),
    ("answer", INQUIRY, "2028-02-28 10:00", "2028-02-29 10:00", "leap day, a year without official days"),
    ("answer", {"kind": "suggestion"}, "2026-11-16 10:00", "2026-11-19 10:00", "three days"),
    ("answer", {"kind": "complaint"}, "2026-11-16 10:00", "2026-11-19 10:00", "three days"),
    ("progress", {}, "2026-11-20 11:00", "2026-11-23 11:00", "every working day"),
    # the clock on the wall
    ("first_response", {}, "2026-11-20 23:00", "2026-11-21 23:00", "24 h, a weekend counts"),
    ("first_response", URGENT, "2026-10-01 08:15", "2026-10-01 09:15", "one hour, a holiday counts"),
    ("first_response", CRITICAL, "2026-12-31 23:30", "2027-01-01 00:30", "one hour, across the year"),
    ("hotline_pickup", HOTLINE, "2026-11-16 12:58", "2026-11-16 13:03", "five minutes"),
    ("resolution", CRITICAL, "2026-10-01 12:00", "2026-10-02 12:00", "24 h"),
    ("callback", {}, "2026-11-20 18:00", "2026-11-21 18:00", "24 h after the result"),
    ("second_follow_up", {}, "2026-09-30 18:00", "2026-10-02 18:00", "48 h"),
    ("survey_send", {}, "2026-11-16 17:00", "2026-11-16 19:00", "timer"),
    ("survey_reminder", {}, "2026-02-27 09:00", "2026-03-02 09:00", "timer, three days"),
    ("survey_no_reply", {}, "2026-11-16 09:00", "2026-11-23 09:00", "timer, seven days"),
    # other years, by the State Council's lists: 2024 works 4 and 18 February, 2025 works 26 January and 8 February
    ("resolution", {}, "2024-02-08 10:00", "2024-02-19 10:00", "Spring Festival 2024, Sunday 18 is worked"),
    ("answer", INQUIRY, "2024-02-28 16:00", "2024-02-29 16:00", "leap day 2024"),
    ("resolution", URGENT, "2024-02-28 16:00", "2024-03-01 16:00", "over the leap day"),
    ("callback", {}, "2024-02-28 18:00", "2024-02-29 18:00", "24 h into the leap day"),
    ("resolution", {}, "2025-01-24 10:00", "2025-02-05 10:00", "Spring Festival 2025, Sunday 26 January is worked"),
    ("resolution", {}, "2025-09-30 17:00", "2025-10-11 17:00", "eight days off in October 2025, Saturday 11 is worked"),
    ("acceptance", {}, "2025-04-27 17:30", "2025-04-28 10:30", "from a Sunday that is worked"),
    ("resolution", {}, "2027-02-04 10:00", "2027-02-15 10:00", "Spring Festival 2027, provisional"),
    # Spring Festival 2026: off from Sunday 15 to Monday 23 February; Saturdays 14 and 28 are worked
    ("acceptance", {}, "2026-02-14 17:00", "2026-02-24 10:00", "an hour before Spring Festival"),
    ("acceptance", {}, "2026-02-28 17:30", "2026-03-02 10:30", "month end on a Saturday that is worked"),
    ("answer", INQUIRY, "2026-06-18 15:00", "2026-06-22 15:00", "across the Dragon Boat Festival"),
    ("resolution", {}, "2026-04-03 11:00", "2026-04-09 11:00", "across Qingming"),
    ("resolution", {}, "2026-11-16 18:00", "2026-11-19 18:00", "begun at closing"),
    ("acceptance", {}, "2026-11-16 12:00", "2026-11-16 15:30", "begun as lunch begins"),
    ("acceptance", {}, "2026-11-16 11:00", "2026-11-16 14:30", "an hour before lunch"),
    # China has no summer time
    ("first_response", {}, "2026-03-28 23:30", "2026-03-29 23:30", "the night in which Europe changes its clocks"),
    ("progress", CRITICAL, "2026-10-31 22:00", "2026-11-01 02:00", "month end, and the night in which America does"),
    ("supervisor_call", {}, "2026-02-28 20:00", "2026-03-01 20:00", "24 h, month end"),
    # what other rooms start
    ("eight_d", {}, "2026-09-30 12:00", "2026-10-02 12:00", "48 h, a holiday counts"),
    ("replacement", {}, "2026-11-16 09:00", "2026-11-16 14:15", "half a working day is 3 h 45 min"),
    ("replacement", {}, "2026-11-16 15:00", "2026-11-17 09:45", "half a working day across the night"),
    ("replacement", {}, "2026-09-30 16:00", "2026-10-08 10:45", "half a working day across National Day"),
    ("void", {}, "2026-11-21 09:00", "2026-11-22 09:00", "24 h, a Saturday counts"),
    ("answer", {"kind": "regulator"}, "2026-11-16 10:00", "2026-11-19 10:00", "an authority's case"),
    # what the law sets
    ("regulator", {}, "2026-09-21 10:00", "2026-10-12 10:00", "ten working days across two holidays"),
    ("regulator", {}, "2026-10-03 11:00", "2026-10-20 18:00", "ten working days begun on a holiday"),
    ("regulator", {}, "2026-12-24 14:00", "2027-01-08 14:00", "ten working days across the year"),
    ("legal_refund", {}, "2026-09-30 15:20", "2026-10-07 15:20", "seven days, holidays count"),
    ("legal_refund", {}, "2024-02-26 09:00", "2024-03-04 09:00", "seven days over a leap day"),
    ("legal_refund_limit", {}, "2026-12-20 09:00", "2027-01-04 09:00", "fifteen days across the year"),
]


@pytest.mark.django_db
@pytest.mark.req("SLA-01", "SLA-02")
@pytest.mark.parametrize(("metric", "case", "start", "due", "why"), CASES, ids=[f"{c[0]}: {c[4]}" for c in CASES])
def test_due(subject, facts, shanghai, metric, case, start, due, why):
    (deadline,) = deadlines.start(subject, [metric], facts(**case), at=shanghai(start))

    assert deadline.due_at.astimezone(SHANGHAI) == shanghai(due)
    assert deadline.due_at.tzinfo is UTC


WEEK = "2026-11-16 10:00"  # a Monday; three working days on it is Thursday 10:00
PAUSES = [
    ({}, WEEK, [("2026-11-17 10:00", "2026-11-18 10:00")], "2026-11-20 10:00", "one working day"),
    ({}, WEEK, [("2026-11-17 11:30", "2026-11-17 14:00")], "2026-11-19 11:00", "lunch is not waited twice"),
    ({}, WEEK, [("2026-11-17 19:00", "2026-11-18 07:00")], "2026-11-19 10:00", "a night changes nothing"),
    ({}, WEEK, [("2026-11-17 09:00", "2026-11-17 10:00"), ("2026-11-18 17:30", "2026-11-19 09:30")],
     "2026-11-19 12:00", "two pauses, the second across a night"),
    ({}, WEEK, [("2026-11-19 09:59", "2026-11-30 09:59")], "2026-11-30 10:00", "a minute left when it began"),
    ({}, WEEK, [("2026-11-16 10:00", "2026-11-16 11:00")], "2026-11-19 11:00", "from the first minute"),
    ({}, "2026-11-19 10:00", [("2026-11-20 17:00", "2026-11-23 10:00")], "2026-11-24 12:00", "across a weekend"),
    ({}, "2026-09-29 10:00", [("2026-09-30 17:00", "2026-10-08 10:00")], "2026-10-09 12:00", "across National Day"),
    ({}, "2026-09-29 10:00", [("2026-10-02 10:00", "2026-10-06 10:00")], "2026-10-09 10:00", "within National Day"),
    ({}, "2026-12-30 10:00", [("2026-12-31 17:00", "2027-01-04 09:30")], "2027-01-05 11:30", "across the year"),
    (CRITICAL, WEEK, [("2026-11-16 20:00", "2026-11-16 23:30")], "2026-11-17 13:30", "by the clock: the night too"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.req("SLA-03")
@pytest.mark.parametrize(("case", "start", "pauses", "due", "why"), PAUSES, ids=[p[4] for p in PAUSES])
def test_due_after_pauses(subject, facts, shanghai, case, start, pauses, due, why):
    deadlines.start(subject, ["resolution"], facts(**case), at=shanghai(start))

    for began, ended in pauses:
        deadlines.pause(subject, at=shanghai(began))
        deadlines.resume(subject, at=shanghai(ended))

    (deadline,) = deadlines.open_for(subject)
    assert deadline.due_at.astimezone(SHANGHAI) == shanghai(due)


@pytest.mark.django_db
@pytest.mark.req("SLA-04")
@pytest.mark.parametrize(
    ("metric", "start", "warning"),
    [
        ("resolution", "2026-11-16 10:00", "2026-11-18 14:30"),  # 18 of 22.5 working hours
        ("acceptance", "2026-11-16 11:00", "2026-11-16 14:06"),  # 96 of 120 working minutes
        ("first_response", "2026-11-20 23:00", "2026-11-21 18:12"),  # 19.2 of 24 hours
        ("second_follow_up", "2026-09-30 18:00", "2026-10-02 08:24"),
    ],
)
def test_the_warning_comes_at_80_percent_of_the_same_clock(subject, facts, shanghai, metric, start, warning):
    (deadline,) = deadlines.start(subject, [metric], facts(), at=shanghai(start))

    assert deadline.warn_at == shanghai(warning)
    assert deadline.next_check_at == deadline.warn_at
