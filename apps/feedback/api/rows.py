"""Tickets as the API shows them. Personal data is masked; see `views` for the clear values.

Lists are read as plain columns: building model objects and serializers would cost most of a page's time.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import models

from apps.accounts.models import Department
from apps.core.actors import Actor
from apps.feedback.models import Message, Plan, Ticket
from apps.feedback.models.ticket import TicketQuerySet
from apps.feedback.services import links
from apps.feedback.states import CUSTOMER_SEES
from apps.journal.models import Event
from apps.journal.transitions import Offer
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from apps.triage.models import Category

Row = dict[str, Any]

# The name in JSON: where the value stands. `serializers.TicketRow` describes the same to the reader.
_PLAIN = (
    "id", "number", "state", "kind", "urgency", "channel", "title", "priority_score", "priority_level", "escalated", "region",
    "product_text", "order_number", "external_ref", "received_at", "accepted_at", "first_responded_at", "resolved_at",
    "closed_at", "closed_as", "satisfaction", "next_due_at", "next_due_metric", "is_drill", "tags", "nudges",
)  # fmt: skip
COLUMNS: dict[str, str] = {
    **{name: name for name in _PLAIN},
    "category": "category_id",
    "department": "department_id",
    "assignee": "assignee__staff_number",
    "customer": "customer_id",
    "repeat_of": "repeat_of__number",
    "merged_into": "merged_into__number",
    "parent": "parent__number",
}
_DETAILS = (
    "description", "language", "contact_channel", "serial_number", "invoice_number", "ship_date", "defect_quantity",
    "occurred_on", "place", "demand", "risk", "impact", "sentiment", "confidence", "hits", "priority_parts", "assigned_at",
    "result", "rejected_as", "reopen_count", "version", "created_at",
)  # fmt: skip
CODES_SECONDS = 30.0


class Codes:
    """The codes of a small table by id, and the reverse, kept in the process. What is not known yet is read at once."""

    def __init__(self, model: type[models.Model], field: str) -> None:
        self._model, self._field = model, field
        self._codes: dict[Any, str] = {}
        self._ids: dict[str, Any] = {}
        self._until = 0.0

    def code(self, pk: Any) -> str | None:
        """The code of a row; None for None."""
        if pk is None:
            return None
        if time.monotonic() > self._until or pk not in self._codes:
            self._read()
        return self._codes.get(pk)

    def pk(self, code: str) -> Any:
        """The id of the row with this code, or None."""
        if time.monotonic() > self._until or code not in self._ids:
            self._read()
        return self._ids.get(code)

    def _read(self) -> None:
        self._codes = dict(self._model._default_manager.values_list("pk", self._field))
        self._ids = {code: pk for pk, code in self._codes.items()}
        self._until = time.monotonic() + CODES_SECONDS


categories = Codes(Category, "slug")
departments = Codes(Department, "code")


def read(tickets: TicketQuerySet) -> list[Row]:
    """One row per ticket, with one query."""
    found = []
    for values in tickets.values_list(*COLUMNS.values()):
        row: Row = dict(zip(COLUMNS, values, strict=True))
        row["category"] = categories.code(row["category"])
        row["department"] = departments.code(row["department"])
        found.append(row)
    return found


def of(ticket: Ticket) -> Row:
    """The row of one ticket at hand: the answer to whoever made or moved it."""
    row: Row = {name: getattr(ticket, name) for name in _PLAIN}
    row["category"] = categories.code(ticket.category_id)
    row["department"] = departments.code(ticket.department_id)
    row["assignee"] = ticket.assignee.staff_number if ticket.assignee_id else None
    row["customer"] = ticket.customer_id
    for name in ("repeat_of", "merged_into", "parent"):
        other: Ticket | None = getattr(ticket, name)
        row[name] = other.number if other else None
    return row


def detail(ticket: Ticket, actor: Actor) -> Row:
    """Everything about one ticket but its messages and events; the private page only for who may write (it is a key)."""
    latest = ticket.plans.first()
    return {
        **of(ticket),
        **{name: getattr(ticket, name) for name in _DETAILS},
        "collaborators": [departments.code(pk) for pk in ticket.collaborator_ids],
        "product": ticket.product.sku if ticket.product_id else None,
        "duplicate_of": ticket.duplicate_of.number if ticket.duplicate_of_id else None,
        "customer": _customer(ticket),
        "deadlines": [_deadline(d) for d in deadlines.open_for(ticket)],
        "plan": plan(latest) if latest else None,
        "solutions": [_solution(s) for s in ticket.solutions.select_related("proposed_by", "decided_by")],
        "attachments": [_attachment(a) for a in ticket.attachments.select_related("upload").order_by("id")],
        "tracking_url": links.tracking_url(ticket) if actor.can("feedback.create_ticket") else None,
    }


def _customer(ticket: Ticket) -> Row:
    customer = ticket.customer
    return {
        "id": customer.pk,
        "external_id": customer.external_id,
        "name": customer.name_masked,
        "phone": customer.phone_masked,
        "email": customer.email_masked,
        "tier": customer.tier,
        "language": customer.language,
    }


def _deadline(deadline: Deadline) -> Row:
    return {
        "metric": deadline.metric,
        "purpose": deadline.purpose,
        "started_at": deadline.started_at,
        "due_at": deadline.due_at,
        "paused_at": deadline.paused_at,
        "breached_at": deadline.breached_at,
    }


def plan(written: Plan) -> Row:
    return {"steps": written.steps, "measures": written.measures, "promised_at": written.promised_at, "at": written.at}


def _solution(solution: Any) -> Row:
    return {
        "type": solution.type,
        "description": solution.description,
        "cost": solution.cost,
        "proposed_by": solution.proposed_by.staff_number if solution.proposed_by else None,
        "proposed_at": solution.proposed_at,
        "approved": solution.approved,
        "decided_by": solution.decided_by.staff_number if solution.decided_by else None,
        "decided_at": solution.decided_at,
        "decision_reason": solution.decision_reason,
    }


def _attachment(attachment: Any) -> Row:
    upload = attachment.upload
    return {
        "name": upload.name,
        "content_type": upload.content_type,
        "size": upload.size,
        "sha256": upload.sha256,
        "message": attachment.message_id,
    }


def message(entry: Message) -> Row:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "body": entry.body,
        "channel": entry.channel,
        "author": entry.author.staff_number if entry.author else None,
        "at": entry.at,
        "customer_sees": entry.kind in CUSTOMER_SEES,
    }


def event(entry: Event) -> Row:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor_label,
        "at": entry.at,
        "reason": entry.reason,
        "data": entry.data,
    }


def offer(step: Offer) -> Row:
    return {
        "name": step.name,
        "label": step.label,
        "target": step.target,
        "allowed": step.allowed,
        "refusal": step.refusal.words if step.refusal else None,
    }


Reveal = Callable[[str], str]


def clear_customer(row: Row, fields: list[str], reveal: Reveal) -> None:
    """Put clear values in the place of masked ones in a detail row; empty fields stay empty."""
    for name in fields:
        if row["customer"][name]:
            row["customer"][name] = reveal(name)


def visible(actor: Actor, number: str) -> Ticket | None:
    """The ticket with this number and what its detail needs, without the encrypted columns; None if it is unknown."""
    personal = [f"customer__{name}" for name in ("name", "phone", "email", "address", "note")]
    tickets = Ticket.objects.visible_to(actor).defer(*personal)
    related = ("customer", "category", "department", "assignee", "product", "duplicate_of")
    return tickets.select_related(*related).filter(number=number).first()


def after_id(key: UUID | int | None) -> dict[str, Any]:
    """The condition for rows after a key, oldest first."""
    return {} if key is None else {"pk__gt": key}
