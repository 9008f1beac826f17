"""What the page of a void request, and the inbox, show of it."""

from typing import Any

from django.urls import reverse

from apps.billing.models import Refund, VoidRequest
from apps.billing.services import approvals
from apps.billing.to_sign import WAITING
from apps.core.actors import Actor
from apps.desk.money import decisions, filers, signatures
from apps.desk.money.cases import about_of, by_key, evidence, link_to_ticket
from apps.notifications.services import questions
from apps.sla import selectors as sla

EARLIER = 8
JOINED = ("invoice__customer", "invoice__order", "reason", "rule", "ticket", "requested_by", "red_invoice")
HIDDEN = tuple(
    f"invoice__customer__{name}" for name in ("name", "phone", "email", "address", "note")
)  # the mask is all that is shown


def address(request: VoidRequest) -> str:
    return reverse("desk:void_request", args=[request.number])


def find(key: str, actor: Actor) -> VoidRequest | None:
    """By number or id, where this actor may see it."""
    rows = VoidRequest.objects.visible_to(actor).select_related(*JOINED).defer(*HIDDEN)
    return by_key(rows, key)


def gather(request: VoidRequest, actor: Actor) -> dict[str, Any]:
    """Everything somebody needs to decide, with a fixed number of queries."""
    standing = approvals.standing(request)
    filers.name([request])
    return {
        "request": request,
        "invoice": request.invoice,
        "standing": standing,
        "waits": request.state in WAITING,
        "places": signatures.places(request, standing),
        "history": signatures.history(request),
        "split_note": signatures.split_note(request, standing),
        "decision": decisions.of(request),
        "allowances": decisions.allowances(request.reason),
        "lines": list(request.lines.select_related("line").order_by("line__position")),
        "checks": list(request.checks.select_related("by")),
        "evidence": evidence(request.ticket_id),
        "earlier": earlier(request, actor),
        "question": questions.open_questions([request.pk]).get(request.pk),
        "deadlines": sla.open_for(request),
        "ticket_link": link_to_ticket(request.ticket, actor),
        "about": about_of(request, address(request)),
    }


def earlier(request: VoidRequest, actor: Actor) -> dict[str, list[Any]]:
    """Other requests of the same invoice and the same customer, the newest first."""
    others = VoidRequest.objects.visible_to(actor).exclude(pk=request.pk).select_related("invoice", "reason")
    same = others.filter(invoice_id=request.invoice_id)
    customer = request.invoice.customer_id
    of_customer = others.filter(invoice__customer_id=customer).exclude(invoice_id=request.invoice_id)
    refunds = Refund.objects.visible_to(actor).filter(customer_id=customer)
    return {
        "same_invoice": list(same.order_by("-id")[:EARLIER]),
        "customer": list(of_customer.order_by("-id")[:EARLIER]) if customer else [],
        "refunds": list(refunds.order_by("-id")[:EARLIER]) if customer else [],
    }
