from uuid import uuid4

import pytest

from apps.core import clock
from apps.core.actors import Actor, system
from apps.journal import events
from apps.journal.models import Delivery, Event
from apps.journal.receivers import on

KIND = "test.many_happened"


@on(KIND, name="test.hear_many")
def hear(event: Event) -> None:
    pass


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 10, 11, 300])
@pytest.mark.req("ARC-02")
def test_many_events_are_recorded_like_one_in_their_order(count, django_assert_num_queries):
    words = ['{"a",b}', "换行\n制表\t", "反斜杠\\", "", "NULL", "💡", "it's"]
    new = [
        events.NewEvent(
            KIND, events.Ref("test.thing", uuid4()), system("sla") if n % 2 else Actor("customer", words[n % 7]),
            {"n": n, "words": words}, words[n % 7], clock.now(),
        )
        for n in range(count)
    ]  # fmt: skip

    with django_assert_num_queries(1):
        made = events.record_many(new)

    stored = list(Event.objects.filter(kind=KIND).order_by("id"))
    assert [e.pk for e in stored] == [e.pk for e in made]
    assert [e.data["n"] for e in stored] == list(range(count))
    for given, event in zip(new, stored, strict=True):
        assert (event.subject_id, event.reason, event.data) == (given.subject.id, given.reason, given.data)
        assert (event.actor_label, event.at) == (given.actor.label, given.at)
        assert bytes(event.commitment) == events.commitment(bytes(event.salt), event.data, event.reason)
    assert Delivery.objects.filter(event__kind=KIND, receiver="test.hear_many").count() == count
