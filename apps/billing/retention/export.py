"""The copy that a person gets of everything we hold about them: for people to read, and as JSON (LAW-05, PIPL art. 45).

Made when it is downloaded and never kept: only its digest stays in the log, with who made it.
"""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string

from apps.billing import audit_events as events
from apps.billing.audit_states import RequestKind, RequestState
from apps.billing.models import DataRequest, Invoice, Payment, Refund
from apps.channels.models import Call
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer, Order
from apps.crm.selectors import looks
from apps.feedback.models import Attachment, Message, Survey, Ticket
from apps.feedback.states import TO_CUSTOMER, MessageKind
from apps.journal.events import record
from apps.notifications.models import OutgoingMessage

CLEAR = "crm.view_personal_data"
MOST = 2_000  # rows of one kind


def download(request: DataRequest, *, actor: Actor) -> tuple[str, bytes]:
    """Name and content of a ZIP. Recorded with its digest.

    Raises DomainError `core.not_allowed` (needs the right to clear data too), `data_request.not_checked`,
    `data_request.other_kind`, `crm.erased`.
    """
    if not (actor.can("billing.handle_data_request") and actor.can(CLEAR)):
        raise DomainError("core.not_allowed")
    if request.kind not in (RequestKind.SEE, RequestKind.COPY):
        raise DomainError("data_request.other_kind")
    if request.state not in (RequestState.CHECKED, RequestState.ANSWERED) or request.customer is None:
        raise DomainError("data_request.not_checked")
    if request.customer.erased_at is not None:
        raise DomainError("crm.erased")
    held = collect(request.customer)
    content = _packed(request, held)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        record(events.REQUEST_EXPORTED, subject=request, actor=actor, data={"digest": digest, "bytes": len(content)})
    return f"personal-data-{request.number}.zip", content


def collect(customer: Customer) -> dict[str, Any]:
    """Everything about one person in plain JSON values; moments in Shanghai's time, amounts in yuan."""
    tickets = list(Ticket.objects.filter(customer=customer).order_by("id")[:MOST])
    return {
        "person": {
            "name": customer.name, "phone": customer.phone, "email": customer.email, "address": customer.address,
            "customer_number": customer.external_id or "", "region": customer.region, "note": customer.note,
            "language": customer.language, "tier": customer.get_tier_display(), "known_since": _at(customer.created_at),
        },
        "orders": [
            {"number": o.number, "ordered_at": _at(o.ordered_at), "total": o.total, "state": o.get_state_display()}
            for o in Order.objects.filter(customer=customer).order_by("ordered_at")[:MOST]
        ],
        "tickets": [_ticket(t) for t in tickets],
        "payments": [
            {"number": p.number, "paid_at": _at(p.paid_at), "amount": p.amount, "channel": p.get_channel_display()}
            for p in Payment.objects.filter(customer=customer).order_by("paid_at")[:MOST]
        ],
        "refunds": [_refund(r) for r in Refund.objects.filter(customer=customer).order_by("id")[:MOST]],
        "invoices": [
            {"number": str(i), "issued_at": _at(i.issued_at), "gross": i.gross, "buyer": i.buyer_name}
            for i in Invoice.objects.filter(customer=customer).order_by("issued_at")[:MOST]
        ],
        "calls": [
            {"at": _at(c.rang_at), "number": c.caller} for c in Call.objects.filter(customer=customer).order_by("id")[:MOST]
        ],
        "messages_sent": [
            {"at": _at(m.sent_at), "way": m.get_channel_display(), "to": m.recipient, "text": m.body}
            for m in OutgoingMessage.objects.filter(subject_id__in=[t.pk for t in tickets]).exclude(recipient_masked="")[:MOST]
            if m.recipient in (customer.phone, customer.email)
        ],
        "who_looked": [
            {"at": _at(look.at), "what": look.what, "why": look.reason} for look in looks(customer, MOST)
        ],
    }  # fmt: skip


def _ticket(ticket: Ticket) -> dict[str, Any]:
    seen = (MessageKind.CUSTOMER, *TO_CUSTOMER)
    return {
        "number": ticket.number,
        "received_at": _at(ticket.received_at),
        "kind": ticket.get_kind_display(),
        "what_happened": ticket.description,
        "contact_given": ticket.contact_given,
        "result": ticket.result,
        "messages": [
            {"at": _at(m.at), "kind": m.get_kind_display(), "text": m.body}
            for m in Message.objects.filter(ticket=ticket, kind__in=seen).order_by("at")[:MOST]
        ],
        "surveys": [
            {"at": _at(s.answered_at), "score": s.score, "comment": s.comment}
            for s in Survey.objects.filter(ticket=ticket, answered_at__isnull=False)
        ],
        "files": [a.upload.name for a in Attachment.objects.filter(ticket=ticket).select_related("upload")],
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "number": refund.number,
        "amount": refund.amount,
        "state": refund.get_state_display(),
        "payee": refund.payee_name,
        "account": refund.payee_account,
        "bank": refund.payee_bank,
    }


def _at(moment: datetime | None) -> str:
    return f"{clock.local(moment):%Y-%m-%d %H:%M}" if moment else ""


def _packed(request: DataRequest, held: dict[str, Any]) -> bytes:
    page = render_to_string("billing/personal_data.html", {"request_number": request.number, "held": held})
    plain = json.dumps(
        held, ensure_ascii=False, indent=2, default=lambda v: str(v) if isinstance(v, Decimal) else repr(v)
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("personal-data.html", page)
        archive.writestr("personal-data.json", plain)
    return buffer.getvalue()
