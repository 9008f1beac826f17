"""Many at once, on real PostgreSQL with real threads; each guard has a control that fails with the guard off."""

import threading
from collections import Counter

import pytest
from django.db import connection

from apps.accounts.roles import Role
from apps.core import actors, locks
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, intake
from apps.journal import transitions
from apps.journal.models import Event
from apps.sla.models import Deadline
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(n, work):
    """Run `work(i)` in n threads that start together; returns (results, errors)."""
    barrier = threading.Barrier(n)
    results, errors = [], []

    def run(i):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=300)
            results.append(work(i))
        except DomainError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert len(results) + len(errors) == n
    return results, errors


def in_step(call, times=1):
    """`call`, the first `times` of which two threads end together: what must collide needs no luck."""
    together, done = threading.Barrier(2), Counter()

    def stepping(*given):
        answer = call(*given)
        done[threading.get_ident()] += 1
        if done[threading.get_ident()] <= times:
            together.wait(timeout=300)
        return answer

    return stepping


def without_locks(monkeypatch, reads=1):
    """No row is locked, and of two threads both have done their first `reads` before either goes on."""
    monkeypatch.setattr(locks, "row", in_step(lambda model, pk: model._default_manager.get(pk=pk), reads))


@pytest.mark.req("HND-01")
def test_thirty_two_accept_one_ticket_and_one_event_is_recorded():
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket()
    done, refused = at_once(32, lambda i: assignment.accept(ticket, actor=actor))
    assert len(done) == 1
    assert {e.code for e in refused} == {"transition.impossible"}
    assert Event.objects.filter(kind="ticket.accepted", subject_id=ticket.pk).count() == 1
    assert Deadline.objects.filter(subject_id=ticket.pk, metric="progress").count() == 1


@pytest.mark.req("HND-01")
def test_control_without_the_lock_one_ticket_is_accepted_more_than_once(monkeypatch):
    without_locks(monkeypatch)
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket()
    done, _ = at_once(2, lambda i: transitions.apply(ticket, "accept", actor=actor))
    assert len(done) == 2


@pytest.mark.req("INT-02")
def test_two_hundred_parallel_intakes_are_numbered_without_gap_or_double():
    def twenty_five(i):
        return [
            intake.receive(factories.report(f"第{i}次投诉，冰箱不制冷"), actor=actors.CUSTOMER).number
            for _ in range(25)
        ]

    results, errors = at_once(8, twenty_five)
    assert not errors
    serials = sorted(int(number.split("-")[1]) for numbers in results for number in numbers)
    assert serials == list(range(1, 201))
    assert Event.objects.filter(kind="ticket.received").count() == 200


@pytest.mark.req("SUR-03")
def test_a_survey_answered_sixteen_times_at_once_counts_once():
    ticket = factories.ticket_in("callback")
    survey = ticket.surveys.get()
    done, refused = at_once(16, lambda i: closure.answer_survey(survey, score=5, comment="", actor=actors.CUSTOMER))
    assert len(done) == 1
    assert {e.code for e in refused} == {"survey.closed"}
    assert Event.objects.filter(kind="ticket.closed", subject_id=ticket.pk).count() == 1


def test_the_same_report_sent_eight_times_at_once_is_one_ticket():
    one = factories.contact()
    done, errors = at_once(
        8, lambda i: intake.receive(factories.report(contact=one, external_ref="form:abc"), actor=actors.CUSTOMER).pk
    )
    assert not errors
    assert len(set(done)) == 1
    assert Ticket.objects.count() == 1
