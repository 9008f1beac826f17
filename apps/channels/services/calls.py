"""Calls to the hotline: what the telephone system tells, and what the desk makes of them (INT-12, SLA-01)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.channels.calls import events
from apps.channels.models import Call, CallState, Extension, Outcome
from apps.channels.models.calls import REPORT
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.core.vocabulary import Channel, Tier, Urgency
from apps.crm.contacts import mask_phone, normalise_phone
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from apps.journal import events as journal
from apps.journal import transitions
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

RINGING, ANSWERED, ENDED = "ringing", "answered", "ended"
EVENTS = (RINGING, ANSWERED, ENDED)
OLDEST = timedelta(days=2)  # a telephone system that was cut off tells the rest when it is back
FUTURE = timedelta(minutes=5)  # clocks of two systems differ


@dataclass(slots=True)
class News:
    """One thing that the telephone system tells. `agent` is an extension or a staff number; `at` is aware, None is now."""

    call_id: str
    event: str
    caller: str = ""
    line: str = ""
    agent: str = ""
    at: datetime | None = None


# What the telephone system tells --------------------------------------------------------------------------------------


def report(news: News, *, actor: Actor) -> Call:
    """Take one report in; the same twice, or in another order, ends the same. `call.is_new` tells the first of a call.

    Raises DomainError `core.not_allowed` (needs `channels.report_call`); DomainErrors `core.required`, `core.too_long`,
    `core.invalid_choice`, `call.time` beside their fields.
    """
    if not actor.can(REPORT):
        raise DomainError("core.not_allowed")
    _check(news)
    at = news.at or clock.now()
    with transaction.atomic():
        call, new = _call(news, at, actor)
        if not new:
            call = _complete(call, news)
        if news.event == ANSWERED:
            call = _answered(call, news, at, actor)
        elif news.event == ENDED:
            call = _ended(call, at, actor)
    call.is_new = new
    return call


def _check(news: News) -> None:
    errors = []
    for name, limit in (("call_id", 120), ("caller", 60), ("line", 40), ("agent", 40)):
        value = getattr(news, name).strip()
        setattr(news, name, value)
        if len(value) > limit:
            errors.append(DomainError("core.too_long", field=name, limit=limit, length=len(value)))
        elif not value.isprintable():
            errors.append(DomainError("core.control_characters", field=name))
    if not news.call_id:
        errors.append(DomainError("core.required", field="call_id"))
    if news.event not in EVENTS:
        errors.append(DomainError("core.invalid_choice", field="event", value=news.event[:40]))
    if news.at is not None and not clock.now() - OLDEST <= news.at <= clock.now() + FUTURE:
        errors.append(DomainError("call.time", field="at"))
    if errors:
        raise DomainErrors(errors)


def _call(news: News, at: datetime, actor: Actor) -> tuple[Call, bool]:
    """The call, locked, and whether it was made just now."""
    client = actor.label[:60]
    caller, masked = _number(news.caller)
    index = blind_index(caller)
    agent = _agent(news.agent)
    call, new = Call.objects.get_or_create(
        client=client,
        external_id=news.call_id,
        defaults={
            "caller": caller,
            "caller_masked": masked,
            "caller_index": index,
            "customer": _customer(index),
            "line": news.line,
            "extension": news.agent,
            "agent_id": agent,
            "rang_at": at,
        },
    )
    if new:
        journal.record(
            events.CALL_RANG, subject=call, actor=actor, data={"line": news.line, "agent": agent}, at=clock.now()
        )
    return locks.row(Call, call.pk), new


def _complete(call: Call, news: News) -> Call:
    """What a later report knows better: the number of the caller, or whom it rings at now."""
    changed = []
    if news.caller and not call.caller:
        call.caller, call.caller_masked = _number(news.caller)
        call.caller_index = blind_index(call.caller)
        call.customer = _customer(call.caller_index)
        changed += ["caller", "caller_masked", "caller_index", "customer"]
    if news.agent and news.agent != call.extension and news.event != ENDED and call.settled_at is None:
        call.extension, call.agent_id = news.agent, _agent(news.agent)  # passed on to a colleague
        changed += ["extension", "agent"]
    if changed:
        call.save(update_fields=changed)
    return call


def _answered(call: Call, news: News, at: datetime, actor: Actor) -> Call:
    step = {CallState.RINGING: "answer", CallState.MISSED: "answered_after_all"}.get(CallState(call.state))
    if step is None:
        return call
    at = min(at, call.ended_at) if call.ended_at else at
    call = transitions.apply(call, step, actor=actor, at=at, agent_id=_agent(news.agent))
    deadlines.cancel(call, [Metric.CALL_RETURN], at=clock.now())
    if call.settled_at is None:
        deadlines.start(call, [Metric.HOTLINE_PICKUP], _facts(call), at=at)
    for earlier in _waiting_for(call):
        _settle(earlier, Outcome.CAME_THROUGH, actor=actor, metric=Metric.CALL_RETURN)
    return call


def _ended(call: Call, at: datetime, actor: Actor) -> Call:
    if call.state == CallState.ANSWERED:
        return transitions.apply(call, "end", actor=actor, at=max(at, call.answered_at or at))
    if call.state != CallState.RINGING:
        return call
    call = transitions.apply(call, "miss", actor=actor, at=at)
    if call.caller:
        deadlines.start(call, [Metric.CALL_RETURN], _facts(call), at=at)
        return call
    return _settle(call, Outcome.NOTHING, actor=actor, metric=Metric.CALL_RETURN)  # nobody knows whom to call


def _waiting_for(call: Call) -> list[Call]:
    """Earlier calls of this caller that nobody has returned yet, locked."""
    if not call.caller_index:
        return []
    missed = Call.objects.filter(caller_index=call.caller_index, state=CallState.MISSED, settled_at=None)
    return locks.rows(missed.exclude(pk=call.pk))


def _number(typed: str) -> tuple[str, str]:
    """A caller's number in its one written form, and masked; what is no number stays as it was told."""
    try:
        number = normalise_phone(typed)
    except DomainError:
        number = typed
    return number, mask_phone(number)[:40] if number else ""


def _customer(index: str) -> Customer | None:
    return Customer.objects.filter(phone_index=index).first() if index else None


def _agent(said: str) -> int | None:
    """Whose desk it rings on: by extension, else by staff number; None for a queue, or where nobody is known by it."""
    if not said:
        return None
    own = Extension.objects.filter(number=said, user__is_active=True).values_list("user_id", flat=True).first()
    return own or User.objects.filter(staff_number=said, is_active=True).values_list("pk", flat=True).first()


def _facts(call: Call) -> Facts:
    department = call.agent.department_id if call.agent else None
    tier = call.customer.tier if call.customer else Tier.NORMAL
    return Facts(kind="", urgency=Urgency.NORMAL, channel=Channel.HOTLINE, tier=tier, department_id=department)


# What the desk makes of them --------------------------------------------------------------------------------------------


def log(call_id: UUID, ticket: Ticket, *, actor: Actor) -> Call:
    """The call is on this ticket now: its pick-up deadline is met. Raises DomainError `core.not_allowed`, `call.settled`."""
    with transaction.atomic():
        call = _open(call_id, actor)
        call.ticket = ticket
        return _settle(call, Outcome.LOGGED, actor=actor, metric=Metric.HOTLINE_PICKUP)


def nothing(call_id: UUID, *, actor: Actor, reason: str) -> Call:
    """A wrong number, or somebody hung up: nothing to log. Raises as `log` does, and `reason.missing`."""
    if not reason.strip():
        raise DomainError("reason.missing", field="reason")
    with transaction.atomic():
        call = _open(call_id, actor)
        return _settle(call, Outcome.NOTHING, actor=actor, metric=Metric.HOTLINE_PICKUP, reason=reason.strip()[:300])


def called_back(call_id: UUID, *, actor: Actor, reached: bool) -> Call:
    """Staff called back. When nobody answered it stays on the list. Raises as `log` does, and `call.not_missed`."""
    with transaction.atomic():
        call = _open(call_id, actor)
        if call.state != CallState.MISSED:
            raise DomainError("call.not_missed")
        if reached:
            return _settle(call, Outcome.CALLED_BACK, actor=actor, metric=Metric.CALL_RETURN)
        call.tries += 1
        call.save(update_fields=["tries"])
        journal.record(events.CALL_TRIED, subject=call, actor=actor, data={"tries": call.tries})
        return call


def _open(call_id: UUID, actor: Actor) -> Call:
    """The call, locked, if this actor may settle it and nobody has."""
    if not Call.objects.visible_to(actor).filter(pk=call_id).exists():
        raise DomainError("core.not_allowed")
    call = locks.row(Call, call_id)
    if call.settled_at is not None:
        raise DomainError("call.settled")
    return call


def _settle(call: Call, outcome: Outcome, *, actor: Actor, metric: Metric, reason: str = "") -> Call:
    """`metric` is the deadline that this meets; what else was owed about the call is not asked for any more."""
    now = clock.now()
    call.outcome, call.settled_at = outcome, now
    call.save(update_fields=["outcome", "settled_at", "ticket"])
    if outcome == Outcome.NOTHING:
        deadlines.cancel(call, at=now)
    else:
        deadlines.meet(call, metric, at=now)
        deadlines.cancel(call, at=now)
    data = {"outcome": outcome.value, "ticket": call.ticket.number if call.ticket else None}
    journal.record(events.CALL_SETTLED, subject=call, actor=actor, reason=reason, data=data)
    return call
