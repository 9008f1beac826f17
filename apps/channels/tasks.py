from celery import shared_task

from apps.channels.services import health, inbound, pay, pay_steps
from apps.journal import doorbell


@shared_task(name=inbound.HANDLE)
def handle() -> None:
    doorbell.answered(inbound.HANDLE)
    inbound.handle()


@shared_task(name="channels.watch")
def watch() -> None:
    health.watch()


@shared_task(name=pay_steps.SEND)
def send_to_pay() -> None:
    """Answers and "done" for complaints at the payment provider."""
    doorbell.answered(pay_steps.SEND)
    pay_steps.send_due()


@shared_task(name="channels.pay_sync")
def sync_pay() -> None:
    """What no callback told of."""
    pay.sync_all()
