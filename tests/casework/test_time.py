from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.casework.models import TimeEntry
from apps.casework.selectors import papers
from apps.casework.services import timekeeping
from apps.casework.services.timekeeping import Spent
from apps.core import actors, clock
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.journal.models import Event
from tests.desk.pages import at, do
from tests.factories import staff, ticket_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 6, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


@pytest.fixture
def one(clerk):
    return ticket_in("in_progress", actor=clerk)


def spend(one: Ticket, actor, minutes: int = 25, **more: object) -> TimeEntry:
    return timekeeping.add(one, Spent(minutes, "phone", **more), actor=actor)


def total(one: Ticket) -> int:
    found = papers.time_spent(Ticket.objects.get(pk=one.pk))
    return found.total if found else 0


def test_minutes_add_up_by_ticket_and_person(one, clerk, lead):
    spend(one, clerk)
    spend(one, clerk, 10)
    spend(one, lead, 90, note="复检")

    found = papers.time_spent(Ticket.objects.get(pk=one.pk))

    assert found.total == 125
    assert found.people == [(str(lead.user), 90), (str(clerk.user), 35)]
    event = Event.objects.filter(kind="time.added", subject_id=one.pk).first()
    assert event.data["minutes"] == 25


def test_a_correction_is_a_counter_entry_and_the_first_one_stays(one, clerk):
    entry = spend(one, clerk, 250)

    timekeeping.correct(entry, actor=clerk, minutes=25)

    assert list(TimeEntry.objects.filter(ticket=one).order_by("id").values_list("minutes", flat=True)) == [
        250,
        -250,
        25,
    ]
    assert total(one) == 25
    with pytest.raises(DomainError) as twice:
        timekeeping.correct(entry, actor=clerk)
    assert twice.value.code == "time.corrected"


def test_nobody_corrects_anothers_time(one, clerk, lead):
    entry = spend(one, clerk)

    with pytest.raises(DomainError) as refused:
        timekeeping.correct(entry, actor=lead)
    assert refused.value.code == "time.not_yours"


def test_a_correction_is_for_the_same_day_in_shanghai(one, clerk):
    with clock.at(NOON):
        entry = spend(one, clerk)
    with clock.at(datetime(2026, 5, 6, 15, 59, tzinfo=UTC)):  # 23:59
        timekeeping.correct(entry, actor=clerk)
    with clock.at(NOON):
        late = spend(one, clerk)

    with clock.at(datetime(2026, 5, 6, 16, 0, tzinfo=UTC)), pytest.raises(DomainError) as refused:  # 00:00
        timekeeping.correct(late, actor=clerk)
    assert refused.value.code == "time.too_late"


@pytest.mark.parametrize(
    ("minutes", "more", "code"),
    [
        (0, {}, "time.minutes"),
        (-5, {}, "time.minutes"),
        (1441, {}, "time.minutes"),
        (5, {"worked_on": date(2026, 5, 7)}, "time.future"),
        (5, {"worked_on": date(2026, 4, 4)}, "time.too_old"),
        (5, {"note": "长" * 201}, "core.too_long"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(minutes, more, code, one, clerk):
    with clock.at(NOON), pytest.raises(DomainErrors) as refused:
        spend(one, clerk, minutes, **more)
    assert [e.code for e in refused.value.errors] == [code]


def test_a_day_has_24_hours_over_all_tickets(one, clerk):
    spend(one, clerk, 1000)
    other = ticket_in("in_progress", actor=clerk)

    with pytest.raises(DomainError) as refused:
        spend(other, clerk, 441)
    assert refused.value.code == "time.day_full" and "1000" in refused.value.words
    assert spend(other, clerk, 440).minutes == 440


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(minutes=st.lists(st.integers(1, 90), min_size=1, max_size=6), taken=st.sets(st.integers(0, 5)))
def test_the_sum_is_what_was_entered_less_what_was_taken_back(minutes, taken, one, clerk):
    before = total(one)
    with transaction.atomic():
        entries = [spend(one, clerk, n) for n in minutes]
        for n in taken:
            if n < len(entries):
                timekeeping.correct(entries[n], actor=clerk)
        expected = sum(m for n, m in enumerate(minutes) if n not in taken)
        assert total(one) - before == expected
        transaction.set_rollback(True)


def test_the_database_knows_no_negative_time_but_a_correction(one, clerk):
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeEntry.objects.create(
            ticket=one, user=clerk.user, minutes=-5, activity="phone", worked_on=date(2026, 5, 6), at=NOON
        )


def test_a_key_names_whose_time_it_is(one, api):
    who = staff(staff_number="S9977")

    nobody = api.post(f"tickets/{one.number}/time/", {"minutes": 5, "activity": "phone", "user": "S0"})
    good = api.post(f"tickets/{one.number}/time/", {"minutes": 5, "activity": "phone", "user": "S9977"})

    assert (nobody.status_code, nobody.json()["code"]) == (422, "time.nobody")
    assert good.status_code == 201 and TimeEntry.objects.get().user_id == who.pk
    assert api.get(f"tickets/{one.number}/time/").json()["total"] == 5


def test_staff_enter_only_their_own(one, clerk, lead):
    with pytest.raises(DomainError) as refused:
        timekeeping.add(one, Spent(5, "phone"), actor=clerk, user=lead.user)
    assert refused.value.code == "time.nobody"


def test_on_the_page_time_is_entered_seen_and_corrected(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    today = f"{timekeeping.today():%Y-%m-%d}"

    do(client, one, "time", minutes="95", activity="analysis", worked_on=today, note="拆机")
    page = client.get(at(one)).content.decode()
    do(client, one, "time_correct", row=TimeEntry.objects.get().pk, minutes="59")

    assert "1 小时 35 分" in page and "拆机" in page and "分析排查" in page
    assert total(one) == 59


def test_the_list_by_person_is_for_leads(signed_in, one, clerk):
    spend(one, clerk, 135)
    address = reverse("admin:casework_timeentry_changelist")

    assert signed_in("service_staff").get(address).status_code == 403
    page = signed_in("service_lead").get(address, {"user__id__exact": clerk.user_id})
    assert page.status_code == 200 and "2 小时 15 分钟" in page.content.decode()


def test_who_only_looks_enters_nothing(one, auditor):
    with pytest.raises(DomainError) as refused:
        spend(one, auditor)
    assert refused.value.code == "core.not_allowed"
