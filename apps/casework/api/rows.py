"""Papers of a ticket as the API shows them. Personal data is masked."""

from typing import Any

from apps.casework.models import (
    CareTask,
    Checklist,
    Evidence,
    Interview,
    Investigation,
    Macro,
    ReplyTemplate,
    TimeEntry,
)
from apps.casework.selectors.papers import Record
from apps.casework.services.macros import Result

Row = dict[str, Any]


def _number(user: Any) -> str | None:
    return user.staff_number if user else None


def checklist(each: Checklist) -> Row:
    return {
        "id": each.pk,
        "name": each.name,
        "by_rule": each.by_rule,
        "items": [item(i) for i in each.items.all()],
    }


def item(each: Any) -> Row:
    return {
        "id": each.pk,
        "text": each.text,
        "required": each.required,
        "settled_at": each.settled_at,
        "settled_by": _number(each.settled_by),
        "not_applicable": each.not_applicable,
        "reason": each.reason,
    }


def version(each: Investigation) -> Row:
    return {
        "number": each.number,
        "findings": each.findings,
        "root_cause": each.root_cause,
        "department": each.department.code if each.department else None,
        "conclusion": each.conclusion,
        "author": _number(each.author),
        "at": each.at,
        "signed_by": _number(each.signed_by),
        "signed_at": each.signed_at,
    }


def interview(each: Interview) -> Row:
    return {
        "id": each.pk,
        "party": each.party,
        "person": each.person_masked,
        "held_at": each.held_at,
        "said": each.said,
        "struck_at": each.struck_at,
        "strike_reason": each.strike_reason,
    }


def evidence(each: Evidence) -> Row:
    return {
        "id": each.pk,
        "name": each.upload.name,
        "sha256": each.upload.sha256,
        "note": each.note,
        "struck_at": each.struck_at,
        "strike_reason": each.strike_reason,
    }


def record(found: Record) -> Row:
    return {
        "versions": [version(v) for v in found.versions],
        "interviews": [interview(i) for i in found.interviews],
        "evidence": [evidence(e) for e in found.evidence],
    }


def time(each: TimeEntry) -> Row:
    names = ("minutes", "activity", "note", "worked_on")
    row: Row = {name: getattr(each, name) for name in names}
    return {"id": each.pk, "user": _number(each.user), **row, "corrects": each.corrects_id}


def care(each: CareTask) -> Row:
    return {
        "id": each.pk,
        "title": each.title,
        "role": each.role,
        "state": each.state,
        "due_at": getattr(each, "due_at", None),
        "outcome": each.outcome,
        "ended_at": each.ended_at,
    }


def reply_template(each: ReplyTemplate) -> Row:
    names = ("title", "body", "language", "tone", "channel")
    row: Row = {name: getattr(each, name) for name in names}
    return {"id": each.pk, **row, "category": each.category.slug if each.category else None}


def macro(each: Macro) -> Row:
    return {
        "id": each.pk,
        "name": each.name,
        "description": each.description,
        "steps": [step.kind for step in each.steps.all()],
    }


def result(found: Result) -> Row:
    lines = [{"words": line.words, "text": line.text} for line in found.lines]
    return {"ok": found.ok, "words": found.words, "lines": lines}
