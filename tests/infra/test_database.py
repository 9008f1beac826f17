import pytest
from django.db import ProgrammingError, connection, transaction

from apps.core import clock
from apps.core.models import Counter, Heartbeat
from tests import databases

FORBIDDEN = [
    "TRUNCATE core_counter",
    "ALTER TABLE core_counter ADD COLUMN more integer",
    "ALTER TABLE journal_event DISABLE TRIGGER ALL",
    "DROP TABLE core_counter",
    "CREATE TABLE mine (id integer)",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_app_cannot_change_tables_or_switch_triggers_off(as_app_role, statement):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_app_reads_and_writes_rows(as_app_role):
    Counter.objects.create(series="INFRA", last=1)
    Counter.objects.filter(series="INFRA").update(last=2)

    assert Counter.objects.get(series="INFRA").last == 2
    assert Counter.objects.filter(series="INFRA").delete()[0] == 1


def test_a_forgotten_transaction_of_the_app_ends(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = 'feedback_app'")
        limits = {row[0] for row in cursor.fetchall()}

    assert limits >= {"idle_in_transaction_session_timeout=10min", "transaction_timeout=30min"}


def test_a_transactional_test_leaves_no_trace(transactional_db):
    name = connection.settings_dict["NAME"]
    before = Heartbeat.objects.count()
    Heartbeat.objects.create(name="infra", at=clock.now())

    databases.renew(name)

    assert Heartbeat.objects.count() == before
    assert connection.settings_dict["NAME"] == name


def test_chinese_trigrams_are_not_empty(db):
    """With the C locale they would be, and fuzzy search would find nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datctype FROM pg_database WHERE datname = current_database()")
        assert cursor.fetchone()[0] not in {"C", "POSIX"}
