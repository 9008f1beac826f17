"""What somebody should look at (ARC-06): computed again and again into rows that are raised once each.

A flag's key names what it is about, so a repeat of the job, or a cleared flag, adds nothing. Signs are no proof: the
system never judges; people clear them with a reason, or write a finding.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.billing import audit_events as events
from apps.billing.audit_states import FlagKind
from apps.billing.models import Approval, ApprovalRule, Period, RedFlag, RedFlagRule, Refund, VoidRequest
from apps.billing.states import HOLDS_MONEY, VoidState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal.events import NewEvent, record, record_many

RIGHT = "billing.clear_redflag"
REASON = 2_000
LIVING = [s for s in VoidState.values if s not in (VoidState.REJECTED, VoidState.WITHDRAWN, VoidState.DRAFT)]


@dataclass(slots=True)
class Sign:
    """A flag to be raised, unless its key was."""

    key: str
    cases: list[Any]  # VoidRequest or Refund
    happened_at: datetime
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def amount(self) -> Decimal:
        return sum((case.amount for case in self.cases), Decimal(0))


def raise_due() -> int:
    """Compute every active kind and raise what is new; returns how many. Two at a time: the second adds nothing."""
    raised = 0
    for rule in RedFlagRule.objects.filter(active=True):
        since = clock.now() - timedelta(days=rule.days)
        signs = [sign for sign in SIGNS[FlagKind(rule.kind)](rule, since) if sign.amount >= rule.amount]
        raised += _raise(rule, _with_news(rule, since, signs))
    return raised


def _with_news(rule: RedFlagRule, since: datetime, signs: list[Sign]) -> list[Sign]:
    """Without those whose cases were all flagged together before: what is looked at moves on from day to day, and a group
    that lost its oldest case is no new one.
    """
    flagged = RedFlag.objects.filter(kind=rule.kind, raised_at__gte=since).values_list("subjects", flat=True)
    told = [{subject["id"] for subject in subjects} for subjects in flagged]
    return [
        sign
        for sign in signs
        if len(sign.cases) == 1 or not any({str(case.pk) for case in sign.cases} <= cases for cases in told)
    ]


def _raise(rule: RedFlagRule, signs: list[Sign]) -> int:
    known = set(RedFlag.objects.filter(kind=rule.kind, key__in=[s.key for s in signs]).values_list("key", flat=True))
    new = [
        RedFlag(
            kind=rule.kind, key=sign.key, figures=sign.figures, amount=sign.amount, happened_at=sign.happened_at,
            subjects=[{"type": c._meta.label_lower, "id": str(c.pk), "number": c.number} for c in sign.cases],
            raised_at=clock.now(),
        )
        for sign in signs
        if sign.key not in known
    ]  # fmt: skip
    if not new:
        return 0
    with transaction.atomic():
        RedFlag.objects.bulk_create(new, ignore_conflicts=True)
        mine = {flag.pk for flag in new}
        kept = list(RedFlag.objects.filter(pk__in=mine))  # what another worker raised at this moment is not ours
        record_many([NewEvent(events.FLAG_RAISED, flag, system("audit"), _facts(flag)) for flag in kept])
    return len(kept)


def _facts(flag: RedFlag) -> dict[str, Any]:
    return {"kind": flag.kind, "amount": flag.amount, "cases": [s["number"] for s in flag.subjects][:20]}


def clear(flag: RedFlag, *, actor: Actor, reason: str) -> RedFlag:
    """Somebody of the audit looked: no harm, and why. Nobody clears what their own act raised.

    Raises DomainError `core.not_allowed`, `reason.missing`, `flag.cleared`, `flag.own`.
    """
    if not actor.can(RIGHT) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    text = words.checked(reason, "reason", limit=REASON, required="reason.missing")
    with transaction.atomic():
        fresh = locks.row(RedFlag, flag.pk)
        if fresh.cleared_at is not None:
            raise DomainError("flag.cleared")
        if actor.user_id in people_of(fresh):
            raise DomainError("flag.own")
        fresh.cleared_by_id, fresh.cleared_at, fresh.reason = actor.user_id, clock.now(), text
        fresh.save(update_fields=["cleared_by", "cleared_at", "reason"])
        record(events.FLAG_CLEARED, subject=fresh, actor=actor, reason=text, data={"kind": fresh.kind})
    return fresh


def people_of(flag: RedFlag) -> set[int]:
    """Who filed or signed the cases behind a flag."""
    ids = [subject["id"] for subject in flag.subjects]
    found: set[int | None] = set(Approval.objects.filter(case_id__in=ids).values_list("by_id", flat=True))
    for model in (VoidRequest, Refund):
        found |= set(model.objects.filter(pk__in=ids).values_list("requested_by_id", flat=True))
    return {person for person in found if person is not None}


# What each kind reads -------------------------------------------------------------------------------------------------


def splits(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """Several cases of one person for one customer, each at or below an approval step, together above it."""
    steps: dict[str, list[Decimal]] = defaultdict(list)
    for subject, above in ApprovalRule.objects.filter(active=True, above__gt=0).values_list("subject", "above"):
        steps[subject].append(above)
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    voids = VoidRequest.objects.filter(created_at__gte=since, state__in=LIVING).select_related("invoice")
    for request in voids.exclude(requested_by=None, invoice__customer=None):
        buyer = request.invoice.customer_id or request.invoice.buyer_name
        groups[request.requested_by_id, str(buyer), request.subject].append(request)
    for refund in Refund.objects.filter(created_at__gte=since, state__in=HOLDS_MONEY).exclude(requested_by=None):
        groups[refund.requested_by_id, str(refund.customer_id), refund.subject].append(refund)
    for (person, _who, subject), cases in groups.items():
        for step in sorted(steps.get(subject, [])):
            below = [case for case in cases if case.amount <= step]
            total = sum((case.amount for case in below), Decimal(0))
            if len(below) >= max(rule.count, 2) and total > step:
                below.sort(key=lambda case: case.created_at)
                key = f"{below[0]._meta.model_name}:{step}:{below[0].pk}"
                figures = {"cases": len(below), "total": str(total), "step": str(step), "requester": person}
                yield Sign(key, below, below[-1].created_at, figures)
                break  # the lowest step it slipped under says enough


def pairs(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """One person's cases are signed by the same other person nearly always; one flag a pair and month."""
    signed: dict[int, dict[Any, set[int]]] = defaultdict(lambda: defaultdict(set))
    cases: dict[Any, Any] = {}
    for approval, case in _signatures(since):
        if case.requested_by_id is not None:
            cases[case.pk] = case
            signed[case.requested_by_id][case.pk].add(approval.by_id)
    for requester, by_case in signed.items():
        for approver in {person for people in by_case.values() for person in people}:
            together = [cases[pk] for pk, people in by_case.items() if approver in people]
            share = 100 * len(together) // len(by_case)
            if len(together) >= rule.count and share >= rule.percent:
                together.sort(key=lambda case: case.created_at)
                month = f"{clock.local(clock.now()):%Y-%m}"
                figures = {"cases": len(together), "share": share, "requester": requester, "approver": approver}
                yield Sign(f"{requester}:{approver}:{month}", together[-50:], together[-1].created_at, figures)


def new_payees(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """A refund goes to an account that no refund of this customer went to before."""
    earlier = Refund.objects.filter(
        customer=OuterRef("customer"), payee_account_index=OuterRef("payee_account_index"), id__lt=OuterRef("id")
    )
    found = Refund.objects.filter(created_at__gte=since, state__in=HOLDS_MONEY).exclude(payee_account_index="")
    for refund in found.filter(~Exists(earlier)).order_by("id"):
        others = Refund.objects.filter(payee_account_index=refund.payee_account_index).exclude(
            customer=refund.customer_id
        )
        figures = {"account": refund.payee_account_masked, "others": others.values("customer").distinct().count()}
        yield Sign(f"{refund.pk}", [refund], refund.created_at, figures)


def one_payee(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """Refunds of several payments or customers end in one account; told apart by the keyed index, never in the clear."""
    found = Refund.objects.filter(created_at__gte=since, state__in=HOLDS_MONEY).exclude(payee_account_index="")
    accounts: dict[str, list[Refund]] = defaultdict(list)
    for refund in found.order_by("id"):
        accounts[refund.payee_account_index].append(refund)
    for refunds in accounts.values():
        if len(refunds) >= rule.count:
            customers = len({refund.customer_id for refund in refunds})
            figures = {"cases": len(refunds), "customers": customers, "account": refunds[0].payee_account_masked}
            yield Sign(f"{refunds[0].pk}", refunds[-50:], refunds[-1].created_at, figures)


def after_close(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """An invoice is undone after its month was closed (ARC-07), or `count` months later, closed or not."""
    closed = dict(Period.objects.filter(closed_at__isnull=False).values_list("month", "closed_at"))
    requests = VoidRequest.objects.filter(executed_at__gte=since).select_related("invoice")
    for request in requests.order_by("id"):
        executed: datetime = request.executed_at
        issued, done = clock.local(request.invoice.issued_at), clock.local(executed)
        months = (done.year - issued.year) * 12 + done.month - issued.month
        shut = closed.get(issued.date().replace(day=1))
        if months >= max(rule.count, 1) or (shut is not None and shut <= executed):
            figures = {
                "months": months,
                "issued": f"{issued:%Y-%m}",
                "executed": f"{done:%Y-%m-%d}",
                "act": request.act,
            }
            yield Sign(f"{request.pk}", [request], executed, figures)


def quick(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """Signed sooner after it was filed (or after the signature before) than anybody can read it."""
    before: dict[Any, datetime] = {}
    for approval, case in _signatures(since):
        filed = getattr(case, "submitted_at", None) or case.created_at
        start = before.get(case.pk) or (filed if case.round == approval.round else None)
        before[case.pk] = approval.at
        if start is None or approval.at < start:
            continue
        seconds = int((approval.at - start).total_seconds())
        if seconds < rule.seconds:
            yield Sign(f"{approval.pk}", [case], approval.at, {"seconds": seconds, "approver": approval.by_id})


def night(rule: RedFlagRule, since: datetime) -> Iterator[Sign]:
    """Signed at an hour of the night (Shanghai); the span may pass midnight."""
    for approval, case in _signatures(since):
        hour, start, end = clock.local(approval.at).hour, rule.from_hour, rule.to_hour
        inside = start <= hour < end if start <= end else hour >= start or hour < end
        if inside:
            figures = {"at": f"{clock.local(approval.at):%Y-%m-%d %H:%M}", "approver": approval.by_id}
            yield Sign(f"{approval.pk}", [case], approval.at, figures)


def _signatures(since: datetime) -> list[tuple[Approval, Any]]:
    """Signatures since then with their cases, in order; three queries."""
    rows = list(Approval.objects.filter(Q(approved=True), at__gte=since).order_by("at", "id"))
    ids = {row.case_id for row in rows}
    cases: dict[Any, Any] = {}
    for model in (VoidRequest, Refund):
        cases |= {case.pk: case for case in model.objects.filter(pk__in=ids)}
    return [(row, cases[row.case_id]) for row in rows if row.case_id in cases]


SIGNS: dict[FlagKind, Callable[[RedFlagRule, datetime], Iterator[Sign]]] = {
    FlagKind.SPLIT: splits,
    FlagKind.PAIR: pairs,
    FlagKind.NEW_PAYEE: new_payees,
    FlagKind.ONE_PAYEE: one_payee,
    FlagKind.AFTER_CLOSE: after_close,
    FlagKind.QUICK: quick,
    FlagKind.NIGHT: night,
}
