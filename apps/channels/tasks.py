from celery import shared_task

from apps.channels.services import health, inbound
from apps.journal import doorbell


@shared_task(name=inbound.HANDLE)
def handle() -> None:
    doorbell.answered(inbound.HANDLE)
    inbound.handle()


@shared_task(name="channels.watch")
def watch() -> None:
    health.watch()
