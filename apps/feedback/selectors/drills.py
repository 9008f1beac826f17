"""How a drill went: each ticket against its time limits and what its scenario expects, then per person (TRN-01)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.feedback import events
from apps.feedback.models import Drill, DrillCase
from apps.feedback.models.drill import DrillStep
from apps.feedback.states import TO_CUSTOMER
from apps.journal.models import Event
from apps.sla.models import Deadline
from apps.sla.states import Metric, State
from apps.triage.models import Category
from apps.triage.states import PriorityLevel

# What counts as having been in time; of each, the first of the ticket.
TIMED = (Metric.ACCEPTANCE, Metric.FIRST_RESPONSE, Metric.RESOLUTION)
_STEP_OF = {
    events.TICKET_ACCEPTED: DrillStep.ACCEPT, events.PLAN_WRITTEN: DrillStep.PLAN, events.TICKET_WAITING: DrillStep.ASK,
    events.SUPERVISOR_REQUESTED: DrillStep.SUPERVISOR, events.SOLUTION_PROPOSED: DrillStep.SOLUTION,
    events.TICKET_RESOLVED: DrillStep.RESOLVE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `passed` is None while it may still turn out either way."""

    label: str
    passed: bool | None
    detail: str = ""


@dataclass(slots=True)
class Outcome:
    """What came of one drill ticket. `person` is its handler, or "" where nobody took it."""

    number: str
    scenario: str
    person: str
    person_id: int | None
    checks: list[Check] = field(default_factory=list)

    @property
    def points(self) -> int:
        """Of a hundred: the share of what is decided that was right; 0 while nothing is. Nobody's ticket scores nothing."""
        decided = [check.passed for check in self.checks if check.passed is not None]
        return round(100 * sum(decided) / len(decided)) if decided else 0

    def as_json(self) -> dict[str, Any]:
        """As it is kept at the end, when what was not reached has failed."""
        return {
            "number": self.number, "scenario": self.scenario, "person": self.person, "person_id": self.person_id,
            "checks": [[check.label, bool(check.passed), check.detail] for check in self.checks],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """A person's result in a drill: mean points of their tickets."""

    person: str
    tickets: int
    points: int


def drills() -> "QuerySet[Drill]":
    return Drill.objects.select_related("started_by").annotate(tickets=Count("cases")).order_by("-id")


def results(drill: Drill) -> list[Outcome]:
    """The outcomes of a drill: as kept when it ended, else as they stand now."""
    cases = list(drill.cases.select_related("ticket__assignee", "scenario__expected_category"))
    if drill.ended_at is None:
        return outcomes(cases)
    return [_kept(case.outcome) for case in cases if case.outcome]


def _kept(told: dict[str, Any]) -> Outcome:
    checks = [Check(label, passed, detail) for label, passed, detail in told["checks"]]
    return Outcome(told["number"], told["scenario"], told["person"], told["person_id"], checks)


def per_person(found: Iterable[Outcome]) -> list[Score]:
    """The best first; tickets that nobody took are nobody's."""
    points: dict[tuple[int | None, str], list[int]] = defaultdict(list)
    for outcome in found:
        if outcome.person_id is not None:
            points[outcome.person_id, outcome.person].append(outcome.points)
    scores = [Score(name, len(each), round(sum(each) / len(each))) for (_pk, name), each in points.items()]
    return sorted(scores, key=lambda score: (-score.points, score.person))


def outcomes(cases: Sequence[DrillCase]) -> list[Outcome]:
    """Each case looked at as it stands now, with three queries for all of them."""
    ids = [case.ticket_id for case in cases]
    deadlines: dict[tuple[UUID, str], Deadline] = {}
    for deadline in Deadline.objects.filter(subject_id__in=ids, metric__in=TIMED).order_by("started_at", "id"):
        deadlines.setdefault((deadline.subject_id, deadline.metric), deadline)
    done = _steps(ids)
    names = dict(Category.objects.values_list("pk", "name"))
    return [_outcome(case, deadlines, done.get(case.ticket_id, set()), names) for case in cases]


def _outcome(
    case: DrillCase, deadlines: dict[tuple[UUID, str], Deadline], done: set[str], names: dict[UUID, str]
) -> Outcome:
    ticket, scenario = case.ticket, case.scenario
    outcome = Outcome(ticket.number, str(scenario), str(ticket.assignee or ""), ticket.assignee_id)
    for metric in TIMED:
        if (deadline := deadlines.get((ticket.pk, metric))) is not None:
            outcome.checks.append(_in_time(deadline))
    if scenario.expected_category_id is not None:
        right = ticket.category_id == scenario.expected_category_id
        told = f"{names.get(ticket.category_id, '')} / {scenario.expected_category}"
        outcome.checks.append(Check(str(_("Category")), right, "" if right else told))
    if scenario.expected_priority:
        right = ticket.priority_level == scenario.expected_priority
        told = f"{ticket.get_priority_level_display()} / {PriorityLevel(scenario.expected_priority).label}"
        outcome.checks.append(Check(str(_("Priority")), right, "" if right else told))
    for step in scenario.expected_steps:
        passed = True if step in done else None if ticket.is_open else False
        outcome.checks.append(Check(str(DrillStep(step).label), passed))
    return outcome


def _in_time(deadline: Deadline) -> Check:
    """Met before it was due; missed as soon as it is past; open until then."""
    label = str(Metric(deadline.metric).label)
    if deadline.breached_at is not None or (deadline.due_at < clock.now() and deadline.state == State.OPEN):
        return Check(label, False)
    return Check(label, True if deadline.state == State.MET else None)


def _steps(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    happened = Event.objects.filter(subject_id__in=ids, kind__in=[*_STEP_OF, events.MESSAGE_ADDED])
    for subject, kind, data in happened.values_list("subject_id", "kind", "data"):
        if kind in _STEP_OF:
            found[subject].add(_STEP_OF[kind].value)
        elif data.get("kind") in [str(each.value) for each in TO_CUSTOMER]:
            found[subject].add(DrillStep.REPLY.value)
    return found
