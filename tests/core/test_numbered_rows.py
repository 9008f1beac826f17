"""`numbers.insert`: the number and the row it is for come from one statement."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import numbers
from apps.core.models import Counter
from apps.feedback.models import Ticket
from tests import factories

pytestmark = pytest.mark.django_db
MAY, JUNE = datetime(2024, 5, 31, 15, 59, tzinfo=UTC), datetime(2024, 5, 31, 16, 0, tzinfo=UTC)  # of Shanghai


@pytest.mark.req("INT-02")
def test_the_serial_begins_anew_each_month_and_grows_past_999():
    first, second, third = (factories.ticket(received_at=moment) for moment in (MAY, MAY, JUNE))
    Counter.objects.filter(series="ticket:202405").update(last=999)
    fourth = factories.ticket(received_at=MAY)

    made = [Ticket.objects.get(pk=t.pk).number for t in (first, second, third, fourth)]

    assert made == ["202405-001", "202405-002", "202406-001", "202405-1000"]
    assert [t.number for t in (first, second, third, fourth)] == made


@pytest.mark.req("INT-02")
def test_a_row_that_is_refused_gives_its_number_back():
    known = factories.ticket(external_ref="x", received_at=MAY)
    twin = Ticket.objects.get(pk=known.pk)
    twin.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        numbers.insert(twin, "ticket", MAY)

    assert factories.ticket(received_at=MAY).number == "202405-002"


def test_every_column_arrives_as_the_orm_would_write_it():
    ticket = factories.ticket("洗衣机漏水 100%", occurred_on=date(2024, 5, 1), place="O'Reilly \\ 杭州")
    stored = Ticket.objects.get(pk=ticket.pk)

    for field in Ticket._meta.concrete_fields:
        given, kept = getattr(ticket, field.attname), getattr(stored, field.attname)
        assert field.to_python(given) == kept, field.name
    with connection.cursor() as cursor:
        cursor.execute("SELECT jsonb_typeof(hits), jsonb_typeof(priority_parts) FROM feedback_ticket")
        assert cursor.fetchone() == ("array", "array")
