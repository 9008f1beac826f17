"""Two heads decide on one request at the same moment; somebody asks twice; the time passes meanwhile (SLA-05)."""

from datetime import timedelta

import pytest

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.journal.models import Event
from apps.sla import selectors as sla
from apps.sla.models import Deadline, ExtensionRequest
from apps.sla.services import extensions, lapse
from tests import factories
from tests.races.test_races import at_once, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def asked():
    ticket = factories.ticket()
    running = next(d for d in sla.open_for(ticket) if d.metric == "resolution")
    request = extensions.request(
        running.pk, running.due_at + timedelta(hours=2), actor=factories.staff_actor(), reason="配件在途"
    )
    return running, request


@pytest.mark.req("SLA-05")
def test_sixteen_decide_at_once_and_one_decision_stands():
    running, request = asked()
    bosses = [actors.staff(factories.staff(Role.MANAGEMENT, "management")) for _ in range(16)]

    def decide(i):
        if i % 2:
            return extensions.approve(request, actor=bosses[i]).state
        return extensions.refuse(request, actor=bosses[i], reason="不同意").state

    done, refused = at_once(16, decide)

    assert len(done) == 1
    assert {error.code for error in refused} == {"transition.impossible"}
    assert Event.objects.filter(subject_id=request.pk).count() == 1
    moved = Deadline.objects.get(pk=running.pk).due_at != running.due_at
    assert moved is (done[0] == "approved")


def test_control_without_the_locks_several_decisions_stand(monkeypatch):
    _, request = asked()
    bosses = [actors.staff(factories.staff(Role.MANAGEMENT, "management")) for _ in range(2)]
    without_locks(monkeypatch, reads=3)

    done, _ = at_once(2, lambda i: extensions.refuse(request, actor=bosses[i], reason="不同意").state)

    assert len(done) == 2


@pytest.mark.req("SLA-05")
def test_of_many_requests_at_once_one_waits():
    ticket = factories.ticket()
    running = next(d for d in sla.open_for(ticket) if d.metric == "resolution")
    until, people = running.due_at + timedelta(hours=2), [factories.staff_actor() for _ in range(8)]

    done, refused = at_once(8, lambda i: extensions.request(running.pk, until, actor=people[i], reason="等配件"))

    assert len(done) == 1
    assert {error.code for error in refused} == {"sla.extension_open"}


@pytest.mark.req("SLA-05")
def test_expiry_and_decision_at_once_leave_one_of_them():
    running, request = asked()
    boss = actors.staff(factories.staff(Role.MANAGEMENT, "management"))

    def act(i):
        return lapse.of_passed(running.pk) if i else extensions.approve(request, actor=boss)

    at_once(2, act)

    kept = ExtensionRequest.objects.get()
    due = Deadline.objects.get(pk=running.pk).due_at
    assert (kept.state, due) in {("approved", request.asked_until), ("expired", running.due_at)}
    assert kept.decided_at <= clock.now()
