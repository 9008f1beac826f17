"""Rules in memory: quick, seen at once where they were changed and within a second elsewhere, never uncommitted."""

import threading
from decimal import Decimal
from math import inf

import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError, DomainErrors
from apps.journal.models import Event
from apps.sla import events, rules
from apps.sla.models import Calendar, Deadline, Policy
from apps.sla.services import deadlines, policies
from tests.factories import actor_with

SYSTEM = system("test")


@pytest.fixture
def callback():
    return Policy.objects.get(code="callback", effective_to=None)


def target(facts, shanghai):
    return rules.current().match("callback", facts(), shanghai("2030-01-01 10:00")).target


def in_another_thread(ask):
    answers = []

    def work():
        answers.append(ask())
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return answers[0]


@pytest.mark.django_db
def test_rules_in_use_cost_at_most_one_tiny_query_a_second(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(rules, "CHECK_SECONDS", inf)  # a busy machine must not make it a second
    rules.current()

    with django_assert_num_queries(0):
        rules.current()
    monkeypatch.setattr(rules, "CHECK_SECONDS", 0.0)
    with django_assert_num_queries(1):
        rules.current()


@pytest.mark.django_db(transaction=True)
def test_a_change_elsewhere_is_seen_at_the_next_look(callback, facts, shanghai, monkeypatch):
    assert target(facts, shanghai) == 24 * 60
    in_another_thread(lambda: policies.revise(callback.pk, {"target": Decimal(60)}, actor=SYSTEM))
    monkeypatch.setattr(rules, "CHECK_SECONDS", 0.0)  # as if a second had passed

    assert target(facts, shanghai) == 60


@pytest.mark.django_db(transaction=True)
def test_uncommitted_rules_are_seen_by_their_own_transaction_only(callback, facts, shanghai, monkeypatch):
    monkeypatch.setattr(rules, "CHECK_SECONDS", 0.0)

    with transaction.atomic():
        policies.revise(callback.pk, {"target": Decimal(60)}, actor=SYSTEM)
        own, others = target(facts, shanghai), in_another_thread(lambda: target(facts, shanghai))
        still_own = target(facts, shanghai)

    assert (own, others, still_own) == (60, 24 * 60, 60)
    assert in_another_thread(lambda: target(facts, shanghai)) == 60


@pytest.mark.django_db(transaction=True)
def test_rules_that_were_rolled_back_are_forgotten(callback, facts, shanghai):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        policies.revise(callback.pk, {"target": Decimal(60)}, actor=SYSTEM)
        assert target(facts, shanghai) == 60
        raise ZeroDivisionError

    assert target(facts, shanghai) == 24 * 60


# Policies and their versions -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.req("SLA-08")
def test_a_running_deadline_keeps_the_version_it_was_promised_under(subject, facts, shanghai, callback):
    head = actor_with("management")
    (running,) = deadlines.start(subject, ["callback"], facts(), at=shanghai("2026-11-16 10:00"))

    with clock.at(shanghai("2026-11-16 10:30")):
        new = policies.revise(callback.pk, {"target": Decimal(120)}, actor=head, reason="试行")
    deadlines.recompute(subject, facts(urgency="urgent"), at=shanghai("2026-11-16 11:00"), actor=SYSTEM)

    old = Policy.objects.get(pk=callback.pk)
    assert (new.version, new.code, new.target) == (2, "callback", 120)
    assert (old.version, old.target, old.effective_to) == (1, 1440, new.effective_from)
    assert Deadline.objects.get().policy_id == callback.pk
    assert Deadline.objects.get().due_at == running.due_at
    event = Event.objects.get(kind=events.POLICY_CHANGED, subject_id=new.pk)
    assert (event.actor_id, event.reason) == (head.user_id, "试行")
    assert (event.data["old"]["target"], event.data["new"]["target"]) == ("1440.00", "120.00")


@pytest.mark.django_db
def test_what_starts_after_the_change_follows_the_new_version_and_what_began_before_it_the_old(
    subject, facts, shanghai, callback
):
    new = policies.revise(callback.pk, {"target": Decimal(120)}, actor=SYSTEM)

    found = rules.current()

    assert found.match("callback", facts(), new.effective_from).pk == new.pk
    assert found.match("callback", facts(), shanghai("2020-01-01 10:00")).pk == callback.pk


@pytest.mark.django_db
def test_an_edit_that_changes_nothing_makes_no_version(callback):
    same = policies.revise(callback.pk, {"target": Decimal("1440"), "name": callback.name}, actor=SYSTEM)

    assert same.pk == callback.pk
    assert Policy.objects.filter(code="callback").count() == 1


@pytest.mark.django_db
def test_a_replaced_version_is_not_edited_again(callback):
    policies.revise(callback.pk, {"target": Decimal(120)}, actor=SYSTEM)

    for act in (policies.revise, policies.retire):
        arguments = ({"target": Decimal(60)},) if act is policies.revise else ()
        with pytest.raises(DomainError) as error:
            act(callback.pk, *arguments, actor=SYSTEM)
        assert error.value.code == "sla.policy_old"


@pytest.mark.django_db
def test_a_policy_taken_out_of_force_starts_nothing_more(subject, facts, callback):
    gone = policies.retire(callback.pk, actor=SYSTEM)

    assert rules.current().match("callback", facts(), gone.effective_to) is None


@pytest.mark.django_db
def test_time_limits_are_changed_only_by_those_who_may(callback):
    actor = actor_with("service_staff")

    with pytest.raises(DomainError) as error:
        policies.revise(callback.pk, {"target": Decimal(120)}, actor=actor)

    assert error.value.code == "core.not_allowed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"target": Decimal(0)}, "target", "sla.target_positive"),
        ({"target": Decimal(4000), "unit": "working_days"}, "target", "sla.target_too_long"),
        ({"warn_percent": 100}, "warn_percent", "sla.warn_percent"),
        ({"metric": "survey_send"}, "warn_percent", "sla.timer_warning"),
        ({"metric": "callback"}, "metric", "sla.policy_exists"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_beside_its_field(values, field, code):
    good = {"code": "new", "name": "新", "metric": "hotline_pickup", "target": Decimal(10), "unit": "clock_minutes"}

    with pytest.raises(DomainErrors) as found:
        policies.create({**good, "warn_percent": 80, **values}, actor=SYSTEM)

    assert (field, code) in [(error.field, error.code) for error in found.value.errors]
    assert not Policy.objects.filter(code="new").exists()


@pytest.mark.django_db
def test_without_any_calendar_working_time_says_so_and_the_clock_still_runs(subject, facts, shanghai):
    Calendar.objects.all().delete()
    rules.touch()

    assert deadlines.start(subject, ["callback"], facts(), at=shanghai("2026-11-16 10:00"))
    with pytest.raises(DomainError) as error:
        deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))

    assert error.value.code == "sla.no_calendar"
