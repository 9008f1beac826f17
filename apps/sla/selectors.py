"""Reading deadlines."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery

from apps.journal.events import Ref, ref
from apps.sla.models import CalendarDay, Deadline, Pause, Policy
from apps.sla.states import Purpose, State


def open_for(subject: models.Model | Ref) -> list[Deadline]:
    """All open deadlines of a subject, obligations and timers, the next one first, with their policies (SLA-09)."""
    return list(_of(subject).filter(state=State.OPEN))


def all_for(subject: models.Model | Ref) -> list[Deadline]:
    """Every deadline a subject ever had, by its start: after a reopening the first resolution is told from the next."""
    return list(_of(subject).order_by("started_at", "id"))


def next_due(subject: models.Model | Ref) -> Deadline | None:
    """The obligation that is due next; paused ones come last. None when nothing is owed."""
    owed = _of(subject).filter(state=State.OPEN, purpose=Purpose.OBLIGATION)
    return owed.order_by(models.F("paused_at").asc(nulls_first=True), "due_at").first()


def _of(subject: models.Model | Ref) -> "QuerySet[Deadline]":
    return Deadline.objects.filter(subject_id=ref(subject).id).select_related("policy")


def open_by_subject(subject_ids: Iterable[UUID]) -> dict[UUID, list[Deadline]]:
    """Open obligations of many subjects with one query, each list by due time: for lists of tickets."""
    found: dict[UUID, list[Deadline]] = defaultdict(list)
    owed = Deadline.objects.filter(subject_id__in=list(subject_ids), state=State.OPEN, purpose=Purpose.OBLIGATION)
    for deadline in owed.order_by("due_at"):
        found[deadline.subject_id].append(deadline)
    return dict(found)


def next_due_at(subject: str = "pk") -> Subquery:
    """An annotation for a list of subjects: when its next running obligation is due. `subject` names the outer id."""
    owed = Deadline.objects.filter(
        subject_id=OuterRef(subject), state=State.OPEN, purpose=Purpose.OBLIGATION, paused_at=None
    )
    return Subquery(owed.order_by("due_at").values("due_at")[:1])


def pauses_of(subject: models.Model | Ref) -> list[Pause]:
    return list(Pause.objects.filter(subject_id=ref(subject).id).order_by("began_at"))


def open_pause(subject: models.Model | Ref) -> Pause | None:
    """The pause that lasts: the subject waits for the customer."""
    return Pause.objects.filter(subject_id=ref(subject).id, ended_at=None).first()


def pauses_by_subject(subject_ids: Iterable[UUID]) -> dict[UUID, list[Pause]]:
    found: dict[UUID, list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(subject_id__in=list(subject_ids)).order_by("began_at"):
        found[pause.subject_id].append(pause)
    return dict(found)


def current_policies() -> "QuerySet[Policy]":
    return Policy.objects.filter(effective_to=None)


def official_days(year: int) -> "QuerySet[CalendarDay]":
    return CalendarDay.objects.filter(calendar=None, date__year=year)
