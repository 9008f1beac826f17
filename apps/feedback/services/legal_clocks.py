"""What the law asks of a return: money back within 7 days, punishable after 15 (LAW-01).

Called by people on the ticket, and by the rooms above that learn of it first: the warehouse took the goods back, the
refund was paid.
"""

from datetime import datetime

from django.db import transaction

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.feedback.services import clocks, words
from apps.journal import events as journal
from apps.sla import selectors as sla
from apps.sla.states import Metric, State


def goods_back(ticket: Ticket, at: datetime, *, actor: Actor) -> Ticket:
    """The returned goods arrived at `at` (aware): both legal clocks run from there, also when the ticket is closed.

    Raises DomainErrors (`at` in the future or too long ago); DomainError `core.not_allowed`, `legal.refund_running`.
    """
    _allowed(actor)
    if errors := words.moment_errors(at, "at"):
        raise DomainErrors(errors)
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if sla.has_open(fresh, Metric.LEGAL_REFUND_LIMIT):
            raise DomainError("legal.refund_running", field="at")
        clocks.start(fresh, *clocks.OF_A_RETURN, at=at)
        clocks.refresh(fresh)
        journal.record(events.GOODS_BACK, subject=fresh, actor=actor, data={"at": at.isoformat()})
        return fresh


def refunded(ticket: Ticket, at: datetime, *, actor: Actor) -> Ticket:
    """The customer has the money since `at` (aware). Late stays late.

    Raises DomainErrors (`at` in the future or too long ago); DomainError `core.not_allowed`, `legal.no_return`.
    """
    _allowed(actor)
    if errors := words.moment_errors(at, "at"):
        raise DomainErrors(errors)
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        if not sla.has_open(fresh, Metric.LEGAL_REFUND_LIMIT):
            raise DomainError("legal.no_return")
        clocks.meet(fresh, *clocks.OF_A_RETURN, at=at)
        clocks.refresh(fresh)
        journal.record(events.REFUND_PAID, subject=fresh, actor=actor, data={"at": at.isoformat()})
        return fresh


def bounced(ticket: Ticket, *, actor: Actor) -> Ticket:
    """The money that ended the legal clocks came back: they run again from the day the goods arrived, late where that day
    is long past. A return whose clocks never ran, or run, is left alone. Raises DomainError `core.not_allowed`.
    """
    _allowed(actor)
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        ended = {d.metric: d for d in sla.all_for(fresh) if d.metric in clocks.OF_A_RETURN and d.state == State.MET}
        began = [deadline.started_at for deadline in ended.values()]
        if not began or sla.has_open(fresh, Metric.LEGAL_REFUND_LIMIT):
            return fresh
        clocks.start(fresh, *clocks.OF_A_RETURN, at=max(began))
        clocks.refresh(fresh)
        journal.record(events.REFUND_CAME_BACK, subject=fresh, actor=actor, data={"at": max(began).isoformat()})
        return fresh


def _allowed(actor: Actor) -> None:
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
