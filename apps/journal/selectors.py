"""Reading the journal."""

from datetime import timedelta
from uuid import UUID

from django.db import models

from apps.core import clock
from apps.journal.models import Delivery, Event, Head
from apps.journal.sealer import unsealed


def timeline(*subject_ids: UUID, limit: int = 500) -> "models.QuerySet[Event]":
    """The latest events of one or more subjects, newest first."""
    return Event.objects.filter(subject_id__in=subject_ids).select_related("actor").order_by("-id")[:limit]


def seal_age() -> timedelta | None:
    """How long the oldest unsealed event has been waiting; None when all is sealed."""
    oldest = next(iter(unsealed(Head.objects.first())), None)
    return clock.now() - oldest.at if oldest else None


def given_up() -> "models.QuerySet[Delivery]":
    """Deliveries that failed too often and wait for a person."""
    return Delivery.objects.filter(done_at=None, due_at__isnull=True).select_related("event").order_by("-id")
