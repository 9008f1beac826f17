"""Voiding vouchers and closing accounts (VOI-09): filed, signed as a void request is, checked, done by another person."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction

from apps.billing import events, makers
from apps.billing.models import Cancellation, CancellationCheck, Refund, VoidRequest
from apps.billing.services import approvals
from apps.billing.states import CancellationCheckKind as Kind
from apps.billing.states import (
    CancellationKind,
    CancellationState,
    CheckResult,
    RefundState,
    Source,
    VoidState,
)
from apps.core import clock, locks, money, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from apps.feedback.services import drills, words
from apps.journal import events as journal
from apps.journal import transitions
from apps.journal.events import ref
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

LISTS = {
    CancellationKind.VOUCHER: (Kind.OWNER, Kind.UNUSED),
    CancellationKind.ACCOUNT: (Kind.OWNER, Kind.BALANCE, Kind.OPEN_MONEY, Kind.OPEN_TICKETS, Kind.PERSONAL_DATA),
}
MOST = 60
_OVER_VOIDS = (VoidState.DONE, VoidState.ARCHIVED, VoidState.REJECTED, VoidState.WITHDRAWN)
_OVER_REFUNDS = (RefundState.SUCCEEDED, RefundState.REJECTED, RefundState.CANCELLED)


@dataclass(frozen=True, slots=True)
class CancellationDraft:
    """What is asked for; `amount` in yuan: what the voucher is worth, or the account still holds."""

    kind: str
    subject_number: str
    customer: Customer
    amount: Decimal = Decimal(0)
    words: str = ""
    ticket: Ticket | None = None


def file(draft: CancellationDraft, *, actor: Actor) -> Cancellation:
    """File a case; it waits for finance's signature.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `cancellation.…` and those of the words.
    """
    if not actor.can("billing.request_void"):
        raise DomainError("core.not_allowed")
    drills.refuse_money(draft.ticket)
    number, text = _checked(draft), words.checked(draft.words, "words")
    try:
        with transaction.atomic():
            return _insert(draft, number, text, actor)
    except IntegrityError as error:  # somebody was quicker
        raise DomainError("cancellation.twice", field="subject_number", number=number) from error


def _checked(draft: CancellationDraft) -> str:
    number = "".join(draft.subject_number.split())
    if draft.kind not in CancellationKind.values:
        raise DomainError("core.invalid_choice", field="kind", value=draft.kind)
    if not number:
        raise DomainError("cancellation.number_missing", field="subject_number")
    if len(number) > MOST:
        raise DomainError("core.too_long", field="subject_number", limit=MOST, length=len(number))
    if draft.amount < 0 or money.fen(draft.amount) != draft.amount:
        raise DomainError("cancellation.amount", field="amount")
    alive = (CancellationState.REVIEW, CancellationState.CHECKING, CancellationState.DONE)
    known = Cancellation.objects.filter(kind=draft.kind, subject_number=number, state__in=alive).first()
    if known is not None:
        raise DomainError("cancellation.twice", field="subject_number", number=known.number)
    return number


def _insert(draft: CancellationDraft, number: str, text: str, actor: Actor) -> Cancellation:
    case = Cancellation(
        kind=draft.kind, subject_number=number, customer=draft.customer, ticket=draft.ticket, words=text,
        amount=money.fen(draft.amount), requested_by_id=actor.user_id,
    )  # fmt: skip
    data = {"kind": case.kind, "amount": case.amount}
    journal.record(events.CANCELLATION_FILED, subject=case, actor=actor, data=data)
    department = draft.ticket.department_id if draft.ticket else None
    facts = Facts(kind="", urgency="", channel="", tier="", department_id=department)
    deadlines.start(case, [Metric.VOIDING], facts, at=clock.now())
    numbers.insert(case, "cancellation", mark="C")
    return case


def decide(case: Cancellation, *, actor: Actor, approve: bool, reason: str = "") -> Cancellation:
    """Sign, or reject with a reason; the last signature puts the check-list on.

    Raises the errors of `approvals.may_sign` and `transitions.apply`, and DomainError `reason.missing`.
    """
    reason = words.checked(reason, "reason", required=None if approve else "reason.missing")
    with transaction.atomic():
        fresh = locks.row(Cancellation, case.pk)
        if fresh.state != CancellationState.REVIEW:
            raise DomainError("approval.not_waiting")
        standing = approvals.standing(fresh)
        for_whom = approvals.may_sign(fresh, actor, standing)
        row = approvals.signature(fresh, actor, standing, approved=approve, for_whom=for_whom, reason=reason)
        power = approvals.lent(actor, for_whom, fresh.subject)
        if not approve:
            return _end(fresh, "reject", power, reason)
        last = len(standing.steps) == len(standing.signed) + 1
        signed = transitions.apply(fresh, "approve" if last else "sign", actor=power, reason=reason, approval=row)
        if last:
            kinds = LISTS[CancellationKind(signed.kind)]
            CancellationCheck.objects.bulk_create([CancellationCheck(case=signed, kind=kind) for kind in kinds])
            refresh(signed)
        return signed


def withdraw(case: Cancellation, *, actor: Actor, reason: str = "") -> Cancellation:
    """Take it back. Raises the errors of `transitions.apply`."""
    return _end(case, "withdraw", actor, words.checked(reason, "reason"))


def refuse(case: Cancellation, *, actor: Actor, reason: str) -> Cancellation:
    """The check-list speaks against it. Never by whoever filed it. Raises DomainError `reason.missing`, `approval.own`, …"""
    text = words.checked(reason, "reason", required="reason.missing")
    _not_own(case, actor)
    if case.state != CancellationState.CHECKING:
        raise DomainError("transition.impossible", state=case.get_state_display())
    return _end(case, "reject", actor, text)


def _end(case: Cancellation, name: str, actor: Actor, reason: str) -> Cancellation:
    with transaction.atomic():
        ended = transitions.apply(case, name, actor=actor, reason=reason)
        deadlines.cancel(ref(ended), None, at=clock.now())
        return ended


def record_check(case: Cancellation, kind: str, *, passed: bool, actor: Actor, detail: str) -> CancellationCheck:
    """A person confirms, or denies, what the system can't know; with words on how they know.

    Raises DomainError `core.not_allowed`, `approval.own`, `cancellation.check_by_system`, `core.invalid_choice`,
    `transition.impossible`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    detail = words.checked(detail, "detail", required="core.required")[:300]
    with transaction.atomic():
        fresh = locks.row(Cancellation, case.pk)
        _not_own(fresh, actor)
        if fresh.state != CancellationState.CHECKING:
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        check = fresh.checks.filter(kind=kind).first()
        if check is None:
            raise DomainError("core.invalid_choice", field="kind", value=kind)
        if kind in FILLERS:
            raise DomainError("cancellation.check_by_system")
        check.result = CheckResult.PASSED if passed else CheckResult.FAILED
        check.source, check.detail, check.at, check.by_id = Source.PERSON, detail, clock.now(), actor.user_id
        check.save()
        data = {"check": kind, "passed": passed, "detail": journal.digest(detail, of=check)}
        journal.record(events.CANCELLATION_CHECKED, subject=fresh, actor=actor, data=data)
        return check


def refresh(case: Cancellation) -> None:
    """Fill what the records tell. The caller holds the case's lock or has just made the list."""
    for check in case.checks.filter(kind__in=FILLERS):
        against = FILLERS[Kind(check.kind)](case)
        check.result = CheckResult.FAILED if against else CheckResult.PASSED
        check.source, check.detail, check.at = Source.BOOKS, ", ".join(against)[:300], clock.now()
        check.save()


def execute(case: Cancellation, *, actor: Actor, reference: str) -> Cancellation:
    """A person has done it in the shop's system and notes its reference; never whoever filed it. The records are asked
    once more. From then on a closed account takes no coupons or points (`refunds.file`).

    Raises DomainError `approval.own`, `cancellation.reference_missing`, `cancellation.checks_open` and those of
    `transitions.apply`.
    """
    text = "".join(reference.split())
    if not text:
        raise DomainError("cancellation.reference_missing", field="reference")
    if len(text) > MOST:
        raise DomainError("core.too_long", field="reference", limit=MOST, length=len(text))
    with transaction.atomic():
        fresh = locks.row(Cancellation, case.pk)
        _not_own(fresh, actor)
        refresh(fresh)
        done = transitions.apply(fresh, "finish", actor=actor, reference=text, by=actor.user_id)
        deadlines.meet(done, Metric.VOIDING, at=clock.now())
        return done


def _not_own(case: Cancellation, actor: Actor) -> None:
    if actor.user_id is not None and actor.user_id in {case.requested_by_id, *makers.of(case)}:
        raise DomainError("approval.own")


# What the records tell: numbers of what stands against it --------------------------------------------------------------


def _open_money(case: Cancellation) -> list[str]:
    refunds = Refund.objects.filter(customer=case.customer).exclude(state__in=_OVER_REFUNDS)
    voids = VoidRequest.objects.filter(invoice__customer=case.customer).exclude(state__in=_OVER_VOIDS)
    return [*refunds.values_list("number", flat=True)[:5], *voids.values_list("number", flat=True)[:5]]


def _open_tickets(case: Cancellation) -> list[str]:
    open_ones = Ticket.objects.open().filter(customer=case.customer)
    others = open_ones if case.ticket_id is None else open_ones.exclude(pk=case.ticket_id)
    return list(others.values_list("number", flat=True)[:5])


FILLERS: dict[str, Callable[[Cancellation], list[str]]] = {
    Kind.OPEN_MONEY: _open_money,
    Kind.OPEN_TICKETS: _open_tickets,
}
