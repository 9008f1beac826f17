"""The contact that a sender gave this time where the customer's record says otherwise: personal data like any (ADM-04)."""

import json

from django.db import transaction

from apps.core import masking
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.contacts import display_phone, mask_phone
from apps.crm.events import PERSONAL_DATA_REVEALED
from apps.crm.services.customers import MOST_REASON
from apps.feedback.models import Ticket
from apps.journal import events as journal
from apps.journal.events import Ref

_MASKS = {"name": masking.name, "phone": mask_phone, "email": masking.email}


def masked(ticket: Ticket) -> dict[str, str]:
    """What was given, masked, by field of Contact; empty where it agrees with the record."""
    return {name: _MASKS[name](value) for name, value in _given(ticket).items() if name in _MASKS}


def reveal(ticket: Ticket, field: str, *, actor: Actor, reason: str) -> str:
    """The clear value of `name`, `phone` or `email`; who looked, and why, is recorded with the customer (INT-06).

    Raises DomainError `core.not_allowed`, `crm.reason_missing`, `core.too_long`, `crm.nothing_to_reveal`,
    `crm.restricted` (LAW-05).
    """
    if not actor.can("crm.view_personal_data"):
        raise DomainError("core.not_allowed")
    if ticket.customer.restricted_at is not None:
        raise DomainError("crm.restricted")
    if not reason.strip():
        raise DomainError("crm.reason_missing", field="reason")
    if len(reason) > MOST_REASON:
        raise DomainError("core.too_long", field="reason", limit=MOST_REASON, length=len(reason))
    clear = _given(ticket).get(field, "")
    if not clear:
        raise DomainError("crm.nothing_to_reveal", field="field")
    with transaction.atomic():
        journal.record(
            PERSONAL_DATA_REVEALED,
            subject=Ref("crm.customer", ticket.customer_id),
            actor=actor,
            reason=reason.strip(),
            data={"field": field, "given_with": ticket.number, "about": {"type": "feedback.ticket", "id": ticket.pk}},
        )
    return display_phone(clear) if field == "phone" else clear


def _given(ticket: Ticket) -> dict[str, str]:
    return json.loads(ticket.contact_given) if ticket.contact_given else {}
