"""Reading deadlines."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery

from apps.accounts import selectors as people
from apps.accounts.models import User
from apps.journal.events import Ref, ref
from apps.sla import dueness, rules
from apps.sla.models import CalendarDay, Deadline, ExtensionRequest, LegalRule, Pause
from apps.sla.states import Purpose, State


def open_for(subject: models.Model | Ref) -> list[Deadline]:
    """All open deadlines of a subject, obligations and timers, the next one first, with their policies (SLA-09)."""
    return list(_of(subject).filter(state=State.OPEN))


def all_for(subject: models.Model | Ref) -> list[Deadline]:
    """Every deadline a subject ever had, by its start: after a reopening the first resolution is told from the next."""
    return list(_of(subject).order_by("started_at", "id"))


def has_open(subject: models.Model | Ref, metric: str) -> bool:
    """Whether this is still owed."""
    return _of(subject).filter(state=State.OPEN, metric=metric).exists()


def next_due(subject: models.Model | Ref) -> Deadline | None:
    """The obligation that is due next; paused ones come last. None when nothing is owed."""
    owed = _of(subject).filter(state=State.OPEN, purpose=Purpose.OBLIGATION)
    return owed.order_by(models.F("paused_at").asc(nulls_first=True), "due_at").first()


def _of(subject: models.Model | Ref) -> "QuerySet[Deadline]":
    return Deadline.objects.filter(subject_id=ref(subject).id).select_related("policy__legal_rule")


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


def official_days(year: int) -> "QuerySet[CalendarDay]":
    return CalendarDay.objects.filter(calendar=None, date__year=year)


# Extensions (SLA-05) -------------------------------------------------------------------------------------------------


def extensions_of(subject: models.Model | Ref) -> list[ExtensionRequest]:
    """All requests for more time of a subject's deadlines, the newest first."""
    found = ExtensionRequest.objects.filter(deadline__subject_id=ref(subject).id)
    return list(found.select_related("deadline__policy", "requested_by", "decided_by").order_by("-id"))


def extension_limit(deadline: Deadline) -> datetime:
    """The latest that a head of department may extend to; management may go further (SLA-05)."""
    in_force = rules.current()
    policy = in_force.policies[deadline.policy_id]
    return dueness.extension_limit(deadline, policy, in_force, pauses_of(deadline.subject))


def asked_to_decide(request: ExtensionRequest) -> list[User]:
    """Who is told of a request: the head of department, or who stands in for them; management for a long one.

    Never who asked for it.
    """
    deadline = request.deadline
    steps = [people.management]
    if request.asked_until <= extension_limit(deadline) and deadline.department_id is not None:
        department = deadline.department_id
        steps = [lambda: people.heads_of(department), lambda: people.duty_managers(department), *steps]
    for step in steps:
        if found := [user for user in step() if user.pk != request.requested_by_id]:
            return found
    return []


def legal_rule(code: str, day: date) -> LegalRule | None:
    """The version of a legal rule that holds on a day of Shanghai (LAW-01 … LAW-03)."""
    found = LegalRule.objects.filter(code=code, effective_from__lte=day)
    return found.filter(models.Q(effective_to=None) | models.Q(effective_to__gt=day)).first()
