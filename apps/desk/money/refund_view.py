"""What the page of a refund, and the inbox, show of it."""

from typing import Any

from django.urls import reverse
from django.utils.translation import pgettext

from apps.billing.models import Refund, VoidRequest
from apps.billing.services import approvals, ladder, refund_gates
from apps.billing.states import Method, PayChannel, RefundState
from apps.core import clock
from apps.core.actors import Actor
from apps.desk.money import filers, signatures
from apps.desk.money.cases import about_of, by_key, evidence, link_to_ticket
from apps.journal import gates
from apps.notifications.services import questions
from apps.sla import selectors as sla
from apps.sla.models import Deadline
from apps.sla.states import CONTACT, LEGAL

EARLIER = 8
JOINED = ("payment__order", "customer", "ticket", "requested_by", "void_request__invoice", "void_request__reason")
HIDDEN = (
    *(f"customer__{name}" for name in ("name", "phone", "email", "address", "note")),
    "payment__payer_name", "payee_name", "payee_account",
)  # fmt: skip


def address(refund: Refund) -> str:
    return reverse("desk:refund", args=[refund.number])


def find(key: str, actor: Actor) -> Refund | None:
    """By number or id, where this actor may see it."""
    return by_key(Refund.objects.visible_to(actor).select_related(*JOINED).defer(*HIDDEN), key)


def way(channel: str, method: str) -> str:
    """`Alipay · original route`; a coupon or points are credited, nothing goes back the way it came."""
    if channel == PayChannel.BENEFIT and method == Method.REFUND:
        credited = pgettext("method", "credited")  # not inside the f-string: there it is not found for translation
        return f"{PayChannel(channel).label} · {credited}"
    methods = dict(Method.choices)
    names = dict(PayChannel.choices)
    return f"{names.get(channel, channel)} · {methods.get(method, method)}"


def gather(refund: Refund, actor: Actor) -> dict[str, Any]:
    """Everything somebody needs to decide, with a fixed number of queries."""
    standing = approvals.standing(refund)
    filers.name([refund])
    invoice = refund_gates.invoice_of(refund)
    gate = None
    if invoice is not None:
        reason = refund.void_request.reason.code if refund.void_request else ""
        gate = refund_gates.rule_for(reason, refund.amount, clock.local(clock.now()).date())
    held = gates.refusal(refund, "pay", {})
    return {
        "refund": refund,
        "payment": refund.payment,
        "left": refund.payment.amount - refund.payment.reserved if refund.payment else None,
        "standing": standing,
        "waits": refund.state == RefundState.CREATED,
        "places": signatures.places(refund, standing),
        "history": signatures.history(refund),
        "split_note": signatures.split_note(refund, standing),
        "way": way(refund.channel, refund.method),
        "uncovered": invoice,
        "gate": gate,
        "held": held.words if held else "",
        "exception": getattr(refund, "gate_exception", None) if invoice is not None else None,
        "evidence": evidence(refund.ticket_id),
        "earlier": earlier(refund, actor),
        "question": questions.open_questions([refund.pk]).get(refund.pk),
        "deadlines": _clocks(refund),
        "ticket_link": link_to_ticket(refund.ticket, actor),
        "about": about_of(refund, address(refund)),
    }


def _clocks(refund: Refund) -> list[Deadline]:
    """What is due next on its ticket, and the law's clocks where they run."""
    known = sla.open_for(refund.ticket) if refund.ticket else []
    owed = [d for d in known if not d.is_timer and d.metric not in CONTACT]
    return owed[:1] + [d for d in owed[1:] if d.metric in LEGAL]


def earlier(refund: Refund, actor: Actor) -> dict[str, list[Any]]:
    """Other refunds of the same payment and customer, and the customer's void requests, the newest first."""
    others = Refund.objects.visible_to(actor).exclude(pk=refund.pk)
    same = others.filter(payment_id=refund.payment_id) if refund.payment_id else others.none()
    of_customer = others.filter(customer_id=refund.customer_id)
    if refund.payment_id:
        of_customer = of_customer.exclude(payment_id=refund.payment_id)
    voids = VoidRequest.objects.visible_to(actor).filter(invoice__customer_id=refund.customer_id)
    return {
        "same_payment": list(same.order_by("-id")[:EARLIER]),
        "customer": list(of_customer.order_by("-id")[:EARLIER]),
        "voids": list(voids.select_related("invoice", "reason").order_by("-id")[:EARLIER]),
    }


def open_ways(refund: Refund) -> list[tuple[str, str]]:
    """Choices for the next way, the next rung first."""
    return [(rung.code, way(rung.channel, rung.method)) for rung in ladder.rungs(refund)]
