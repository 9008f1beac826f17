"""Who must sign what, and who may (VOI-02, REF-08). Nobody signs what they filed, administrators included."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import Q, Sum

from apps.accounts.models import ApprovalLimit, User
from apps.accounts.selectors import ApprovalRight, approval_limit
from apps.billing import events, makers
from apps.billing.models import Approval, ApprovalRule, Cancellation, Delegation, Refund, VoidRequest
from apps.billing.states import HOLDS_MONEY, OPEN_CANCELLATIONS, OPEN_VOIDS, Step, VoidState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import ref

ORDER = (Step.FINANCE, Step.SECOND, Step.MANAGEMENT)
RIGHTS = {
    ApprovalLimit.Subject.VOID: ("billing.approve_void_finance", "billing.approve_void_management"),
    ApprovalLimit.Subject.REFUND: ("billing.approve_refund_finance", "billing.approve_refund_management"),
    ApprovalLimit.Subject.COMPENSATION: ("billing.approve_refund_finance", "billing.approve_refund_management"),
}
LATELY = timedelta(days=30)
"""So long compensation without a payment and a ticket counts as a split of the next one."""

Case = VoidRequest | Refund | Cancellation


@dataclass(frozen=True, slots=True)
class Signing:
    """How a case stands: the steps it needs, those signed in this round, the next one, and the amount that counts."""

    steps: tuple[Step, ...]
    signed: tuple[Approval, ...]
    amount: Decimal

    @property
    def next(self) -> Step | None:
        done = {approval.step for approval in self.signed}
        return next((step for step in self.steps if step not in done), None)


def counted_amount(case: Case) -> Decimal:
    """The case's own amount; splits of one customer and invoice count together, so that none slips under a limit."""
    if isinstance(case, VoidRequest):
        kept = [state for state in OPEN_VOIDS if state != VoidState.DRAFT] + [VoidState.ARCHIVED]
        splits = VoidRequest.objects.filter(invoice_id=case.invoice_id, state__in=kept).exclude(pk=case.pk)
        return case.amount + (splits.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))
    if isinstance(case, Cancellation):
        alike = Cancellation.objects.filter(state__in=OPEN_CANCELLATIONS, kind=case.kind, customer_id=case.customer_id)
        return case.amount + (alike.exclude(pk=case.pk).aggregate(sum=Sum("amount"))["sum"] or Decimal(0))
    others = Refund.objects.filter(state__in=HOLDS_MONEY, customer_id=case.customer_id).exclude(pk=case.pk)
    same = Q(payment_id=case.payment_id) if case.payment_id else Q(ticket_id=case.ticket_id)
    if case.payment_id is None and case.ticket_id is None:
        # Of no document at all: the customer is what they have in common.
        same = Q(payment=None, ticket=None, created_at__gt=clock.now() - LATELY)
    return case.amount + (others.filter(same).aggregate(sum=Sum("amount"))["sum"] or Decimal(0))


def standing(case: Case, amount: Decimal | None = None) -> Signing:
    """Which signatures this case needs and has. `amount` where the caller counted it already."""
    amount = counted_amount(case) if amount is None else amount
    rules = ApprovalRule.objects.filter(subject=case.subject, active=True)
    signed = Approval.objects.filter(case_id=case.pk, round=case.round, approved=True)
    return Signing(needed(case, amount, rules), tuple(signed), amount)


def needed(case: Case, amount: Decimal, rules: Iterable[ApprovalRule]) -> tuple[Step, ...]:
    """The steps that must sign this case, in their order."""
    wanted = {rule.step for rule in rules if rule.above == 0 or amount > rule.above}
    reason = getattr(case, "reason", None)
    if (reason is not None and getattr(reason, "management", False)) or getattr(case, "above_cap", False):
        wanted.add(Step.MANAGEMENT)
    return tuple(step for step in ORDER if step in wanted)


@dataclass(frozen=True, slots=True)
class Reads:
    """How limits, delegations and makers are read. A list of cases reads each of them once (`to_sign`)."""

    limit: Callable[[User, str], ApprovalRight]
    givers: Callable[[User, str], list[User]]
    makers: Callable[[Case], frozenset[int]]


def may_sign(case: Case, actor: Actor, standing: Signing, reads: Reads | None = None) -> User | None:
    """Whom the actor signs for: None for oneself, or whoever gave the power away (VOI-02).

    Raises DomainError `approval.not_waiting`, `approval.own`, `approval.twice`, `approval.not_yours`,
    `approval.above_limit`, `core.not_allowed`.
    """
    if standing.next is None:
        raise DomainError("approval.not_waiting")
    if actor.user is None:
        raise DomainError("core.not_allowed")
    reads = reads or Reads(approval_limit, _givers, makers.of)
    made_by = reads.makers(case) | {case.requested_by_id}
    if actor.user_id in made_by:
        raise DomainError("approval.own")
    if any(approval.by_id == actor.user_id for approval in standing.signed):
        raise DomainError("approval.twice")
    user = cast(User, actor.user)
    refusal = _refusal(user, case, standing, reads)
    if refusal is None:
        return None
    for giver in reads.givers(user, case.subject):
        signed_for = {approval.for_whom_id or approval.by_id for approval in standing.signed}
        if giver.pk in signed_for or giver.pk in made_by:
            continue
        if _refusal(giver, case, standing, reads) is None:
            return giver
    raise refusal


def _refusal(user: User, case: Case, standing: Signing, reads: Reads) -> DomainError | None:
    finance, management = RIGHTS[ApprovalLimit.Subject(case.subject)]
    right = management if standing.next == Step.MANAGEMENT else finance
    if not user.has_perm(right):
        return DomainError("approval.not_yours")
    if standing.next != standing.steps[-1]:
        return None  # the limit is the last signature's
    limit = reads.limit(user, case.subject)
    if limit.covers(standing.amount):
        return None
    return DomainError(
        "approval.above_limit", amount=f"{standing.amount:,.2f}", limit=f"{limit.limit or Decimal(0):,.2f}"
    )


def _givers(user: User, subject: str) -> list[User]:
    today = clock.local(clock.now()).date()
    given = Delegation.objects.filter(
        taker=user, subject=subject, first_day__lte=today, last_day__gte=today, ended_at=None, giver__is_active=True
    )
    return [delegation.giver for delegation in given.select_related("giver").order_by("first_day")]


def lent(actor: Actor, for_whom: User | None, subject: str) -> Actor:
    """Who signs in somebody's place acts under their own name, with the right that was given away. Not so a key: what
    it may do are its scopes, and nothing that is lent to its person widens them."""
    if for_whom is None or actor.kind == "api":
        return actor
    rights = [right for right in RIGHTS[ApprovalLimit.Subject(subject)] if for_whom.has_perm(right)]
    return replace(actor, permissions=frozenset(rights))


def signature(
    case: Case, actor: Actor, standing: Signing, *, approved: bool, for_whom: User | None, reason: str
) -> Approval:
    """The row that is kept. The caller holds the case's lock and has asked `may_sign`."""
    if standing.next is None or actor.user_id is None:
        raise DomainError("approval.not_waiting")
    where = ref(case)
    return Approval.objects.create(
        case_type=where.type, case_id=where.id, round=case.round, step=standing.next, approved=approved,
        by_id=actor.user_id, for_whom=for_whom, amount=standing.amount, reason=reason, at=clock.now(),
    )  # fmt: skip


def delegate(delegation: Delegation, *, actor: Actor) -> Delegation:
    """Let somebody sign in one's place for some days. Oneself, or whoever manages people, may do so; a key only where it
    might sign everything itself.

    Nobody takes a power by writing it down themselves: giver or a third person does it.
    Raises DomainError `delegation.span`, `.self`, `.to_oneself`, `.audits`, `.no_right`, `core.not_allowed`.
    """
    _check_hand(delegation, actor)
    if delegation.giver_id == delegation.taker_id:
        raise DomainError("delegation.self", field="taker")
    if delegation.taker_id == actor.user_id:
        raise DomainError("delegation.to_oneself", field="taker")
    if delegation.taker.has_perm("billing.do_audit") and not delegation.taker.is_superuser:
        raise DomainError("delegation.audits", field="taker", name=delegation.taker)
    if delegation.last_day < delegation.first_day:
        raise DomainError("delegation.span", field="last_day")
    rights = RIGHTS[ApprovalLimit.Subject(delegation.subject)]
    if not any(delegation.giver.has_perm(right) for right in rights):
        raise DomainError("delegation.no_right", field="giver", name=delegation.giver)
    with transaction.atomic():
        delegation.save(force_insert=True)
        data = {
            "delegation": str(delegation.pk), "giver": delegation.giver.staff_number,
            "taker": delegation.taker.staff_number, "from": delegation.first_day, "until": delegation.last_day,
        }  # fmt: skip
        journal.record(events.DELEGATION_CHANGED, subject=delegation, actor=actor, data=data, reason=delegation.reason)
    return delegation


def _check_hand(delegation: Delegation, actor: Actor) -> None:
    """Whether this actor may give this power away, or take it back. Raises DomainError `core.not_allowed`."""
    if actor.kind == "api":
        signs = any(actor.can(right) for right in RIGHTS[ApprovalLimit.Subject(delegation.subject)])
        allowed = delegation.giver_id == actor.user_id and signs and actor.can("accounts.sign_large_by_key")
    else:
        allowed = delegation.giver_id == actor.user_id or actor.can("accounts.change_user")
    if not allowed:
        raise DomainError("core.not_allowed")


def take_back(delegation: Delegation, *, actor: Actor) -> None:
    """End a delegation now. Raises DomainError `core.not_allowed`."""
    _check_hand(delegation, actor)
    with transaction.atomic():
        Delegation.objects.filter(pk=delegation.pk, ended_at=None).update(ended_at=clock.now())
        journal.record(
            events.DELEGATION_CHANGED,
            subject=delegation,
            actor=actor,
            data={"delegation": str(delegation.pk), "ended": True},
        )
