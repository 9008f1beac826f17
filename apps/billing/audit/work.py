"""The auditor's work: answers to the check-list, findings with owner and date, their end (ARC-04)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction

from apps.accounts.models import User
from apps.billing import audit_events as events
from apps.billing.audit_states import CheckAnswer, Severity
from apps.billing.models import AuditAnswer, AuditItem, AuditSample, Finding, RedFlag
from apps.core import clock, locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Channel, Kind, Tier, Urgency
from apps.feedback.services import words
from apps.journal import transitions
from apps.journal.events import record
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

RIGHT = "billing.do_audit"
NOTE, LINK, TEXT = 2_000, 300, 4_000
URGENCY = {Severity.MINOR: Urgency.NORMAL, Severity.MAJOR: Urgency.URGENT, Severity.CRITICAL: Urgency.CRITICAL}


@dataclass(frozen=True, slots=True)
class Answered:
    """What the auditor says to one question; `link` is an address of this site or of the company's archive."""

    answer: str
    note: str = ""
    link: str = ""


def answer(question: AuditAnswer, said: Answered, *, actor: Actor) -> AuditAnswer:
    """Answer one question of a drawn case; again while the audit is open.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `audit.closed`, `audit.note_missing` (what is not in
    order needs words), `audit.link`.
    """
    if not actor.can(RIGHT) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    if said.answer not in CheckAnswer.values:
        raise DomainError("core.invalid_choice", field="answer", value=said.answer)
    needs = "audit.note_missing" if said.answer == CheckAnswer.WRONG else None
    note = words.checked(said.note, "note", limit=NOTE, required=needs)
    link = _link(said.link)
    with transaction.atomic():
        sample = locks.row(AuditSample, question.item.sample_id)
        if sample.state != "open":
            raise DomainError("audit.closed")
        row = locks.row(AuditAnswer, question.pk)
        if (row.answer, row.note, row.link) == (said.answer, note, link):
            return row
        row.answer, row.note, row.link = said.answer, note, link
        row.by_id, row.at = actor.user_id, clock.now()
        row.save()
        data = {"item": str(row.item_id), "position": row.position, "answer": row.answer}
        record(events.ITEM_ANSWERED, subject=sample, actor=actor, data=data)
    return row


def _link(value: str) -> str:
    value = value.strip()
    if len(value) > LINK:
        raise DomainError("core.too_long", field="link", limit=LINK, length=len(value))
    if value and not (value.startswith("/") and not value.startswith("//")) and urlsplit(value).scheme != "https":
        raise DomainError("audit.link", field="link")
    return value


def close(sample: AuditSample, summary: str, *, actor: Actor) -> AuditSample:
    """End an audit whose questions are all answered. Raises DomainError `audit.items_open`, `core.required`."""
    text = words.checked(summary, "summary", limit=TEXT, required="core.required")
    return transitions.apply(sample, "close", actor=actor, summary=text)


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """Something that was not in order. It hangs on a drawn case, on a red flag, or on the audit as a whole."""

    text: str
    severity: str
    owner: User
    sample: AuditSample | None = None
    item: AuditItem | None = None
    flag: RedFlag | None = None


def write(draft: FindingDraft, *, actor: Actor) -> Finding:
    """Write a finding and start its clock. Nobody finds something about themselves.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `core.required`, `finding.own`.
    """
    if not actor.can(RIGHT) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    if draft.severity not in Severity.values:
        raise DomainError("core.invalid_choice", field="severity", value=draft.severity)
    if draft.owner.pk == actor.user_id:
        raise DomainError("finding.own", field="owner")
    text = words.checked(draft.text, "text", limit=TEXT, required="core.required")
    sample = draft.item.sample if draft.item else draft.sample
    with transaction.atomic():
        row = Finding(
            sample=sample, item=draft.item, flag=draft.flag, severity=draft.severity, text=text, owner=draft.owner,
            written_by_id=actor.user_id, written_at=clock.now(),
        )  # fmt: skip
        urgency = URGENCY[Severity(draft.severity)]
        facts = Facts(Kind.COMPLAINT, urgency, Channel.ONLINE, Tier.NORMAL, draft.owner.department_id)
        deadlines.start(row, [Metric.AUDIT_FINDING], facts, at=row.written_at)
        data = {"severity": row.severity, "owner": draft.owner.pk, "sample": str(sample.pk) if sample else None}
        record(events.FINDING_WRITTEN, subject=row, actor=actor, data=data)
        numbers.insert(row, "finding", mark="F")
        return row


def respond(finding: Finding, measures: str, *, actor: Actor) -> Finding:
    """The owner says what was done about it."""
    text = words.checked(measures, "measures", limit=TEXT, required="core.required")
    return transitions.apply(finding, "answer", actor=actor, measures=text)


def give_back(finding: Finding, verdict: str, *, actor: Actor) -> Finding:
    """Not enough: the owner has it again, its clock never stopped."""
    text = words.checked(verdict, "verdict", limit=TEXT, required="reason.missing")
    return transitions.apply(finding, "give_back", actor=actor, verdict=text)


def end(finding: Finding, verdict: str, *, actor: Actor) -> Finding:
    """Close it: somebody of the audit who is not its owner has seen that it is put right."""
    if actor.user_id is None:
        raise DomainError("core.not_allowed")
    text = words.checked(verdict, "verdict", limit=TEXT, required="core.required")
    with transaction.atomic():
        closed = transitions.apply(finding, "close", actor=actor, verdict=text, by=actor.user_id)
        deadlines.meet(closed, Metric.AUDIT_FINDING, at=clock.now())
        return closed
