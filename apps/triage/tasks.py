from celery import shared_task

from apps.core import clock
from apps.core.actors import system
from apps.triage.services import reviews, suggestions, training


@shared_task(name="triage.learn")
def learn() -> None:
    """Train anew where people decided enough since the last time (CLS-03), then look for keywords to suggest (CLS-04)."""
    training.retrain(actor=system("triage"))
    suggestions.search(actor=system("triage"))


@shared_task(name="triage.review_library")
def review_library() -> None:
    """The monthly task for service and product leads (CLS-02); once a month, however often it is asked."""
    reviews.due(clock.now())
