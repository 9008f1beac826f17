from celery import shared_task

from apps.core import clock
from apps.core.models import Heartbeat
from apps.sla.services import calendars
from apps.sla.services.sweep import LIMIT, sweep

MOST_BATCHES = 20  # then the next beat goes on: one task must end well before its time limit


@shared_task(name="sla.sweep")
def sweep_deadlines() -> None:
    for _ in range(MOST_BATCHES):
        if sweep(now=clock.now(), limit=LIMIT).checked < LIMIT:
            break
    Heartbeat.objects.update_or_create(name="sla.sweep", defaults={"at": clock.now()})


@shared_task(name="sla.check_official_days")
def check_official_days() -> None:
    """Tells, from December on, that next year's make-up days are not known yet; once a week at most."""
    calendars.warn_of_missing_days(clock.now())
