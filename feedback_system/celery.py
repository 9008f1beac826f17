import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "feedback_system.settings.prod")

app = Celery("feedback_system")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
