"""The investigation record (HND-04): written in versions, signed by name, with interviews and evidence beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.accounts.models import Department
from apps.casework import events
from apps.casework.models import Evidence, Interview, Investigation
from apps.casework.services import work
from apps.casework.states import Party
from apps.core import clock, locks, masking
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload
from apps.crm.services.customers import MOST_REASON
from apps.feedback.models import Attachment, Ticket
from apps.feedback.services import words
from apps.journal import events as journal

SIGN = "casework.sign_investigation"
NAME_LENGTH = 60
NOTE_LENGTH = 300
_LABELS = {field.name: field.verbose_name for field in Investigation._meta.concrete_fields}


@dataclass(slots=True)
class Draft:
    """What was typed. `number` is the version it was begun from (0: none), so that nobody writes over another's."""

    findings: str = ""
    root_cause: str = ""
    department: Department | None = None
    conclusion: str = ""
    number: int | None = None


def newest(ticket: Ticket) -> Investigation | None:
    """The version that holds."""
    return Investigation.objects.filter(ticket=ticket).select_related("department", "author", "signed_by").first()


def write(ticket: Ticket, draft: Draft, *, actor: Actor) -> Investigation:
    """Write the next version; earlier ones stay, and a signature stays under the version it was given for.

    Raises DomainErrors beside the fields; DomainError `core.not_allowed`, `core.stale`, `investigation.nothing_new`.
    """
    found = words.text_errors(draft.findings, "findings", required="core.required")
    for name in ("root_cause", "conclusion"):
        found += words.text_errors(getattr(draft, name), name)
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = work.ticket(ticket, actor, over_too=True)
        last = newest(fresh)
        if draft.number is not None and draft.number != (last.number if last else 0):
            raise DomainError("core.stale")
        written = Investigation(
            ticket=fresh,
            number=last.number + 1 if last else 1,
            findings=draft.findings.strip(),
            root_cause=draft.root_cause.strip(),
            department=draft.department,
            conclusion=draft.conclusion.strip(),
            author_id=actor.user_id,
            at=clock.now(),
        )
        if last and (last.words, last.department_id) == (written.words, written.department_id):
            raise DomainError("investigation.nothing_new")
        written.save(force_insert=True)
        data = {"version": written.number, "investigation": str(written.pk)}
        work.note(
            events.INVESTIGATION_WRITTEN, fresh, actor, {**data, "text": journal.digest(written.words, of=written)}
        )
        return written


def sign(ticket: Ticket, *, actor: Actor, number: int | None = None) -> Investigation:
    """Put one's name under the newest version; `number` is the version that was read.

    Raises DomainError `core.not_allowed` (needs `casework.sign_investigation`), `investigation.none`,
    `investigation.signed`, `investigation.incomplete`, `core.stale`.
    """
    work.require(actor, SIGN)
    if actor.user is None:  # a name is a person's
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(Ticket, ticket.pk)
        signed = _unsigned(fresh)
        if signed is None:
            raise DomainError("investigation.none")
        if number is not None and number != signed.number:
            raise DomainError("core.stale")
        if missing := lacking(signed):
            raise DomainError("investigation.incomplete", names="、".join(missing))
        signed.signed_by_id, signed.signed_at = actor.user_id, clock.now()
        signed.save(update_fields=["signed_by", "signed_at"])
        beside = [str(pk) for pk in _valid(Evidence, fresh)] + [str(pk) for pk in _valid(Interview, fresh)]
        data = {"version": signed.number, "investigation": str(signed.pk), "beside": beside}
        work.note(events.INVESTIGATION_SIGNED, fresh, actor, {**data, "text": journal.digest(signed.words, of=signed)})
        return signed


def lacking(version: Investigation) -> list[str]:
    """The names of what must be filled in before it can be signed."""
    needed = ("root_cause", "department", "conclusion")
    return [str(_LABELS[n]) for n in needed if not getattr(version, n)]


def _valid(model: type[Evidence] | type[Interview], ticket: Ticket) -> list[object]:
    return list(model._default_manager.filter(ticket=ticket, struck_at=None).values_list("pk", flat=True))


def _unsigned(ticket: Ticket) -> Investigation | None:
    """The newest version, if there is one. Raises `investigation.signed`: what is signed for is not added to."""
    last = newest(ticket)
    if last is not None and last.signed_at is not None:
        raise DomainError("investigation.signed")
    return last


def add_interview(ticket: Ticket, *, actor: Actor, party: str, person: str, held_at: datetime, said: str) -> Interview:
    """Write down an interview; `held_at` is aware. The name is kept encrypted and shown masked (ADM-04).

    Raises DomainErrors beside the fields; DomainError `core.not_allowed`, `investigation.signed`.
    """
    found = words.text_errors(person, "person", limit=NAME_LENGTH, required="core.required")
    found += words.text_errors(said, "said", required="core.required")
    if party not in Party.values:
        found.append(DomainError("core.invalid_choice", field="party", value=party))
    if held_at > clock.now() + words.CLOCKS_DIFFER:
        found.append(DomainError("investigation.in_future", field="held_at"))
    if found:
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = work.ticket(ticket, actor, over_too=True)
        _unsigned(fresh)
        name = words.line(person)
        added = Interview.objects.create(
            ticket=fresh,
            party=party,
            person=name,
            person_masked=masking.name(name),
            held_at=held_at,
            said=said.strip(),
            author_id=actor.user_id,
            at=clock.now(),
        )
        data = {"interview": str(added.pk), "party": party, "text": journal.digest(added.said, of=added)}
        work.note(events.INTERVIEW_ADDED, fresh, actor, data)
        return added


def add_evidence(
    ticket: Ticket,
    *,
    actor: Actor,
    attachments: Sequence[Attachment] = (),
    uploads: Sequence[Upload] = (),
    note: str = "",
) -> list[Evidence]:
    """Take files of the ticket, or own ones, into the record.

    Raises DomainError `core.not_allowed`, `investigation.no_files`, `investigation.foreign_file`,
    `investigation.file_there`, `investigation.signed`, `core.too_long`.
    """
    note = words.line(words.checked(note, "note", limit=NOTE_LENGTH))
    if not attachments and not uploads:
        raise DomainError("investigation.no_files", field="attachments")
    if any(a.ticket_id != ticket.pk for a in attachments):
        raise DomainError("investigation.foreign_file", field="attachments")
    with transaction.atomic():
        fresh = work.ticket(ticket, actor, over_too=True)
        _unsigned(fresh)
        files = [(a.upload, a) for a in attachments] + [(u, None) for u in uploads]
        present = set(Evidence.objects.filter(ticket=fresh, struck_at=None).values_list("upload_id", flat=True))
        for upload, _attachment in files:
            if upload.pk in present:
                raise DomainError("investigation.file_there", field="attachments", name=upload.name)
        added = [
            Evidence(ticket=fresh, upload=u, attachment=a, note=note, author_id=actor.user_id, at=clock.now())
            for u, a in files
        ]
        Evidence.objects.bulk_create(added)
        data = {"evidence": [str(e.pk) for e in added], "sha256": [e.upload.sha256 for e in added]}
        work.note(events.EVIDENCE_ADDED, fresh, actor, data)
        return added


def strike(entry: Interview | Evidence, *, actor: Actor, reason: str) -> Interview | Evidence:
    """Strike out an entry that is wrong; it stays readable, with the reason.

    Raises DomainError `core.not_allowed`, `reason.missing`, `investigation.struck`, `investigation.signed`.
    """
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = work.ticket(entry.ticket, actor, over_too=True)
        _unsigned(fresh)
        row = locks.row(type(entry), entry.pk)
        if row.struck_at is not None:
            raise DomainError("investigation.struck")
        row.struck_by_id, row.struck_at, row.strike_reason = actor.user_id, clock.now(), reason
        row.save(update_fields=["struck_by", "struck_at", "strike_reason"])
        work.note(events.RECORD_STRUCK, fresh, actor, {"entry": str(row.pk), "what": row._meta.model_name}, reason)
        return row


def reveal(interview: Interview, *, actor: Actor, reason: str) -> str:
    """The clear name of who was interviewed; who looked, and why, is recorded (INT-06).

    Raises DomainError `core.not_allowed`, `reason.missing`, `core.too_long`.
    """
    work.require(actor, "crm.view_personal_data")
    reason = words.checked(reason, "reason", limit=MOST_REASON, required="reason.missing")
    with transaction.atomic():
        work.note(events.INTERVIEWEE_REVEALED, interview.ticket, actor, {"interview": str(interview.pk)}, reason)
    return interview.person
