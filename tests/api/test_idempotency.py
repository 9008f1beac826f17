"""One request, however often it is sent: replayed, told apart, never done twice, also at the same moment."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction

from apps.core import clock, idempotency
from apps.core.errors import DomainError
from apps.core.idempotency import Answer
from apps.core.models import IdempotencyRecord
from apps.feedback.models import Ticket
from tests.api.conftest import is_problem


@pytest.mark.django_db
@pytest.mark.req("LNK-04")
def test_a_repeat_gets_the_first_answer_and_does_nothing(api, feedback):
    first, again = (api.post("tickets/", feedback(), key="order-1") for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused(api, feedback):
    api.post("tickets/", feedback(), key="order-1")

    response = api.post("tickets/", feedback(text="另一件事"), key="order-1")

    assert is_problem(response, 422, "core.idempotency_mismatch")
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_a_key_is_its_clients_own_and_belongs_to_one_address(api, api_with, feedback):
    other = api_with("tickets:write", name="Shop")
    ticket = api.post("tickets/", feedback(), key="k").json()

    assert other.post("tickets/", feedback(), key="k").status_code == 201
    assert is_problem(api.post(f"tickets/{ticket['number']}/transitions/", {"name": "accept"}, key="k"), 422)
    assert Ticket.objects.count() == 2


@pytest.mark.django_db
def test_a_refusal_is_replayed_too_and_its_changes_are_undone(api):
    first, again = (api.post("tickets/", {"text": "x"}, key="k") for _ in range(2))

    assert is_problem(first, 422) and is_problem(again, 422)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.django_db
def test_a_fault_is_not_kept_so_the_repeat_is_a_new_try(api, feedback, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("apps.feedback.services.clocks.on_receipt", lambda *args: 1 / 0)
        assert api.post("tickets/", feedback(), key="k").status_code == 500

    assert not IdempotencyRecord.objects.exists()
    assert api.post("tickets/", feedback(), key="k").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "ключ", "a\tb"])
def test_a_key_that_is_none_is_refused(api, feedback, key):
    assert is_problem(api.post("tickets/", feedback(), key=key), 422, "core.idempotency_key_invalid")


@pytest.mark.django_db
def test_after_a_day_a_key_is_free_again_and_its_record_goes(api, feedback):
    api.post("tickets/", feedback(), key="k")
    api.post("tickets/", feedback(), key="other")

    with time_machine.travel(clock.now() + idempotency.KEPT + timedelta(minutes=1)):
        assert "Idempotency-Replayed" not in api.post("tickets/", feedback(text="另一件事"), key="k")
        assert idempotency.purge() == 1

    assert [record.key for record in IdempotencyRecord.objects.all()] == ["k"]
    assert Ticket.objects.count() == 3


@pytest.mark.django_db
def test_an_answer_of_500_leaves_nothing():
    def work():
        IdempotencyRecord.objects.create(client="c", key="effect", fingerprint="f")
        return Answer(503, {})

    assert idempotency.once("c", "k", "f", work) == Answer(503, {})
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("LNK-04")
def test_of_many_at_once_one_does_it_and_the_others_get_its_answer():
    done, answers = [], []
    start = threading.Barrier(8)

    def work():
        done.append(1)
        return Answer(201, {"n": len(done)})

    def request():
        start.wait()
        answers.append(idempotency.once("c", "k", "f", work))
        connection.close()

    _all_at_once([request] * 8)

    assert done == [1]
    assert {(a.status, a.body["n"]) for a in answers} == {(201, 1)}
    assert sum(not a.replayed for a in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_one_of_those_who_waited_does_it():
    done, answers, failed = [], [], []
    start = threading.Barrier(4)

    def work():
        done.append(1)
        if len(done) == 1:
            raise RuntimeError("the first one's machine burns")
        return Answer(201, {})

    def request():
        start.wait()
        try:
            answers.append(idempotency.once("c", "k", "f", work))
        except RuntimeError:
            failed.append(1)
        connection.close()

    _all_at_once([request] * 4)

    assert (len(done), len(failed), len(answers)) == (2, 1, 3)
    assert sum(not a.replayed for a in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_MILLISECONDS", 100)
    claimed, refused = threading.Event(), []

    def second():
        claimed.wait()
        try:
            idempotency.once("c", "k", "f", lambda: Answer(201, {}))
        except DomainError as error:
            refused.append((error.code, error.status))
        connection.close()

    other = threading.Thread(target=second)
    other.start()
    with transaction.atomic():
        idempotency.once("c", "k", "f", lambda: Answer(201, {}))
        claimed.set()
        other.join()

    assert refused == [("core.idempotency_running", 409)]


def _all_at_once(requests):
    threads = [threading.Thread(target=request) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
