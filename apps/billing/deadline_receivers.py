"""Deadlines of finance's own cases come near, are missed or go up the ladder: who must act hears it (SLA-04, VOI-08, REF-06)."""

from datetime import datetime

from django.utils.translation import pgettext_lazy

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing.models import Difference
from apps.billing.subjects import NAMERS
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox
from apps.sla import events as deadlines
from apps.sla.states import Level, Metric

STAGES = {
    deadlines.WARNED: pgettext_lazy("deadline", "comes near"),
    deadlines.BREACHED: pgettext_lazy("deadline", "was missed"),
    deadlines.ESCALATED: pgettext_lazy("deadline", "was missed and is passed up to you"),
}
# Finance's ladder has two steps above whoever handles the case.
LADDER = {
    Level.HEAD: (Role.FINANCE_MANAGER,),
    Level.DUTY_MANAGER: (Role.FINANCE_MANAGER,),
    Level.MANAGEMENT: (Role.FINANCE_MANAGER, Role.MANAGEMENT),
}
FINANCE = (Role.FINANCE_OFFICER, Role.FINANCE_MANAGER)


@on(deadlines.WARNED, deadlines.BREACHED, deadlines.ESCALATED, name="billing.tell_of_deadline")
def tell_of_deadline(event: Event) -> None:
    """What was met late is not told: nobody has to act any more."""
    if event.subject_type not in NAMERS or event.data.get("met"):
        return
    named = NAMERS[event.subject_type]([event.subject_id]).get(event.subject_id)
    if named is None:
        return
    owner = _owner(event)
    level = event.data.get("level") or Level.ASSIGNEE
    roles = LADDER.get(Level(level))
    people = with_role(*roles) if roles else [owner] if owner else with_role(*FINANCE)
    facts = {
        "number": named.words, "metric": str(Metric(event.data["metric"]).label), "stage": str(STAGES[event.kind]),
        "due_at": datetime.fromisoformat(event.data["due_at"]),
    }  # fmt: skip
    outbox.notify_many(people, "money_deadline", context=facts, event=event, link=named.link)


def _owner(event: Event) -> User | None:
    """Of a difference; void requests are finance's together."""
    if event.subject_type != "billing.difference":
        return None
    owner = Difference.objects.select_related("owner").get(pk=event.subject_id).owner
    return owner if owner is not None and owner.is_active else None
