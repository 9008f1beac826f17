"""Cases of an authority: the record, its legal clock, its outcome, and what repeats it (INT-13, LAW-02)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload
from apps.core.vocabulary import Kind
from apps.feedback import events
from apps.feedback.models import Attachment, RegulatorCase, Ticket
from apps.feedback.selectors.regulator import same_case
from apps.feedback.services import clocks, repeats, words
from apps.feedback.services.reclassification import Correction, reclassify
from apps.journal import events as journal
from apps.sla import selectors as sla
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from apps.sla.states import Metric
from apps.sla.working_time import closing_of

Case = RegulatorCase
_CHOICES = {"procedure": Case.Procedure, "method": Case.Method, "outcome": Case.Outcome}


@dataclass(slots=True)
class CaseDraft:
    """What the authority sent. Days are Shanghai's; `due_on` where it names one."""

    authority: str
    case_number: str
    received_on: date | None
    procedure: str = Case.Procedure.ODR
    mediation: bool = False
    due_on: date | None = None
    method: str = ""
    process: str = ""


@dataclass(slots=True)
class OutcomeDraft:
    """How it ended; ODR wants the time, the course, the way and the result (LAW-02)."""

    outcome: str
    outcome_on: date | None
    method: str = ""
    process: str = ""
    outcome_note: str = ""


def record(ticket: Ticket, draft: CaseDraft, *, actor: Actor, uploads: Sequence[Upload] = ()) -> RegulatorCase:
    """Write the case down, or correct it; the ticket becomes a regulator ticket and the authority's clock follows.

    Another ticket of the same case is found by authority and number and becomes the first one. Raises DomainErrors
    beside the fields; DomainError `core.not_allowed`, `regulator.reopen_first`, `ticket.not_waiting` (closed).
    """
    _allowed(actor)
    _check_case(draft)
    with transaction.atomic():
        fresh = _open(ticket)
        if fresh.kind != Kind.REGULATOR:
            fresh = reclassify(fresh, Correction(kind=Kind.REGULATOR), actor=actor, reason=draft.case_number)
        known = Case.objects.filter(ticket=fresh).first()
        case = known or Case(ticket=fresh, recorded_by_id=actor.user_id, recorded_at=clock.now())
        changed = _fill(case, draft) | ({"case"} if known is None else set())
        case.case_key = key_of(case.case_number)
        case.save()
        _attach(case, uploads)
        if changed & {"case", "received_on", "due_on"} and not case.outcome:
            _run_clock(fresh, case, actor)
        first = _link_to_first(fresh, case, actor)
        facts = {"case": str(case.pk), "number": case.case_number, "changed": sorted(changed), "files": len(uploads)}
        facts["first"] = first.number if first else None
        journal.record(events.REGULATOR_CASE_RECORDED, subject=fresh, actor=actor, data=facts)
        return case


def settle(ticket: Ticket, draft: OutcomeDraft, *, actor: Actor, uploads: Sequence[Upload] = ()) -> RegulatorCase:
    """Record the outcome: the clock is met, and the ticket may be resolved. A later call corrects it.

    Raises DomainErrors beside the fields; DomainError `core.not_allowed`, `regulator.case_missing`,
    `ticket.not_waiting`.
    """
    _allowed(actor)
    with transaction.atomic():
        fresh = _open(ticket)
        case = Case.objects.filter(ticket=fresh).first()
        if case is None:
            raise DomainError("regulator.case_missing")
        _check_outcome(draft, case)
        changed = _fill(case, draft)
        case.save()
        _attach(case, uploads)
        clocks.meet(fresh, Metric.REGULATOR)
        clocks.refresh(fresh)
        facts = {"case": str(case.pk), "outcome": case.outcome, "on": case.outcome_on, "changed": sorted(changed)}
        journal.record(events.REGULATOR_OUTCOME_RECORDED, subject=fresh, actor=actor, data=facts)
        return case


def key_of(case_number: str) -> str:
    """Letters and digits of a case number: `12315〔2026〕第 007 号` and `12315(2026)第007号` are the same."""
    return re.sub(r"[\W_]+", "", case_number).casefold()[:80]


def _check_case(draft: CaseDraft) -> None:
    errors = words.text_errors(draft.authority, "authority", limit=120, required="core.required")
    errors += words.text_errors(draft.case_number, "case_number", limit=80, required="core.required")
    errors += words.text_errors(draft.process, "process")
    if draft.case_number.strip() and not key_of(draft.case_number):
        errors.append(DomainError("core.invalid", field="case_number"))
    errors += _choice_errors(draft, ("procedure",)) + _choice_errors(draft, ("method",), blank=True)
    if draft.received_on is None:
        errors.append(DomainError("core.required", field="received_on"))
    errors += words.date_errors(draft.received_on, "received_on")
    if draft.due_on and draft.received_on and draft.due_on < draft.received_on:
        errors.append(DomainError("regulator.before_received", field="due_on"))
    if draft.due_on and draft.due_on > clock.local(clock.now() + deadlines.FARTHEST).date():
        errors.append(DomainError("sla.due_too_far", field="due_on", days=deadlines.FARTHEST.days))
    if errors:
        raise DomainErrors(errors)
    draft.authority, draft.case_number = words.line(draft.authority), words.line(draft.case_number)


def _check_outcome(draft: OutcomeDraft, case: RegulatorCase) -> None:
    negotiated = draft.outcome in (Case.Outcome.SETTLED, Case.Outcome.REFUSED)
    needed = "core.required" if negotiated else None
    errors = words.text_errors(draft.process, "process", required=needed)
    errors += words.text_errors(draft.outcome_note, "outcome_note")
    errors += _choice_errors(draft, ("outcome",)) + _choice_errors(draft, ("method",), blank=not negotiated)
    if draft.outcome_on is None:
        errors.append(DomainError("core.required", field="outcome_on"))
    elif draft.outcome_on < case.received_on:
        errors.append(DomainError("regulator.before_received", field="outcome_on"))
    errors += words.date_errors(draft.outcome_on, "outcome_on")
    if errors:
        raise DomainErrors(errors)


def _choice_errors(draft: CaseDraft | OutcomeDraft, names: Sequence[str], *, blank: bool = False) -> list[DomainError]:
    errors = []
    for name in names:
        value = getattr(draft, name)
        if not value and not blank:
            errors.append(DomainError("core.required", field=name))
        elif value and value not in _CHOICES[name].values:
            errors.append(DomainError("core.invalid_choice", field=name, value=value))
    return errors


def _fill(case: RegulatorCase, draft: CaseDraft | OutcomeDraft) -> set[str]:
    """Write the draft's values; returns the names of those that differ."""
    changed = set()
    for name in draft.__slots__:
        value: Any = getattr(draft, name)
        value = value.strip() if isinstance(value, str) else value
        if getattr(case, name) != value:
            changed.add(name)
            setattr(case, name, value)
    return changed


def _attach(case: RegulatorCase, uploads: Sequence[Upload]) -> None:
    Attachment.objects.bulk_create([Attachment(ticket=case.ticket, regulator_case=case, upload=u) for u in uploads])


def _run_clock(ticket: Ticket, case: RegulatorCase, actor: Actor) -> None:
    """Ten working days from the day it was received (LAW-02), or until the day that the authority names."""
    begun, running = _begun(ticket, case), _running(ticket)
    if running is None or running.started_at != begun or running.is_by_hand:
        clocks.cancel(ticket, [Metric.REGULATOR])
        clocks.start(ticket, Metric.REGULATOR, at=begun)
        running = _running(ticket)
    if case.due_on and running is not None:
        due = closing_of(ticket.department_id, case.due_on)
        reason = f"{case.authority} {case.case_number}"
        deadlines.fix_due(locks.row(Deadline, running.pk), due, actor=actor, reason=reason)
    clocks.refresh(ticket)


def _running(ticket: Ticket) -> Deadline | None:
    return next((d for d in sla.open_for(ticket) if d.metric == Metric.REGULATOR), None)


def _begun(ticket: Ticket, case: RegulatorCase) -> datetime:
    """The law doesn't count the first day, so a day alone counts from its closing."""
    if clock.local(ticket.received_at).date() == case.received_on:
        return ticket.received_at
    return min(closing_of(ticket.department_id, case.received_on), clock.now())


def _link_to_first(ticket: Ticket, case: RegulatorCase, actor: Actor) -> Ticket | None:
    """The first ticket of this case; this one is linked to it and counted once with it (LAW-03)."""
    known = same_case(case).select_related("ticket__repeat_of").first()
    if known is None:
        return None
    first = known.ticket.repeat_of or known.ticket
    if first.pk == ticket.pk or first.repeat_of_id == ticket.pk:
        return None
    if ticket.repeat_of_id is None:
        ticket.repeat_of = first
        ticket.save(update_fields=["repeat_of"])
        journal.record_many(repeats.found(ticket, repeats.Match(first.pk, "case", 100), actor))
    return first


def _open(ticket: Ticket) -> Ticket:
    fresh = locks.row(Ticket, ticket.pk)
    if not fresh.is_open:
        raise DomainError("ticket.not_waiting")
    return fresh


def _allowed(actor: Actor) -> None:
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
