"""Who made a case what it is, and so never signs it: not only who filed it (VOI-02, REF-08)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import ApiKey
from apps.billing import events
from apps.billing.models import BankBatch, Cancellation, Refund, VoidRequest
from apps.core.vocabulary import Demand
from apps.feedback import events as feedback
from apps.journal.models import Event

MADE = (
    events.VOID_SUBMITTED, events.REFUND_REQUESTED, events.REFUND_REROUTED, events.CANCELLATION_FILED, events.BATCH_DRAWN_UP,
)  # fmt: skip
"""Filed, filed again, sent another way, perhaps to another account; or put into a bank's file."""

ASKED = (events.RETURN_CONFIRMED, feedback.SOLUTION_PROPOSED, feedback.TICKET_RECLASSIFIED, feedback.URGENCY_CHANGED)
"""On a ticket: what lets the system file by itself (LNK-01)."""

_KEY = "api:"


Made = VoidRequest | Refund | Cancellation | BankBatch


def of(case: Made) -> frozenset[int]:
    """The users; of an API key in nobody's name whoever made that key, and whose name it asks for: they may yet agree."""
    return of_many([case])[case.pk]


def of_many(cases: Sequence[Made]) -> Mapping[UUID, frozenset[int]]:
    """As `of`, with a number of queries that does not grow with the cases."""
    by_system: dict[UUID, set[UUID]] = defaultdict(set)
    for case in cases:
        if not isinstance(case, BankBatch) and case.requested_by_id is None and case.ticket_id is not None:
            by_system[case.ticket_id].add(case.pk)
    ids = {case.pk for case in cases}
    made, keys = defaultdict(set), defaultdict(set)
    rows = Q(subject_id__in=ids, kind__in=MADE) | Q(subject_id__in=list(by_system), kind__in=ASKED)
    for event in Event.objects.filter(rows).only("kind", "subject_id", "actor_id", "actor_label", "data"):
        touched = {event.subject_id} if event.subject_id in ids else by_system[event.subject_id]
        if event.subject_id not in ids and not _asks(event):
            continue
        for pk in touched:
            if event.actor_id is not None:
                made[pk].add(event.actor_id)
            elif event.actor_label.startswith(_KEY):
                keys[event.actor_label.removeprefix(_KEY)].add(pk)
    owners = ApiKey.objects.filter(name__in=list(keys)).values_list("name", "created_by_id", "acts_for_id")
    for name, *theirs in owners if keys else ():
        for pk in keys[name]:
            made[pk].update(theirs)
    return {pk: frozenset(user for user in made[pk] if user is not None) for pk in ids}


def _asks(event: Event) -> bool:
    """A new class of the ticket asks for money only where it says that the goods come back."""
    if event.kind not in (feedback.TICKET_RECLASSIFIED, feedback.URGENCY_CHANGED):
        return True
    demand = event.data.get("changes", {}).get("demand")
    return demand is not None and demand[1] == Demand.RETURN
