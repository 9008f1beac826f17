from celery import shared_task

from apps.journal import doorbell
from apps.notifications.services import dispatch as service
from apps.notifications.services.outbox import DISPATCH


@shared_task(name=DISPATCH)
def dispatch() -> None:
    doorbell.answered(DISPATCH)
    service.dispatch()
