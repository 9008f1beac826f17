"""Many at once, on real PostgreSQL with real threads."""

import threading

import pytest

from apps.casework.models import CareTask, ChecklistItem, Investigation, TimeEntry
from apps.casework.services import care, checklists, investigations, timekeeping
from apps.casework.services.investigations import Draft
from apps.casework.services.timekeeping import Spent
from apps.casework.states import CareMoment
from apps.core import locks
from apps.feedback.models import Ticket
from apps.feedback.services import closure
from apps.journal import deliveries
from apps.journal.models import Event
from tests.factories import plan, staff_actor, ticket, ticket_in
from tests.races.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin():
    return staff_actor("administrator")


def test_one_item_is_ticked_once_however_many_tick_it(admin, template):
    one = ticket_in("in_progress", actor=admin)
    checklists.add(one, template("*核对"), actor=admin)
    item = ChecklistItem.objects.get()

    done, refused = at_once(12, lambda i: checklists.tick(item, actor=admin))

    assert (len(done), {e.code for e in refused}) == (1, {"checklist.settled"})
    assert Event.objects.filter(kind="checklist.item_settled").count() == 1


@pytest.mark.req("HND-11")
def test_no_ticket_is_resolved_with_an_item_open_however_ticks_and_results_cross(admin, template):
    made = template("*核对")
    for _round in range(6):
        one = ticket_in("in_progress", actor=admin)
        plan(one, admin)
        item = checklists.add(one, made, actor=admin).items.get()
        checklists.tick(item, actor=admin)

        acts = (
            lambda t=one: closure.resolve(t, "已修好。", actor=admin),
            lambda i=item: checklists.untick(i, actor=admin),
        )
        at_once(2, lambda i, acts=acts: acts[i]())

        resolved = Ticket.objects.get(pk=one.pk).state == "resolved"
        opened = Event.objects.filter(subject_id=one.pk, kind="checklist.item_reopened").order_by("id").first()
        result = Event.objects.filter(subject_id=one.pk, kind="ticket.resolved").order_by("id").first()
        assert not resolved or opened is None or result.pk < opened.pk


def test_a_day_is_never_longer_than_24_hours_however_many_enter_at_once(admin):
    one = ticket_in("in_progress", actor=admin)

    done, refused = at_once(8, lambda i: timekeeping.add(one, Spent(400, "phone"), actor=admin))

    assert (len(done), {e.code for e in refused}) == (3, {"time.day_full"})


def test_control_without_the_lock_a_day_can_be_longer(admin, monkeypatch):
    one = ticket_in("in_progress", actor=admin)
    monkeypatch.setattr(locks, "row", lambda model, pk: model._default_manager.get(pk=pk))
    create, together = TimeEntry.objects.create, threading.Barrier(8)

    def created(**fields):
        together.wait(timeout=300)  # everybody has read before anybody writes
        return create(**fields)

    monkeypatch.setattr(TimeEntry.objects, "create", created)

    done, _refused = at_once(8, lambda i: timekeeping.add(one, Spent(400, "phone"), actor=admin))

    assert len(done) == 8


def test_an_entry_is_taken_back_once(admin):
    one = ticket_in("in_progress", actor=admin)
    entry = timekeeping.add(one, Spent(30, "phone"), actor=admin)

    done, refused = at_once(8, lambda i: timekeeping.correct(entry, actor=admin))

    assert (len(done), {e.code for e in refused}) == (1, {"time.corrected"})
    assert sum(TimeEntry.objects.values_list("minutes", flat=True)) == 0


def test_two_who_write_the_record_at_once_do_not_write_over_each_other(admin):
    one = ticket_in("in_progress", actor=admin)

    done, refused = at_once(6, lambda i: investigations.write(one, Draft(f"发现{i}", number=0), actor=admin))

    assert (len(done), {e.code for e in refused}) == (1, {"core.stale"})
    assert Investigation.objects.count() == 1


@pytest.mark.req("HND-10")
def test_a_rule_plans_once_however_many_receivers_run():
    one = ticket(tier="vip")

    at_once(8, lambda i: care.follow_rules(one, CareMoment.RECEIVED))

    assert CareTask.objects.filter(ticket=one).count() == 1
    deliveries.drain()
    assert CareTask.objects.filter(ticket=one).count() == 1


def test_a_task_is_finished_once(admin):
    one = ticket(tier="vip")
    [task] = care.follow_rules(one, CareMoment.RECEIVED)

    done, refused = at_once(8, lambda i: care.finish(task, actor=admin))

    assert (len(done), {e.code for e in refused}) == (1, {"transition.impossible"})
