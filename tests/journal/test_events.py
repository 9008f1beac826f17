"""Recording events, and the database's refusal to change them (ARC-02)."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core.actors import CUSTOMER, system
from apps.journal import events
from apps.journal.models import Delivery, Event
from apps.journal.receivers import on

SUBJECT = events.Ref("test.thing", uuid4())


@pytest.mark.django_db
def test_an_event_keeps_what_it_was_given():
    moment = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    data = {"amount": Decimal("12.30"), "at": moment, "words": ["退货", "😀"]}
    event = events.record("test.happened", subject=SUBJECT, actor=system("test"), data=data, reason="因为", at=moment)

    stored = Event.objects.get(pk=event.pk)
    assert (stored.kind, stored.subject_id, stored.actor_label, stored.at) == (
        "test.happened",
        SUBJECT.id,
        "system:test",
        moment,
    )
    assert stored.data == {"amount": "12.30", "at": "2026-11-01T08:30:00Z", "words": ["退货", "😀"]}
    assert events.commitment(bytes(stored.salt), stored.data, "因为") == bytes(stored.commitment)


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        events.record("test.happened", subject=SUBJECT, actor=CUSTOMER)
    assert not Event.objects.filter(kind="test.happened").exists()


@pytest.mark.django_db
def test_each_receiver_gets_a_delivery_and_many_events_cost_one_statement(django_assert_num_queries):
    on("test.heard", name="test.first")(lambda event: None)
    on("test.heard", name="test.second")(lambda event: None)
    new = [events.NewEvent(kind, SUBJECT, CUSTOMER) for kind in ("test.heard", "test.unheard", "test.heard")]
    with django_assert_num_queries(1):
        recorded = events.record_many(new)
    assert [e.kind for e in Event.objects.filter(pk__in=[e.pk for e in recorded]).order_by("pk")] == [
        n.kind for n in new
    ]
    rows = (
        Delivery.objects.filter(event__in=recorded).order_by("event_id", "receiver").values_list("event_id", "receiver")
    )
    first, _, third = recorded
    assert list(rows) == [
        (first.pk, "test.first"), (first.pk, "test.second"), (third.pk, "test.first"), (third.pk, "test.second"),
    ]  # fmt: skip


@pytest.mark.req("ARC-02")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_event SET kind = 'x'",
        "DELETE FROM journal_event",
        "TRUNCATE journal_event CASCADE",
        "UPDATE journal_leaf SET digest = ''",
        "DELETE FROM journal_head",
        "TRUNCATE journal_head",
    ],
)
def test_the_database_refuses_to_change_events_even_for_their_owner(statement):
    from apps.journal import sealer

    events.record("test.happened", subject=SUBJECT, actor=CUSTOMER)
    sealer.seal()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or TRUNCATE would stumble over pending foreign key checks
        cursor.execute(statement)
    assert Event.objects.filter(kind="test.happened").count() == 1
