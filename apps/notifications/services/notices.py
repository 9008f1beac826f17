"""Reading notices."""

from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.core import clock
from apps.notifications.models import Notice


@transaction.atomic
def mark_read(user: User, notice_id: UUID) -> Notice | None:
    """Mark one of the user's own notices as read, keeping the first time. None when it is not theirs."""
    Notice.objects.filter(user=user, pk=notice_id, read_at=None).update(read_at=clock.now())
    return Notice.objects.filter(user=user, pk=notice_id).first()


def mark_all_read(user: User, *, up_to: UUID) -> int:
    """Mark the user's notices as read up to the newest one they have seen. Returns how many were unread."""
    return Notice.objects.filter(user=user, read_at=None, id__lte=up_to).update(read_at=clock.now())
