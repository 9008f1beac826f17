from celery import shared_task

from apps.accounts.services import webhooks
from apps.journal import doorbell


@shared_task(name="accounts.call_webhooks")
def call_webhooks() -> None:
    doorbell.answered("accounts.call_webhooks")
    webhooks.work_off()
