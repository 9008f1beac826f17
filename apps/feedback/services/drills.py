"""Drills (TRN-01): rehearsed cases go the real way, with real clocks, and touch neither statistics, customers nor money.

The tickets are marked and have numbers of their own; no message about them leaves the house (`muting`); figures,
exports, repeats and learning leave them out (`TicketQuerySet.real`).
"""

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.core.vocabulary import ContactChannel
from apps.crm.services.customers import Contact
from apps.feedback import events
from apps.feedback.models import Drill, DrillCase, DrillScenario, Ticket
from apps.feedback.selectors import drills as reads
from apps.feedback.services import clocks, intake, words
from apps.feedback.services.intake import Report
from apps.journal import events as journal
from apps.journal import transitions

RUNS = "feedback.run_drill"
MOST = 50  # tickets of one drill
SILENT = gettext_noop("A drill: nothing leaves the house.")
DRILLS = system("drill")
# Nobody's address: the top-level domain “invalid” leads nowhere by design (RFC 2606).
NOBODY = Contact(
    name="演练客户", email="drill@example.invalid", external_id="drill", preferred_channel=ContactChannel.EMAIL
)


def silence(ticket_id: UUID) -> str:
    """Why no message about this ticket leaves the house; "" for a customer's ticket."""
    return SILENT if Ticket.objects.filter(pk=ticket_id, is_drill=True).exists() else ""


def refuse_money(ticket: Ticket | None) -> None:
    """Where money begins: raises DomainError `drill.no_money` for a drill's ticket."""
    if ticket is not None and ticket.is_drill:
        raise DomainError("drill.no_money", field="ticket")


def start(name: str, scenarios: Sequence[DrillScenario], count: int, *, actor: Actor) -> Drill:
    """Begin a drill: `count` tickets through the real intake, the scenarios in turn.

    Raises DomainError `core.not_allowed`, `core.required`, `core.too_long`, `drill.no_scenario`, `drill.too_many`.
    """
    if not actor.can(RUNS):
        raise DomainError("core.not_allowed")
    name = words.checked(name, "name", limit=80, required="core.required")
    if not scenarios:
        raise DomainError("drill.no_scenario", field="scenarios")
    if not 1 <= count <= MOST:
        raise DomainError("drill.too_many", field="count", limit=MOST)
    with transaction.atomic():
        drill = Drill.objects.create(name=name, started_by_id=actor.user_id)
        journal.record(events.DRILL_STARTED, subject=drill, actor=actor, data={"name": name, "tickets": count})
        for scenario in islice(cycle(scenarios), count):
            ticket = intake.receive(_report(scenario), actor=DRILLS)
            DrillCase.objects.create(drill=drill, scenario=scenario, ticket=ticket)
        return drill


def _report(scenario: DrillScenario) -> Report:
    return Report(
        text=scenario.text,
        contact=NOBODY,
        channel=scenario.channel,
        kind=scenario.kind,
        urgency=scenario.urgency,
        product=scenario.product,
        is_drill=True,
    )


def end(drill: Drill, *, actor: Actor) -> Drill:
    """End the drill: what came of each ticket is kept, and those still open leave the queues.

    Raises DomainError `core.not_allowed`, `drill.ended`.
    """
    if not actor.can(RUNS):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(Drill, drill.pk)
        if fresh.ended_at is not None:
            raise DomainError("drill.ended")
        cases = list(fresh.cases.select_related("ticket__assignee", "scenario__expected_category"))
        for case, outcome in zip(cases, reads.outcomes(cases), strict=True):
            case.outcome = outcome.as_json()
            case.save(update_fields=["outcome"])
            if case.ticket.is_open:
                clocks.resume(case.ticket)  # nobody waits for anybody any more
                closed = transitions.apply(case.ticket, "end_drill", actor=DRILLS, reason=str(fresh))
                clocks.cancel(closed)
                clocks.refresh(closed)
        fresh.ended_at = clock.now()
        fresh.save(update_fields=["ended_at"])
        journal.record(events.DRILL_ENDED, subject=fresh, actor=actor, data={"tickets": len(cases)})
        return fresh


def save_scenario(scenario: DrillScenario, *, actor: Actor) -> DrillScenario:
    """Add or change a scenario. Raises DomainError `core.not_allowed`."""
    if not actor.can(RUNS):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        scenario.save()
        facts: dict[str, Any] = {"code": scenario.code, "active": scenario.active}
        journal.record(events.SCENARIO_CHANGED, subject=scenario, actor=actor, data=facts)
        return scenario
