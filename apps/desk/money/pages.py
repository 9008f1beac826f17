"""What the page of a case shows beside `gather`: the rail, what can be done, the clocks, the links, the story."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.db.models import prefetch_related_objects
from django.urls import reverse

from apps.billing import awaited
from apps.billing.adapters.tax import manual
from apps.billing.models import BankBatchRow, Invoice, RedForm, Refund, TaxOperation, VoidRequest
from apps.billing.services import form_clock
from apps.billing.states import (
    FORM_ALIVE,
    FORM_WAITS,
    OPEN_ATTEMPTS,
    FormKind,
    PayChannel,
    RefundKind,
    RefundState,
    Step,
    VoidState,
)
from apps.core.actors import Actor
from apps.desk.money import refund_acts, refund_view, void_acts, void_view
from apps.desk.money.acts import Offer, offers
from apps.desk.money.cases import Station, rail, told
from apps.desk.money.forms import MoneyForm
from apps.sla.models import Deadline

V, R = VoidState, RefundState
Bound = Mapping[str, MoneyForm]


def void(request: VoidRequest, actor: Actor, bound: Bound | None = None) -> dict[str, Any]:
    """The page of a void request, with a fixed number of queries."""
    bound = bound or {}
    content = void_view.gather(request, actor)
    prefetch_related_objects([request], "forms")  # several acts look at them
    found = offers(void_acts.ACTS, request, actor, bound)
    operations = list(request.operations.select_related("recorded_by", "file", "form"))
    for operation in operations:
        operation.request = request
        operation.waits_by_hand = operation.adapter == manual.NAME and operation.state in OPEN_ATTEMPTS
    return {
        **content,
        "rail": _void_rail(request, content["places"]),
        "offers": [offer for offer in found if not offer.act.placed],
        "check_offer": _check_offer(found),
        "check_bound": bound.get("check"),
        "bound": bound,
        "forms": _forms(request, operations),
        "operations": operations,
        "links": _void_links(request, actor),
        "story": told(request.pk),
        "known_facts": list(request.invoice.facts.order_by("fact", "-at", "-id").distinct("fact")),
        "may_request_refund": request.state in (V.DONE, V.ARCHIVED) and actor.can("billing.request_refund"),
        "token": uuid4().hex,
    }


def _forms(
    request: VoidRequest, operations: list[TaxOperation]
) -> list[tuple[RedForm, Deadline | None, TaxOperation | None]]:
    """Each form with its clock, and with the last call that was to withdraw it; one that is let go of has no clock."""
    calls = {call.form_id: call for call in reversed(operations) if call.verb == TaxOperation.Verb.WITHDRAW}
    found = []
    for form in request.forms.all():
        call = calls.get(form.pk)
        clock = form_clock.deadline_of(form) if form.state in FORM_WAITS and call is None else None
        found.append((form, clock, call if form.state in FORM_ALIVE else None))
    return found


def _check_offer(found: list[Offer]) -> Offer | None:
    return next((offer for offer in found if offer.act.name == "check"), None)


def _void_rail(request: VoidRequest, places: list[Any]) -> list[Station]:
    if request.state in (V.REJECTED, V.WITHDRAWN):
        return rail([V.FINANCE_REVIEW, V(request.state)], V(request.state), left=True)
    way = [
        V.FINANCE_REVIEW,
        V.MANAGEMENT_REVIEW,
        V.VERIFICATION,
        V.AWAITING_FORM,
        V.READY,
        V.EXECUTING,
        V.DONE,
        V.ARCHIVED,
    ]
    here, note = V(request.state), awaited.word(request)
    if request.state == V.UNKNOWN:
        here, note = V.EXECUTING, str(V.UNKNOWN.label)
    if request.state == V.DRAFT:
        way.insert(0, V.DRAFT)
    if here != V.MANAGEMENT_REVIEW and not any(place.step == Step.MANAGEMENT for place in places):
        way.remove(V.MANAGEMENT_REVIEW)
    if here != V.AWAITING_FORM and request.form_kind in ("", FormKind.NONE):
        way.remove(V.AWAITING_FORM)
    return rail(way, here, note)


def _void_links(request: VoidRequest, actor: Actor) -> dict[str, Any]:
    """Ticket ⇄ order ⇄ invoice ⇄ void ⇄ refund, one click each way (VOI-07)."""
    invoice = request.invoice
    return {
        "order": invoice.order,
        "invoice": reverse("desk:invoice", args=[invoice.pk]) if actor.can("billing.view_invoice") else "",
        "refunds": list(Refund.objects.visible_to(actor).filter(void_request=request).order_by("id")),
        "replacements": list(Invoice.objects.filter(replaces=invoice)[:3]),
    }


# Refunds -------------------------------------------------------------------------------------------------------------


def refund(one: Refund, actor: Actor, bound: Bound | None = None) -> dict[str, Any]:
    """The page of a refund, with a fixed number of queries."""
    bound = bound or {}
    content = refund_view.gather(one, actor)
    by_hand = ("hand_payment__recorded_by", "hand_payment__confirmed_by", "hand_payment__proof")
    attempts = list(one.attempts.select_related(*by_hand).order_by("-position"))
    rows = BankBatchRow.objects.filter(attempt__in=attempts).select_related("batch").order_by("id")
    batches = {row.attempt_id: row for row in rows}
    for attempt in attempts:
        attempt.batch_row = batches.get(attempt.pk)
        attempt.paid_by_hand = getattr(attempt, "hand_payment", None)
        attempt.waits_for_batch = (
            attempt.channel == PayChannel.BANK and attempt.state in OPEN_ATTEMPTS and attempt.batch_row is None
        )
    return {
        **content,
        "rail": _refund_rail(one),
        "offers": offers(refund_acts.ACTS, one, actor, bound),
        "bound": bound,
        "attempts": attempts,
        "next_ways": refund_view.open_ways(one) if one.state == R.NEEDS_FALLBACK else [],
        "story": told(one.pk),
        "may_pay": actor.can("billing.pay_refund"),
        "refund_source": "refund" if one.kind == RefundKind.REFUND else "compensation",
        "token": uuid4().hex,
    }


def _refund_rail(one: Refund) -> list[Station]:
    state = R(one.state)
    if state in (R.REJECTED, R.CANCELLED):
        return rail([R.CREATED, state], state, left=True)
    place = {R.UNKNOWN: R.PROCESSING, R.NEEDS_FALLBACK: R.PROCESSING, R.BOUNCED: R.PROCESSING}.get(state, state)
    return rail([R.CREATED, R.APPROVED, R.PROCESSING, R.SUCCEEDED], place, str(state.label) if place != state else "")
