"""Wiping messages that went out (LAW-05, ARC-05): that one was sent, when and by which way stays."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from apps.core.erasure import Wiped, wipe
from apps.notifications.models import Notice, OutgoingMessage


def erase(subject_ids: Collection[UUID], indexes: Collection[str] = ()) -> Wiped:
    """Messages about these subjects, and to these addresses (keyed indexes), inside the caller's transaction.

    What has not left yet is wiped, too: it fails for want of an address instead of reaching somebody late.
    """
    rows = OutgoingMessage.objects.filter(
        Q(subject_id__in=list(subject_ids)) | Q(recipient_index__in=[i for i in indexes if i])
    )
    done = wipe(
        rows,
        blanks=("recipient", "recipient_name", "recipient_masked", "subject", "body", "thread", "error", "provider_id"),
    )
    for row in rows.exclude(recipient_index="").only(
        "pk"
    ):  # unique together with its event: kept different, says nothing
        OutgoingMessage.objects.filter(pk=row.pk).update(recipient_index=f"erased-{row.pk.hex}")
    done += wipe(Notice.objects.filter(event__subject_id__in=list(subject_ids)), texts=("text",))
    return done
