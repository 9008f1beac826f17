"""Reads: the words of a message, the messages of a ticket, the notices of a colleague."""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.db.models import Q

from apps.core.vocabulary import Language
from apps.journal.events import Ref
from apps.notifications import catalogue, shipped
from apps.notifications.models import Notice, OutgoingMessage, Template
from apps.notifications.states import MessageState

if TYPE_CHECKING:
    from django.db.models import QuerySet

FALLBACK = Language.ZH_HANS
PAGE = 50


class Words(NamedTuple):
    subject: str
    body: str
    language: str


def words(code: str, channel: str, languages: Collection[str]) -> dict[str, Words | None]:
    """The text to use for each asked language: that language, else Simplified Chinese, else None (switched off).

    A text whose row is missing (no `load_defaults` yet after an update) is taken as shipped.
    """
    rows = {
        language: (subject, body, active)
        for language, subject, body, active in Template.objects.filter(
            code=code, channel=channel, language__in={*languages, FALLBACK}
        )
        .order_by()
        .values_list("language", "subject", "body", "active")
    }
    return {language: _words(rows, code, channel, language) for language in languages}


def _words(rows: dict[str, tuple[str, str, bool]], code: str, channel: str, language: str) -> Words | None:
    for candidate in dict.fromkeys([language, FALLBACK.value]):
        row, text = rows.get(candidate), shipped.texts().get(shipped.Key(code, channel, candidate))
        if row is not None and row[2]:
            return Words(row[0], row[1], candidate)
        if row is None and text is not None:
            return Words(text.subject, text.body, candidate)
    return None


def messages_of(subject: Ref, cases: Collection[UUID] = ()) -> "QuerySet[OutgoingMessage]":
    """What was sent about a ticket, oldest first; texts and addresses are opened one by one by `services.desk`.

    Of its `cases` (refunds, say) it is what the customer was told; colleagues' notices stay with the case.
    """
    return (
        OutgoingMessage.objects.filter(_about(subject, cases))
        .defer("body", "thread", "recipient", "recipient_name")
        .order_by("id")
    )


def _about(subject: Ref, cases: Collection[UUID]) -> Q:
    whole = Q(subject_id=subject.id, subject_type=subject.type)
    return whole | Q(subject_id__in=cases, template__in=catalogue.TO_CUSTOMERS) if cases else whole


def calls_to_make(subject: Ref | None = None, cases: Collection[UUID] = ()) -> "QuerySet[OutgoingMessage]":
    """Calls that staff still have to make, oldest first: all, or those about one ticket and its cases (HND-07)."""
    calls = OutgoingMessage.objects.filter(state=MessageState.TO_CALL)
    if subject is not None:
        calls = calls.filter(_about(subject, cases))
    return calls.defer("body", "thread", "recipient", "recipient_name").order_by("id")


def unread_count(user_id: int) -> int:
    """Unread notices of a colleague, counted up to 100 (the bell shows 99+)."""
    return len(Notice.objects.filter(user_id=user_id, read_at=None).values_list("id")[:100])


def notices_of(user_id: int, *, before: UUID | None = None, limit: int = PAGE) -> list[Notice]:
    """A colleague's notices, newest first; `before` is the last id of the page above."""
    notices = Notice.objects.filter(user_id=user_id)
    if before is not None:
        notices = notices.filter(id__lt=before)
    return list(notices.order_by("-id")[:limit])
