"""Voiding and red-lettering on the tax platform, exactly once (VOI-05, VOI-06, VOI-11). `tax_operations` makes the calls."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from apps.billing.models import Invoice, InvoiceLine, RedForm, TaxOperation, VoidRequest
from apps.billing.services import form_withdrawals, periods, tax_calls, verification
from apps.billing.states import (
    FORM_ALLOWS_RED,
    Act,
    AttemptState,
    FormKind,
    VoidState,
)
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import transitions
from apps.journal.doorbell import ring
from apps.sla.services import deadlines
from apps.sla.states import Metric

TAX = system("tax")
Verb = TaxOperation.Verb


def execute(request: VoidRequest, *, actor: Actor) -> VoidRequest:
    """Have a ready request carried out. Decided in another month, or on facts that have changed, it is decided again
    instead and comes back in verification (VOI-11).

    Raises DomainError `void.form_missing`, `void.being_executed` and those of `transitions.apply`.
    """
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state == VoidState.READY and not still_holds(fresh, clock.now()):
            again = transitions.apply(fresh, "decide_again", actor=actor)
            form_withdrawals.let_go(again, actor=TAX)
            return verification.refresh(again)
        verb = Verb.VOID if fresh.act == Act.VOID else Verb.RED
        form = _usable_form(fresh) if verb == Verb.RED else None
        operation = tax_calls.new(fresh, verb, form)
        begun = transitions.apply(fresh, "begin", actor=actor, operation=operation)
        operation.save(force_insert=True)
    ring("billing.tax")
    return begun


def still_holds(request: VoidRequest, now: datetime) -> bool:
    """Whether the rule table says at `now` what it said when the request was decided."""
    rule = verification.look(request, now).rule
    return rule is not None and rule.pk == request.rule_id


def _usable_form(request: VoidRequest) -> RedForm | None:
    if request.form_kind == FormKind.NONE:
        return None
    form = request.forms.filter(state__in=FORM_ALLOWS_RED).exclude(operations__verb=Verb.WITHDRAW).first()
    if form is None:
        raise DomainError("void.form_missing")
    return form


def settled(request: VoidRequest, operation: TaxOperation) -> None:
    """The platform has answered for good. The caller holds the request's lock."""
    if operation.state == AttemptState.SUCCEEDED:
        _done(request, operation)
    else:
        transitions.apply(request, "fail", actor=TAX, code=operation.failure)


def _done(request: VoidRequest, operation: TaxOperation) -> None:
    """The platform has done it: mark the blue invoice, make the red one, finish the request."""
    invoice = locks.row(Invoice, request.invoice_id)
    red = None
    if operation.verb == Verb.VOID:
        transitions.apply(invoice, "void", actor=TAX, request=request, certificate=operation.certificate)
    else:
        red = _red_invoice(request, invoice, operation.certificate)
        name = "red_letter_fully" if _nothing_left(invoice) else "red_letter_partly"
        transitions.apply(invoice, name, actor=TAX, request=request, red=red)
    finished = transitions.apply(request, "finish", actor=TAX, certificate=operation.certificate, red_invoice=red)
    periods.undone(finished)
    deadlines.meet(request, Metric.VOIDING, at=clock.now())


def _red_invoice(request: VoidRequest, blue: Invoice, number: str) -> Invoice:
    """The counter-document: the blue invoice's particulars, negative figures."""
    red = Invoice.objects.create(
        number=number, kind=blue.kind, issued_at=clock.now(), customer_id=blue.customer_id, order_id=blue.order_id,
        buyer_name=blue.buyer_name, buyer_tax_number=blue.buyer_tax_number, net=-request.net, tax=-request.tax,
        gross=-request.amount, red_of=blue,
    )  # fmt: skip
    parts = request.lines.select_related("line").order_by("line__position")
    InvoiceLine.objects.bulk_create(
        [
            InvoiceLine(
                invoice=red, position=place, blue_line=part.line, name=part.line.name, unit=part.line.unit,
                quantity=-part.quantity, net=-part.net, rate=part.line.rate, tax=-part.tax,
            )
            for place, part in enumerate(parts, start=1)
        ]
    )  # fmt: skip
    return red


def _nothing_left(blue: Invoice) -> bool:
    undone = Invoice.objects.filter(red_of=blue).aggregate(sum=Sum("gross"))["sum"] or Decimal(0)
    return blue.gross + undone <= 0
