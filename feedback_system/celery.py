import os
from typing import Any

from celery import Celery
from celery.signals import task_success

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "feedback_system.settings.prod")

app = Celery("feedback_system")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_success.connect
def keep_heartbeat(sender: Any, **_: Any) -> None:
    """Each periodic task leaves when it last ended well; `/readyz` tells which are late."""
    from apps.core import clock
    from apps.core.models import Heartbeat

    if sender.name in {entry["task"] for entry in app.conf.beat_schedule.values()}:
        row = Heartbeat(name=sender.name, at=clock.now())
        Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["at"])
