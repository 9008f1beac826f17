from celery import shared_task

from apps.journal import deliveries, doorbell, sealer


@shared_task(name="journal.deliver")
def deliver() -> None:
    doorbell.answered("journal.deliver")
    deliveries.drain()


@shared_task(name="journal.seal")
def seal() -> None:
    sealer.seal()
