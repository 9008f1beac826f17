"""What hangs on a ticket, for its page: nothing is read that is not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from apps.casework.models import (
    CareTask,
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    Evidence,
    Interview,
    Investigation,
    Macro,
    TimeEntry,
    Watch,
)
from apps.casework.states import CareState
from apps.core.actors import Actor
from apps.feedback.models import Ticket
from apps.sla.models import Deadline

_NOUNS: dict[str, QuerySet[Any]] = {
    "checklists": Checklist.objects.filter(removed_at=None),
    "investigations": Investigation.objects.all(),
    "interviews": Interview.objects.all(),
    "evidence": Evidence.objects.all(),
    "time": TimeEntry.objects.all(),
    "care": CareTask.objects.all(),
    "followers": Watch.objects.all(),
}


def present(ticket: Ticket) -> dict[str, bool]:
    """Which papers there are: one query for an instance, however many cards ask."""
    known = ticket.__dict__.get("_papers")
    if known is None:
        there = {f"has_{name}": Exists(rows.filter(ticket=OuterRef("pk")).order_by()) for name, rows in _NOUNS.items()}
        found = Ticket.objects.filter(pk=ticket.pk).order_by().values(**there).get()
        known = {name.removeprefix("has_"): is_there for name, is_there in found.items()}
        ticket.__dict__["_papers"] = known
    return known


# Check-lists ----------------------------------------------------------------------------------------------------------


def checklists(ticket: Ticket) -> list[Checklist]:
    if not present(ticket)["checklists"]:
        return []
    found = Checklist.objects.filter(ticket=ticket, removed_at=None)
    return list(found.prefetch_related("items__settled_by"))


def checklist(ticket: Ticket, checklist_id: UUID) -> Checklist | None:
    return Checklist.objects.filter(ticket=ticket, pk=checklist_id).select_related("ticket").first()


def item(ticket: Ticket, item_id: UUID) -> ChecklistItem | None:
    found = ChecklistItem.objects.filter(checklist__ticket=ticket, pk=item_id)
    return found.select_related("checklist__ticket").first()


def addable_checklists(ticket: Ticket) -> QuerySet[ChecklistTemplate]:
    """Templates in use that are not on the ticket."""
    there = Checklist.objects.filter(ticket=ticket, removed_at=None, template__isnull=False).values("template")
    return ChecklistTemplate.objects.filter(active=True).exclude(pk__in=there)


# Investigation --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """The investigation of a ticket: all versions (newest first), interviews and evidence, struck ones too."""

    versions: list[Investigation]
    interviews: list[Interview]
    evidence: list[Evidence]

    @property
    def newest(self) -> Investigation | None:
        return self.versions[0] if self.versions else None


def record(ticket: Ticket) -> Record | None:
    """None where nothing was written or collected. Clear names are not loaded."""
    there = present(ticket)
    if not (there["investigations"] or there["interviews"] or there["evidence"]):
        return None
    who = ("author", "struck_by")
    return Record(
        list(
            Investigation.objects.filter(ticket=ticket).select_related("department", "author", "signed_by")
            if there["investigations"]
            else []
        ),
        list(
            Interview.objects.filter(ticket=ticket).defer("person").select_related(*who) if there["interviews"] else []
        ),
        list(Evidence.objects.filter(ticket=ticket).select_related("upload", *who) if there["evidence"] else []),
    )


def interview(ticket: Ticket, interview_id: UUID) -> Interview | None:
    return Interview.objects.filter(ticket=ticket, pk=interview_id).select_related("ticket").first()


def evidence(ticket: Ticket, evidence_id: UUID) -> Evidence | None:
    return Evidence.objects.filter(ticket=ticket, pk=evidence_id).select_related("upload", "ticket").first()


# Time -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Minutes on a ticket: the sum, by person, and the entries, newest first, without those that were taken back."""

    total: int
    people: list[tuple[str, int]]
    entries: list[TimeEntry]


def time_spent(ticket: Ticket) -> TimeSpent | None:
    if not present(ticket)["time"]:
        return None
    entries = list(TimeEntry.objects.filter(ticket=ticket).select_related("user", "ticket"))
    people: dict[str, int] = {}
    for entry in entries:
        people[str(entry.user)] = people.get(str(entry.user), 0) + entry.minutes
    taken_back = {entry.corrects_id for entry in entries}
    shown = [e for e in entries if e.corrects_id is None and e.pk not in taken_back]
    return TimeSpent(sum(people.values()), sorted(((n, m) for n, m in people.items() if m), key=lambda p: -p[1]), shown)


def time_entry(ticket: Ticket, entry_id: UUID) -> TimeEntry | None:
    return TimeEntry.objects.filter(ticket=ticket, pk=entry_id).select_related("ticket").first()


# Care -----------------------------------------------------------------------------------------------------------------


def _due() -> dict[str, Subquery]:
    clocks = Deadline.objects.filter(subject_id=OuterRef("pk")).order_by("-started_at")
    return {"due_at": Subquery(clocks.values("due_at")[:1]), "started_at": Subquery(clocks.values("started_at")[:1])}


def care_tasks(ticket: Ticket) -> list[CareTask]:
    """With `due_at` and `started_at` of their clock."""
    if not present(ticket)["care"]:
        return []
    due = _due()
    found = CareTask.objects.filter(ticket=ticket).annotate(due_at=due["due_at"], started_at=due["started_at"])
    return list(found.select_related("assignee", "ended_by").order_by("id"))


def care_task(ticket: Ticket, task_id: UUID) -> CareTask | None:
    return CareTask.objects.filter(ticket=ticket, pk=task_id).select_related("ticket__customer").first()


def my_care_tasks(actor: Actor, limit: int = 200) -> list[CareTask]:
    """Open tasks that this actor took, or that nobody took yet and fall to a role of theirs; the next due first."""
    if actor.user is None:
        return []
    roles = list(actor.user.groups.values_list("name", flat=True))
    due = _due()
    mine = CareTask.objects.visible_to(actor).filter(
        Q(assignee_id=actor.user_id) | Q(assignee=None, role__in=roles), state=CareState.OPEN
    )
    found = mine.annotate(due_at=due["due_at"], started_at=due["started_at"]).select_related("assignee")
    tickets = found.select_related("ticket__customer", "ticket__department", "ticket__category")
    return list(tickets.order_by(F("due_at").asc(nulls_last=True), "id")[:limit])


# Macros and followers -------------------------------------------------------------------------------------------------


def macros(actor: Actor) -> QuerySet[Macro]:
    return Macro.objects.visible_to(actor).filter(active=True)


@dataclass(frozen=True, slots=True)
class Followers:
    names: Sequence[str]
    mine: bool


def followers(ticket: Ticket, actor: Actor) -> Followers:
    if not present(ticket)["followers"]:
        return Followers([], False)
    found = list(Watch.objects.filter(ticket=ticket).select_related("user").order_by("id"))
    return Followers([str(w.user) for w in found], any(w.user_id == actor.user_id for w in found))
