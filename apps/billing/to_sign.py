"""What waits for somebody's signature, with a number of queries that does not grow with the cases (VOI-02, REF-08)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from apps.accounts.models import ApprovalLimit, User
from apps.accounts.selectors import approval_limit
from apps.billing import makers
from apps.billing.models import Approval, ApprovalRule, Cancellation, Delegation, Refund, VoidRequest
from apps.billing.services import approvals
from apps.billing.services.approvals import Case, Reads, Signing
from apps.billing.states import (
    HOLDS_MONEY,
    OPEN_CANCELLATIONS,
    OPEN_VOIDS,
    CancellationState,
    RefundKind,
    RefundState,
    VoidState,
)
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError

MOST = 300  # cases looked at, the oldest first
WAITING = (VoidState.FINANCE_REVIEW, VoidState.MANAGEMENT_REVIEW)
_HELD = [state for state in OPEN_VOIDS if state != VoidState.DRAFT] + [VoidState.ARCHIVED]


@dataclass(frozen=True, slots=True)
class ToSign:
    """A case that this actor may sign now, how it stands, and for whom they would sign (None: for themselves)."""

    case: Case
    standing: Signing
    for_whom: User | None
    together: bool


def voids(actor: Actor) -> list[ToSign]:
    """Void requests that wait for this actor's signature, the oldest first."""
    if not _may_ever(actor, ApprovalLimit.Subject.VOID):
        return []
    rows = VoidRequest.objects.filter(state__in=WAITING).exclude(requested_by_id=actor.user_id)
    rows = rows.select_related("reason", "requested_by", "invoice")
    return _signable(rows.defer("ruling").order_by("id")[:MOST], actor)


def refunds(actor: Actor, subject: str = "") -> list[ToSign]:
    """Refunds and compensation that wait for this actor's signature, the oldest first; with `subject` one of both."""
    subjects = [subject] if subject else [ApprovalLimit.Subject.REFUND, ApprovalLimit.Subject.COMPENSATION]
    if not any(_may_ever(actor, each) for each in subjects):
        return []
    rows = Refund.objects.filter(state=RefundState.CREATED).exclude(requested_by_id=actor.user_id)
    if subject == ApprovalLimit.Subject.REFUND:
        rows = rows.filter(kind=RefundKind.REFUND)
    elif subject == ApprovalLimit.Subject.COMPENSATION:
        rows = rows.exclude(kind=RefundKind.REFUND)
    clear = ("name", "phone", "email", "address", "note")
    rows = rows.select_related("requested_by", "customer").defer(*(f"customer__{name}" for name in clear), "words")
    return _signable(rows.order_by("id")[:MOST], actor)


def cancellations(actor: Actor) -> list[ToSign]:
    """Vouchers and accounts that wait for this actor's signature, the oldest first (VOI-09)."""
    if not _may_ever(actor, ApprovalLimit.Subject.VOID):
        return []
    rows = Cancellation.objects.filter(state=CancellationState.REVIEW).exclude(requested_by_id=actor.user_id)
    clear = ("name", "phone", "email", "address", "note")
    rows = rows.select_related("requested_by", "customer").defer(*(f"customer__{name}" for name in clear))
    return _signable(rows.order_by("id")[:MOST], actor)


def standings(cases: Sequence[Case]) -> dict[UUID, Signing]:
    """`approvals.standing` of many cases at once."""
    rules: dict[str, list[ApprovalRule]] = defaultdict(list)
    for rule in ApprovalRule.objects.filter(active=True):
        rules[rule.subject].append(rule)
    signed: dict[UUID, list[Approval]] = defaultdict(list)
    for approval in Approval.objects.filter(case_id__in=[case.pk for case in cases], approved=True):
        signed[approval.case_id].append(approval)
    amounts = _counted(cases)
    return {
        case.pk: Signing(
            approvals.needed(case, amounts[case.pk], rules[case.subject]),
            tuple(row for row in signed[case.pk] if row.round == case.round),
            amounts[case.pk],
        )
        for case in cases
    }


def together(case: Case, standing: Signing, rules: Iterable[ApprovalRule]) -> bool:
    """Whether the rule of the next signature calls this case small enough to be signed along with others."""
    limit = max((rule.together_up_to for rule in rules if rule.step == standing.next), default=Decimal(0))
    special = getattr(case, "above_cap", False) or (isinstance(case, VoidRequest) and case.reason.management)
    return not special and case.round == 1 and standing.amount <= limit


def _signable(rows: "QuerySet[Any]", actor: Actor) -> list[ToSign]:
    cases: list[Case] = list(rows)
    if not cases:
        return []
    made_by = makers.of_many(cases)
    reads = Reads(cache(approval_limit), cache(approvals._givers), lambda case: made_by[case.pk])
    small: dict[str, list[ApprovalRule]] = defaultdict(list)
    for rule in ApprovalRule.objects.filter(active=True, together_up_to__gt=0):
        small[rule.subject].append(rule)
    known, found = standings(cases), []
    for case in cases:
        standing = known[case.pk]
        try:
            for_whom = approvals.may_sign(case, actor, standing, reads)
        except DomainError:
            continue
        found.append(ToSign(case, standing, for_whom, together(case, standing, small[case.subject])))
    return found


def stands_in(actor: Actor) -> bool:
    """Whether somebody's power to sign is lent to this actor today, by the calendar of Shanghai (VOI-02)."""
    if actor.user_id is None:
        return False
    today = clock.local(clock.now()).date()
    lent = Delegation.objects.filter(taker_id=actor.user_id, ended_at=None, giver__is_active=True)
    return lent.filter(first_day__lte=today, last_day__gte=today).exists()


def _may_ever(actor: Actor, subject: str) -> bool:
    """Without the right, and with nobody who lent it, no case is looked at."""
    if actor.user is None:
        return False
    rights = approvals.RIGHTS[ApprovalLimit.Subject(subject)]
    return any(actor.can(right) for right in rights) or bool(approvals._givers(actor.user, subject))


def _counted(cases: Sequence[Case]) -> dict[UUID, Decimal]:
    """`approvals.counted_amount` of each: its own yuan and those of its splits."""
    by_invoice = _void_sums([case for case in cases if isinstance(case, VoidRequest)])
    by_payment, by_ticket, by_customer = _refund_sums([case for case in cases if isinstance(case, Refund)])
    of_customer = _cancellation_sums([case for case in cases if isinstance(case, Cancellation)])
    counted = {}
    for case in cases:
        if isinstance(case, VoidRequest):
            counted[case.pk] = by_invoice.get(case.invoice_id, case.amount)
        elif isinstance(case, Cancellation):
            counted[case.pk] = of_customer.get((case.kind, case.customer_id), case.amount)
        elif case.payment_id:
            counted[case.pk] = by_payment.get((case.customer_id, case.payment_id), case.amount)
        elif case.ticket_id:
            counted[case.pk] = by_ticket.get((case.customer_id, case.ticket_id), case.amount)
        else:
            counted[case.pk] = by_customer.get(case.customer_id, case.amount)
    return counted


def _void_sums(cases: list[VoidRequest]) -> dict[Any, Decimal]:
    if not cases:
        return {}
    held = VoidRequest.objects.filter(invoice_id__in={case.invoice_id for case in cases}, state__in=_HELD)
    return dict(held.order_by().values_list("invoice_id").annotate(sum=Sum("amount")))


def _cancellation_sums(cases: list[Cancellation]) -> dict[Any, Decimal]:
    if not cases:
        return {}
    held = Cancellation.objects.filter(customer_id__in={c.customer_id for c in cases}, state__in=OPEN_CANCELLATIONS)
    sums = held.order_by().values_list("kind", "customer_id").annotate(sum=Sum("amount"))
    return {row[:2]: row[2] for row in sums}


def _refund_sums(cases: list[Refund]) -> tuple[dict[Any, Decimal], dict[Any, Decimal], dict[Any, Decimal]]:
    if not cases:
        return {}, {}, {}
    held = Refund.objects.filter(state__in=HOLDS_MONEY).order_by()
    paid = held.filter(payment_id__in={case.payment_id for case in cases if case.payment_id})
    told = held.filter(ticket_id__in={case.ticket_id for case in cases if case.ticket_id})
    by_payment = paid.values_list("customer_id", "payment_id").annotate(sum=Sum("amount"))
    by_ticket = told.values_list("customer_id", "ticket_id").annotate(sum=Sum("amount"))
    bare = {case.customer_id for case in cases if not (case.payment_id or case.ticket_id)}
    alone = held.filter(customer_id__in=bare, payment=None, ticket=None) if bare else held.none()
    alone = alone.filter(created_at__gt=clock.now() - approvals.LATELY)
    by_customer = dict(alone.values_list("customer_id").annotate(sum=Sum("amount")))
    return {row[:2]: row[2] for row in by_payment}, {row[:2]: row[2] for row in by_ticket}, by_customer
