from celery import shared_task

from apps.core import clock
from apps.core.models import Heartbeat


@shared_task(name="core.heartbeat")
def heartbeat() -> None:
    """Beat → broker → worker all alive: the row that `/readyz` reads."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": clock.now()})
