"""Deliveries: exactly once, whatever breaks."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.core.actors import CUSTOMER, SYSTEM
from apps.core.errors import DomainError
from apps.core.models import Counter
from apps.journal import deliveries, doorbell, events
from apps.journal.models import Delivery
from apps.journal.receivers import on
from feedback_system import health

broken: list[bool] = []


@on("test.counted", name="test.count")
def count(event):
    from apps.core import numbers

    numbers.take(f"count:{event.pk}")
    if broken:
        raise RuntimeError("the receiver broke")


def emit(n=1):
    subject = events.Ref("test.thing", uuid4())
    with transaction.atomic():
        return events.record_many([events.NewEvent("test.counted", subject, CUSTOMER) for _ in range(n)])


def effects():
    return list(Counter.objects.filter(series__startswith="count:").values_list("last", flat=True))


@pytest.fixture(autouse=True)
def whole_receivers():
    yield
    broken.clear()


@pytest.mark.django_db
def test_a_delivery_happens_once():
    emit(3)
    assert deliveries.drain() == 3
    assert deliveries.drain() == 0
    assert effects() == [1, 1, 1]


@pytest.mark.django_db
def test_a_broken_receiver_leaves_nothing_and_is_tried_again_later():
    emit()
    broken.append(True)
    assert deliveries.drain() == 0
    delivery = Delivery.objects.get(receiver="test.count")
    assert effects() == []
    assert (delivery.attempts, delivery.done_at) == (1, None)
    assert "the receiver broke" in delivery.error
    assert delivery.due_at > clock.now()

    broken.clear()
    with clock.at(delivery.due_at + timedelta(seconds=1)):
        assert deliveries.drain() == 1
    assert effects() == [1]


@pytest.mark.django_db
def test_after_many_failures_a_delivery_waits_for_a_person_who_can_retry_it():
    emit()
    broken.append(True)
    Delivery.objects.update(attempts=deliveries.MAX_ATTEMPTS - 1)
    deliveries.drain()
    delivery = Delivery.objects.get(receiver="test.count")
    assert delivery.due_at is None
    broken.clear()
    with pytest.raises(DomainError):
        deliveries.retry(delivery.pk, actor=CUSTOMER)
    deliveries.retry(delivery.pk, actor=SYSTEM)
    assert deliveries.drain() == 1
    assert effects() == [1]


@pytest.mark.django_db
def test_a_receiver_that_no_code_answers_to_does_not_stop_the_others():
    (event,) = emit()
    Delivery.objects.create(event=event, receiver="gone.away", due_at=clock.now() - timedelta(minutes=1))
    assert deliveries.drain() == 1
    assert "gone.away" in Delivery.objects.get(receiver="gone.away").error


@pytest.mark.django_db(transaction=True)
def test_eight_workers_deliver_each_event_once():
    emit(200)

    def work():
        deliveries.drain()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliveries.drain()

    assert effects() == [1] * 200


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_neither_fails_nor_delays_the_transaction(settings, monkeypatch):
    calls = []

    def down(*args, **kwargs):
        calls.append(args)
        raise OSError("connection refused")

    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    monkeypatch.setattr(doorbell.current_app, "send_task", down)
    doorbell.answered("journal.deliver")
    for _ in range(5):
        emit()
    assert len(calls) == 1  # a process leaves a dead broker alone for a while
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    assert deliveries.drain() == 5


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_once_per_transaction_and_not_after_a_rollback(monkeypatch):
    rung = []
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    monkeypatch.setattr(doorbell.current_app, "send_task", lambda task, **options: rung.append(task))
    doorbell.answered("journal.deliver")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        doorbell.ring("journal.deliver")
        raise ZeroDivisionError
    assert rung == []
    with transaction.atomic():
        doorbell.ring("journal.deliver")
        doorbell.ring("journal.deliver")
    assert rung == ["journal.deliver"]
    emit()  # not answered yet: one bell is enough
    assert rung == ["journal.deliver"]
    doorbell.answered("journal.deliver")
    emit()
    assert rung == ["journal.deliver"] * 2


@pytest.mark.django_db
def test_what_was_given_up_is_told_by_readyz_and_takes_nothing_out_of_service():
    emit()
    broken.append(True)
    Delivery.objects.update(attempts=deliveries.MAX_ATTEMPTS - 1)
    deliveries.drain()
    assert health.PARTS["deliveries"]() == {"ok": True, "given_up": 1}
