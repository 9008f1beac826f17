"""A return is completed: voiding and refund start by themselves where the rules allow, else a person is told (LNK-02)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from apps.billing.models import Invoice, Payment, Refund, ReturnRule, VoidRequest
from apps.billing.services import approvals, matching, opening, refunds, return_rules, verification, voids
from apps.billing.services.opening import LINKS, REFUND, VOID, Back
from apps.billing.services.voids import VoidDraft
from apps.billing.states import RefundState, Step, VoidState
from apps.core import clock, locks
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Demand
from apps.crm.models import Order, ReturnOrder
from apps.feedback.models import Ticket
from apps.feedback.services import family, legal_clocks
from apps.feedback.states import SolutionType, TicketState
from apps.journal import transitions

WANTS = Q(demand__in=(Demand.RETURN, Demand.REFUND)) | Q(
    solutions__type__in=(SolutionType.RETURN, SolutionType.REFUND), solutions__approved=True
)


def completed(back: ReturnOrder) -> None:
    """Fill the goods-returned check, file what the rules allow, start the legal clocks. Heard twice, it files nothing twice."""
    with transaction.atomic():
        locks.rows(Payment.objects.filter(order=back.order))  # before the requests and the ticket (`core.locks`)
        ticket = ticket_of(back.order)
        _file(back, ticket)
        if ticket is not None:
            _start_clocks(ticket, back.received_at or clock.now())


def _file(back: ReturnOrder, ticket: Ticket | None) -> None:
    subject: models.Model = ticket or back
    amount = back.amount or back.order.total
    known = _under_way(back.order)
    try:
        invoice = known.invoice if known else matching.invoice_of_order(back.order)
        rule = _rule(amount)
    except DomainError as refused:
        opening.left_to_a_person(REFUND if known else VOID, subject, refused)
        return
    request = known or _void(invoice, back, ticket)
    if request is not None:
        refund = opening.open_refund(Back(request, amount, request.ticket or ticket), subject)
        _approve_small(request, refund, rule)


def ticket_of(order: Order) -> Ticket | None:
    """The ticket that asks for this return: an open one first, then the newest; the one that answers for it."""
    named = Q(order=order) | Q(order_number=order.number, customer_id=order.customer_id)
    asking = Ticket.objects.real().filter(named, WANTS, parent=None).exclude(state=TicketState.REJECTED).distinct()
    found = sorted(asking.select_related("merged_into", "order"), key=lambda t: (t.is_open, t.pk), reverse=True)
    return family.leader(found[0]) if found else None


def _start_clocks(ticket: Ticket, at: datetime) -> None:
    """From the day the goods are back the law's 7 and 15 days run (LAW-01)."""
    try:
        legal_clocks.goods_back(ticket, at, actor=LINKS)
    except (DomainError, DomainErrors):  # they run already, or the money is back
        pass


def _rule(amount: Decimal) -> ReturnRule:
    rule = return_rules.rule_for(matching.RETURNED, amount, clock.local(clock.now()).date())
    if rule is None:
        raise DomainError("link.no_rule", amount=f"{amount:,.2f}")
    return rule


def _under_way(order: Order) -> VoidRequest | None:
    """What was filed before: its check is filled."""
    for invoice in Invoice.objects.blue().filter(order=order):
        if (request := opening.open_void_of(invoice.pk)) is not None:
            return _checked(request)
    return None


def _void(invoice: Invoice, back: ReturnOrder, ticket: Ticket | None) -> VoidRequest | None:
    def file() -> VoidRequest:
        found = matching.part(invoice, matching.RETURNED, back.amount, back.order.total)
        return voids.file(VoidDraft(invoice, found.reason_code, "", found.asks, ticket), actor=LINKS)

    made: VoidRequest | None = opening.attempt(VOID, ticket or back, file)
    return made


def _checked(request: VoidRequest) -> VoidRequest:
    return verification.refresh(request) if request.state == VoidState.VERIFICATION else request


def _approve_small(request: VoidRequest, refund: Refund | None, rule: ReturnRule) -> None:
    """What a dated row lets pass without a person: filed by the system, small with all its splits, finance's alone."""
    if rule.approve_up_to <= 0:
        return
    with transaction.atomic():
        if refund is not None:
            fresh = refunds.locked(refund)
            _pass(fresh, rule, fresh.state == RefundState.CREATED, lambda: None)
        case = locks.row(VoidRequest, request.pk)
        _pass(case, rule, case.state == VoidState.FINANCE_REVIEW, lambda: verification.begin(_fresh(case)))


def _fresh(case: VoidRequest) -> VoidRequest:
    return locks.row(VoidRequest, case.pk)


def _pass(case: Any, rule: ReturnRule, waits: bool, then: Callable[[], None]) -> None:
    if not waits or case.requested_by_id is not None:
        return
    standing = approvals.standing(case)
    if standing.steps == (Step.FINANCE,) and standing.amount <= rule.approve_up_to:
        transitions.apply(case, "approve_by_rule", actor=LINKS, rule=rule)
        then()
