from celery import shared_task

from apps.core import clock, uploads
from apps.core.models import Heartbeat


@shared_task(name="core.heartbeat")
def heartbeat() -> None:
    """Beat → broker → worker all alive: the row that `/readyz` reads."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": clock.now()})


@shared_task(name="core.discard_unused_uploads")
def discard_unused_uploads() -> None:
    """Files of forms that were never sent do not stay."""
    uploads.discard_unused()
