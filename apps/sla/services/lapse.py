"""Requests for more time that nobody decided: they end with their deadline, or when its time passes (SLA-05)."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from apps.core import locks
from apps.core.actors import Actor, system
from apps.journal import events as journal
from apps.journal import transitions
from apps.sla import events
from apps.sla.models import Deadline, ExtensionRequest
from apps.sla.states import ExtensionState

ACTOR = system("sla")


def of_ended(ended: Sequence[Deadline]) -> None:
    """The deadlines were met or dropped: nothing is left to extend. They are locked, or ended in this transaction."""
    if not ended:
        return
    waiting = ExtensionRequest.objects.filter(deadline__in=ended, state=ExtensionState.REQUESTED)
    for request in waiting.select_related("deadline"):
        expire(request)


def of_passed(deadline_id: UUID) -> None:
    """The due time passed undecided: the old date stands."""
    with transaction.atomic():
        deadline = locks.row(Deadline, deadline_id)
        waiting = ExtensionRequest.objects.filter(deadline=deadline, state=ExtensionState.REQUESTED)
        for request in waiting.select_related("deadline"):
            expire(request)


def expire(request: ExtensionRequest) -> None:
    ended(transitions.apply(request, "expire", actor=ACTOR, by=ACTOR), ACTOR, "")


def ended(request: ExtensionRequest, actor: Actor, reason: str) -> None:
    """Tell it where the deadline belongs: the old date stands."""
    deadline = request.deadline
    journal.record(
        events.EXTENSION_ENDED,
        subject=deadline.subject,
        actor=actor,
        reason=reason,
        data={
            "extension": str(request.pk),
            "deadline": str(deadline.pk),
            "metric": deadline.metric,
            "due_at": deadline.due_at.isoformat(),
            "asked_until": request.asked_until.isoformat(),
            "became": request.state,
        },
    )
