"""A ticket's deadlines: which ones run in which situation (SLA-01, SLA-03). The mechanism itself is `sla`."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from apps.core import clock
from apps.core.actors import Actor
from apps.core.vocabulary import Kind
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

ON_RECEIPT = (Metric.FIRST_RESPONSE, Metric.ACCEPTANCE, Metric.ANSWER, Metric.RESOLUTION)
ON_REOPENING = (Metric.ACCEPTANCE, Metric.RESOLUTION)
OF_PART = (Metric.ACCEPTANCE, Metric.RESOLUTION)  # a part owes nothing to the customer: the whole does
# What the law asks about a return goes on when the ticket is closed: only the money ends it (LAW-01).
OF_A_RETURN = (Metric.LEGAL_REFUND, Metric.LEGAL_REFUND_LIMIT)
DAYS_WITHOUT_DEADLINE = 365  # after receipt: what owes nothing stands at the end of the queue


def facts(ticket: Ticket, tier: str) -> Facts:
    return Facts(
        kind=ticket.kind, urgency=ticket.urgency, channel=ticket.channel, tier=tier, department_id=ticket.department_id
    )


def on_receipt(ticket: Ticket, tier: str) -> None:
    """Start the first clocks and note the nearest one on the (not yet inserted) ticket."""
    metrics = (*ON_RECEIPT, Metric.REGULATOR) if ticket.kind == Kind.REGULATOR else ON_RECEIPT
    note_next(ticket, deadlines.start(ticket, metrics, facts(ticket, tier), at=ticket.received_at))


def hotline_picked_up(ticket: Ticket) -> None:
    """The call is logged now; it was due some minutes after it came in (SLA-01)."""
    start(ticket, Metric.HOTLINE_PICKUP, at=ticket.received_at)
    meet(ticket, Metric.HOTLINE_PICKUP)


def start(ticket: Ticket, *metrics: Metric, at: datetime | None = None) -> list[Deadline]:
    """Start what this ticket can owe; returns what was started."""
    owed = [metric for metric in metrics if ticket.parent_id is None or metric in OF_PART]
    return deadlines.start(ticket, owed, facts(ticket, ticket.customer.tier), at=at or clock.now())


def meet(ticket: Ticket, *metrics: Metric, at: datetime | None = None) -> None:
    for metric in metrics:
        deadlines.meet(ticket, metric, at=at or clock.now())


def cancel(ticket: Ticket, metrics: Iterable[Metric] | None = None) -> None:
    """Drop these deadlines; without `metrics` all but those of a return."""
    dropped = [m for m in Metric if m not in OF_A_RETURN] if metrics is None else list(metrics)
    deadlines.cancel(ticket, dropped, at=clock.now())


def follow_kind(ticket: Ticket) -> None:
    """The authority's clock runs for regulator tickets only (LAW-02)."""
    if ticket.kind == Kind.REGULATOR:
        start(ticket, Metric.REGULATOR)
    else:
        cancel(ticket, [Metric.REGULATOR])


def pause(ticket: Ticket) -> None:
    deadlines.pause(ticket, at=clock.now())
    refresh(ticket)


def resume(ticket: Ticket) -> None:
    deadlines.resume(ticket, at=clock.now())
    refresh(ticket)


def recompute(ticket: Ticket, actor: Actor) -> None:
    """After a change of kind, urgency or department: what is open is computed again, what was met stays met."""
    deadlines.recompute(ticket, facts(ticket, ticket.customer.tier), at=clock.now(), actor=actor)
    refresh(ticket)


def refresh(ticket: Ticket) -> None:
    """Write the nearest deadline back to the ticket, for the queue."""
    note_next(ticket, deadlines.open_for(ticket))
    ticket.save(update_fields=["next_due_at", "next_due_metric", "queue_at"])


def note_next(ticket: Ticket, running: Iterable[Deadline]) -> None:
    obligations = [d for d in running if d.paused_at is None and not d.is_timer]
    nearest = min(obligations, key=lambda d: d.due_at, default=None)
    ticket.next_due_at = nearest.due_at if nearest else None
    ticket.next_due_metric = nearest.metric if nearest else ""
    due = ticket.next_due_at or ticket.received_at + timedelta(days=DAYS_WITHOUT_DEADLINE)
    ticket.queue_at = due - timedelta(minutes=ticket.priority_score * rules().queue_minutes_per_point)
