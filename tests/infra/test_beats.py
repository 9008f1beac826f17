"""Periodic tasks: each is in beat's schedule, leaves a heartbeat when it ends well, and `/readyz` tells which are late."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from celery.signals import task_success

from apps.core import clock
from apps.core.models import Heartbeat
from feedback_system.celery import app

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Task:
    name: str


BY_HAND = {"journal.deliver_now"}  # rung only; nothing is lost without them


def scheduled():
    return {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_every_task_of_ours_is_in_the_schedule_and_every_entry_names_a_task():
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert len(ours) > 20
    assert ours - scheduled() - BY_HAND == set()
    assert scheduled() - ours == set()


def test_a_periodic_task_that_ends_well_leaves_a_heartbeat_and_any_other_does_not(db):
    with clock.at(NOON):
        task_success.send(sender=Task("billing.pay"), result=None)
        task_success.send(sender=Task("celery.ping"), result=None)
    with clock.at(NOON + timedelta(seconds=5)):
        task_success.send(sender=Task("billing.pay"), result=None)

    assert list(Heartbeat.objects.filter(name__in=["billing.pay", "celery.ping"]).values_list("name", "at")) == [
        ("billing.pay", NOON + timedelta(seconds=5))
    ]


@pytest.mark.parametrize(
    ("task", "age", "late"),
    [
        ("billing.pay", timedelta(seconds=75), False),  # every 5 s: three rounds and a minute
        ("billing.pay", timedelta(seconds=76), True),
        ("billing.float", timedelta(minutes=4), False),
        ("billing.float", timedelta(minutes=5), True),
        ("billing.reconcile", timedelta(hours=23), False),  # from eleven in the morning to nine of the next day
        ("billing.reconcile", timedelta(hours=26), True),
    ],
)
def test_readyz_tells_which_task_is_late_and_takes_nothing_out_of_service(client, db, task, age, late):
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": NOON})
    Heartbeat.objects.update_or_create(name=task, defaults={"at": NOON - age})
    with clock.at(NOON):
        response = client.get("/readyz")

    part = response.json()["parts"]["tasks"]
    assert response.status_code == 200
    assert part["late"] == ({task: age.total_seconds()} if late else {})
    assert task not in part["never"] and "sla.sweep" in part["never"]
