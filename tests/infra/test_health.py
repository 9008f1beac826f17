from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock
from apps.core.models import Heartbeat

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def noon():
    with clock.at(NOON):
        yield


def test_healthz_asks_nothing_of_the_database(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"ok": True}


def test_readyz_is_ready_when_all_parts_are(client, db, noon):
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": NOON - timedelta(seconds=7)})

    response = client.get("/readyz")

    assert response.json()["parts"]["beat"] == {"ok": True, "age": 7.0}
    assert response.json()["ok"] is True
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (None, {"ok": False, "error": "no heartbeat yet"}),
        (NOON - timedelta(seconds=61), {"ok": False, "age": 61.0}),
    ],
)
def test_readyz_names_a_beat_that_is_gone(client, db, noon, at, verdict):
    Heartbeat.objects.filter(name="beat").delete()
    if at:
        Heartbeat.objects.create(name="beat", at=at)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["beat"] == verdict
    assert response.json()["parts"]["database"] == {"ok": True}


def test_readyz_names_a_broker_that_is_gone(client, db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["broker"] == {"ok": False, "error": "ConnectionError"}


def test_health_is_only_read(client):
    assert client.post("/healthz").status_code == 405
