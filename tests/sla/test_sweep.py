"""The sweep: warns, finds late, escalates, fires; each threshold once, whoever sweeps and however often."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.core import clock, locks
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.core.models import Heartbeat
from apps.journal.events import Ref
from apps.journal.models import Event
from apps.sla import events, tasks
from apps.sla.models import Deadline, EscalationStep
from apps.sla.services import deadlines, ladder
from apps.sla.services import sweep as sweeping
from apps.sla.services.sweep import SweepResult, sweep

SYSTEM = system("test")
MONDAY = "2026-11-16 10:00"


def story(subject):
    found = Event.objects.filter(subject_id=subject.id).order_by("id")
    return [(e.kind, e.data.get("level")) for e in found if e.kind.startswith("deadline.")]


@pytest.mark.django_db
@pytest.mark.req("SLA-04", "SLA-08")
def test_warning_breach_and_ladder_each_once(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    moments = [
        ("2026-11-18 14:29", None),
        ("2026-11-18 14:30", (events.WARNED, "assignee")),  # 80 % of 22.5 working hours
        ("2026-11-19 09:59", None),
        ("2026-11-19 10:00", (events.BREACHED, "assignee")),
        ("2026-11-19 17:06", None),
        ("2026-11-19 17:08", (events.ESCALATED, "head")),  # 25 % late
        ("2026-11-20 15:15", (events.ESCALATED, "duty_manager")),  # 50 %
        ("2026-11-24 10:00", (events.ESCALATED, "management")),  # 100 %
        ("2027-11-24 10:00", None),
    ]

    for text, expected in moments:
        before = len(story(subject))
        sweep(now=shanghai(text))
        sweep(now=shanghai(text))
        assert story(subject)[before:] == ([expected] if expected else []), text

    deadline = Deadline.objects.get()
    assert (deadline.state, deadline.level, deadline.next_check_at) == ("open", 4, None)
    assert deadline.warned_at == shanghai("2026-11-18 14:30")
    assert deadline.breached_at == shanghai("2026-11-19 10:00")


@pytest.mark.django_db
@pytest.mark.req("SLA-04")
def test_what_a_department_does_not_accept_goes_to_its_head_at_once(subject, facts, shanghai):
    deadlines.start(subject, ["acceptance"], facts(), at=shanghai(MONDAY))

    assert sweep(now=shanghai("2026-11-16 11:35")) == SweepResult()
    assert sweep(now=shanghai("2026-11-16 11:36")) == SweepResult(checked=1, warned=1)
    assert sweep(now=shanghai("2026-11-16 12:00")) == SweepResult(checked=1, breached=1, escalated=1)
    assert story(subject)[1:] == [(events.BREACHED, "assignee"), (events.ESCALATED, "head")]


@pytest.mark.django_db
@pytest.mark.req("SLA-04", "SLA-08")
def test_after_a_standstill_everything_passed_is_recorded_once_and_no_warning_is_sent_afterwards(
    subject, facts, shanghai
):
    deadlines.start(subject, ["acceptance"], facts(urgency="critical"), at=shanghai(MONDAY))

    sweep(now=shanghai("2026-11-16 14:30"))
    sweep(now=shanghai("2026-11-16 14:31"))

    assert story(subject) == [
        (events.BREACHED, "assignee"), (events.ESCALATED, "head"), (events.ESCALATED, "duty_manager"),
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.req("SLA-07", "SLA-08")
def test_a_timer_fires_once_and_is_over(subject, facts, shanghai):
    (timer,) = deadlines.start(subject, ["survey_reminder"], facts(), at=shanghai(MONDAY))

    early = sweep(now=shanghai("2026-11-19 09:59"))
    fired = sweep(now=shanghai("2026-11-19 10:00"))
    later = sweep(now=shanghai("2026-11-20 10:00"))

    assert (early.fired, fired, later.checked) == (0, SweepResult(checked=1, fired=1), 0)
    (event,) = Event.objects.filter(subject_id=subject.id)
    assert (event.kind, event.subject_type, event.actor_label) == (events.FIRED, subject.type, "system:sla")
    assert event.data == {
        "deadline": str(timer.pk), "metric": "survey_reminder", "due_at": "2026-11-19T02:00:00+00:00", "department": None,
    }  # fmt: skip
    stored = Deadline.objects.get()
    assert (stored.state, stored.ended_at) == ("fired", shanghai("2026-11-19 10:00"))


@pytest.mark.django_db
@pytest.mark.usefixtures("rules_at_hand")
def test_a_sweep_costs_as_many_statements_for_many_as_for_one(facts, shanghai, django_assert_num_queries):
    for _ in range(7):
        deadlines.start(Ref("feedback.ticket", uuid4()), ["resolution", "survey_send"], facts(), at=shanghai(MONDAY))
    sweep(now=shanghai(MONDAY))

    with django_assert_num_queries(6):  # savepoint and release, claim, obligations, timers, events with deliveries
        sweep(now=shanghai("2026-11-19 10:00"))
    with django_assert_num_queries(3):
        sweep(now=shanghai("2026-11-19 10:00"))


@pytest.mark.django_db
def test_the_task_sweeps_until_nothing_is_left_and_leaves_a_heartbeat(facts, shanghai, monkeypatch):
    for _ in range(7):
        deadlines.start(Ref("feedback.ticket", uuid4()), ["survey_send"], facts(), at=shanghai(MONDAY))
    monkeypatch.setattr(tasks, "LIMIT", 2)

    with clock.at(shanghai("2026-11-17 10:00")):
        tasks.sweep_deadlines()

    assert Deadline.objects.filter(state="fired").count() == 7
    assert Heartbeat.objects.get(name="sla.sweep").at == shanghai("2026-11-17 10:00")


# The ladder is rows --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.req("SLA-04")
def test_a_changed_ladder_reaches_what_is_late_already(subject, facts, shanghai):
    deadlines.start(subject, ["callback"], facts(), at=shanghai(MONDAY))
    sweep(now=shanghai("2026-11-17 11:00"))

    step = EscalationStep(metric="callback", level="management", after=30, unit="minutes")
    with clock.at(shanghai("2026-11-17 11:01")):
        ladder.save_step(step, actor=SYSTEM)
        sweep(now=clock.now())

    assert story(subject) == [(events.BREACHED, "assignee"), (events.ESCALATED, "management")]


@pytest.mark.django_db
def test_without_any_step_nobody_above_is_told(subject, facts, shanghai):
    for step in EscalationStep.objects.all():
        ladder.delete_step(step, actor=SYSTEM)
    deadlines.start(subject, ["callback"], facts(), at=shanghai(MONDAY))

    sweep(now=shanghai("2026-12-17 11:00"))

    assert story(subject) == [(events.BREACHED, "assignee")]
    assert Deadline.objects.get().next_check_at is None


@pytest.mark.django_db
def test_a_higher_level_does_not_come_before_a_lower_one():
    with pytest.raises(DomainError) as error:
        ladder.save_step(EscalationStep(level="assignee", after=40, unit="percent"), actor=SYSTEM)

    assert error.value.code == "sla.ladder_order"


# Two at once ---------------------------------------------------------------------------------------------------------


def _prepare(facts, shanghai, count=300):
    with transaction.atomic():
        for _ in range(count):
            deadlines.start(Ref("feedback.ticket", uuid4()), ["acceptance"], facts(), at=shanghai(MONDAY))


def _sweep_in_threads(now, threads=4):
    """Sweep until nothing is left, in several threads that begin together."""
    start, failures = threading.Barrier(threads), []

    def work():
        try:
            start.wait()
            while sweep(now=now, limit=50).checked:
                pass
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures


def _counts():
    kinds = Event.objects.filter(kind__startswith="deadline.").values_list("kind", "data__deadline")
    return [kind for kind, _ in kinds], len(set(kinds))


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("SLA-08")
def test_sweeps_at_the_same_time_pass_each_threshold_once(facts, shanghai):
    _prepare(facts, shanghai)

    for moment in ("2026-11-16 11:40", "2026-11-16 13:40"):
        _sweep_in_threads(shanghai(moment))

    kinds, different = _counts()
    assert len(kinds) == different == 900
    assert {kind: kinds.count(kind) for kind in kinds} == {
        events.WARNED: 300, events.BREACHED: 300, events.ESCALATED: 300,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_the_same_sweeps_repeat_themselves(facts, shanghai, monkeypatch):
    """The control: it is the claim that keeps them apart."""
    _prepare(facts, shanghai, count=50)
    together = threading.Barrier(4)

    def read(queryset, limit):
        found = list(queryset[:limit])
        together.wait(timeout=300)
        return found

    monkeypatch.setattr(locks, "claim", read)
    monkeypatch.setattr(sweeping, "locks", locks)
    _sweep_in_threads(shanghai("2026-11-16 15:30"))

    kinds, different = _counts()
    assert len(kinds) > different


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("SLA-03")
def test_meeting_waits_for_a_sweep_that_holds_the_row_and_then_sees_its_breach(facts, shanghai, subject):
    deadlines.start(subject, ["acceptance"], facts(), at=shanghai(MONDAY))
    holding, met = threading.Event(), []

    def meet():
        holding.wait()
        met.append(deadlines.meet(subject, "acceptance", at=shanghai("2026-11-16 15:31")))
        connection.close()

    worker = threading.Thread(target=meet)
    worker.start()
    with transaction.atomic():
        sweep(now=shanghai("2026-11-16 15:30"))
        holding.set()
        worker.join(timeout=0.3)
        assert worker.is_alive()  # it waits
    worker.join()

    assert met[0].breached_at == shanghai("2026-11-16 15:30")
    assert [kind for kind, _ in story(subject)].count(events.BREACHED) == 1


@pytest.mark.django_db(transaction=True)
def test_a_sweep_passes_by_what_somebody_holds(facts, shanghai):
    first, second = (Ref("feedback.ticket", uuid4()) for _ in range(2))
    for each in (first, second):
        deadlines.start(each, ["survey_send"], facts(), at=shanghai(MONDAY))
    results = []

    def work():
        results.append(sweep(now=shanghai(MONDAY) + timedelta(days=1)))
        connection.close()

    with transaction.atomic():
        locks.rows(Deadline.objects.filter(subject_id=first.id))
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()

    assert results == [SweepResult(checked=1, fired=1)]
    assert sweep(now=shanghai(MONDAY) + timedelta(days=1)).fired == 1
