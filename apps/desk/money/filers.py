"""Who filed a case: a colleague, an API key in nobody's name, or the system."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.billing import events
from apps.desk.story import who
from apps.journal.models import Event

FILED = (events.VOID_SUBMITTED, events.REFUND_REQUESTED, events.CANCELLATION_FILED)


def name(cases: Sequence[Any]) -> None:
    """Give each case (`VoidRequest`, `Refund`, `Cancellation`) its `filed_by`, in words; at most one query."""
    nobody = [case.pk for case in cases if case.requested_by_id is None]
    filed = Event.objects.filter(subject_id__in=nobody, kind__in=FILED, actor_kind="api") if nobody else ()
    keys = {event.subject_id: who(event) for event in filed}
    for case in cases:
        case.filed_by = str(case.requested_by) if case.requested_by_id else keys.get(case.pk, _("the system"))
