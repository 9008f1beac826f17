"""Separation of duties (ARC-04): who did what on the same cases, and who holds rights that should not meet."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import User
from apps.billing.models import Approval, BankBatchRow, HandPayment, Refund, TaxOperation, VoidCheck, VoidRequest
from apps.core import clock
from apps.journal.models import Event

FILED, APPROVED = "filed", "approved"
ACTS = {
    FILED: pgettext_lazy("duty", "filed"),
    APPROVED: pgettext_lazy("duty", "approved"),
    "checked": pgettext_lazy("duty", "verified"),
    "executed": pgettext_lazy("duty", "executed"),
    "confirmed": pgettext_lazy("duty", "confirmed"),
}
# Two of these on one case by one person; the first can't happen by the rules, and is shown if it did.
CONFLICTS = (
    (FILED, APPROVED),
    (APPROVED, "executed"),
    (FILED, "executed"),
    ("executed", "confirmed"),
    (FILED, "confirmed"),
)
# Rights that should not sit on one person.
COMBINATIONS = (
    (_("files and approves voids"), ("billing.request_void", "billing.approve_void_finance")),
    (_("files and approves refunds"), ("billing.request_refund", "billing.approve_refund_finance")),
    (_("approves and executes voids"), ("billing.approve_void_finance", "billing.execute_void")),
    (_("approves and pays refunds"), ("billing.approve_refund_finance", "billing.pay_refund")),
    (_("changes the rules and approves by them"), ("billing.change_voidrule", "billing.approve_void_finance")),
    (_("audits what they approve"), ("billing.do_audit", "billing.approve_refund_finance")),
    (_("gives out rights and approves money"), ("accounts.change_user", "billing.approve_refund_finance")),
)
MOST = 200


@dataclass(slots=True)
class Met:
    """One person in two parts of one case."""

    number: str
    case_id: UUID
    case_type: str
    person: str
    acts: tuple[Any, Any]


@dataclass(slots=True)
class Pair:
    """How often one person's cases were signed by the same other person."""

    requester: str
    approver: str
    cases: int
    share: int  # percent of the requester's signed cases


@dataclass(slots=True)
class Report:
    first: date
    last: date
    cases: int = 0
    met: list[Met] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)  # person, which combination


def report(first: date, last: date) -> Report:
    """Cases filed from `first` to `last` (Shanghai, both included): a fixed number of queries."""
    begin = datetime.combine(first, time(), clock.SHANGHAI)
    end = datetime.combine(last + timedelta(days=1), time(), clock.SHANGHAI)
    done, names = _acts(begin, end)
    found = Report(first, last, cases=len(names))
    people = {
        user.pk: str(user) for user in User.objects.filter(pk__in={p for acts in done.values() for _a, p in acts})
    }
    found.met = list(_met(done, names, people))[:MOST]
    found.pairs = _pairs(done, people)
    found.held = _held()
    return found


Acts = dict[UUID, set[tuple[str, int]]]


def _acts(begin: datetime, end: datetime) -> tuple[Acts, dict[UUID, tuple[str, str]]]:
    """Who did what on each case, and the cases' numbers with their types."""
    span = {"created_at__gte": begin, "created_at__lt": end}
    voids, refunds = VoidRequest.objects.filter(**span), Refund.objects.filter(**span)
    done: Acts = defaultdict(set)
    names: dict[UUID, tuple[str, str]] = {}
    for rows in (voids, refunds):
        for pk, number, requester in rows.values_list("pk", "number", "requested_by_id"):
            names[pk] = (number, rows.model._meta.label_lower)
            if requester:
                done[pk].add((FILED, requester))
    _note(done, APPROVED, _of(Approval.objects.filter(approved=True), "case_id", voids, refunds), "case_id", "by_id")
    _note(done, "checked", VoidCheck.objects.filter(request__in=voids), "request_id", "by_id")
    _note(done, "executed", TaxOperation.objects.filter(request__in=voids), "request_id", "recorded_by_id")
    by_hand = HandPayment.objects.filter(attempt__refund__in=refunds)
    _note(done, "executed", by_hand, "attempt__refund_id", "recorded_by_id")
    _note(done, "confirmed", by_hand, "attempt__refund_id", "confirmed_by_id")
    batches = BankBatchRow.objects.filter(attempt__refund__in=refunds, alive=True)
    _note(done, "executed", batches, "attempt__refund_id", "batch__drawn_up_by_id")
    _note(done, "confirmed", batches, "attempt__refund_id", "batch__released_by_id")
    started = Event.objects.filter(kind__in=("void.execution_begun", "refund.sent"), actor_kind="staff")
    _note(done, "executed", _of(started, "subject_id", voids, refunds), "subject_id", "actor_id")
    return done, names


def _of(rows: "QuerySet[Any]", column: str, *cases: "QuerySet[Any]") -> "QuerySet[Any]":
    condition = Q()
    for each in cases:
        condition |= Q(**{f"{column}__in": each.values("pk")})
    return rows.filter(condition)


def _note(done: Acts, act: str, rows: "QuerySet[Any]", case: str, person: str) -> None:
    for case_id, who in rows.values_list(case, person):
        if who:
            done[case_id].add((act, who))


def _met(done: Acts, names: dict[UUID, tuple[str, str]], people: dict[int, str]) -> Iterator[Met]:
    for case_id, acts in done.items():
        if case_id not in names:
            continue
        for one, other in CONFLICTS:
            for person in {p for a, p in acts if a == one} & {p for a, p in acts if a == other}:
                number, case_type = names[case_id]
                yield Met(number, case_id, case_type, people.get(person, "?"), (ACTS[one], ACTS[other]))


def _pairs(done: Acts, people: dict[int, str]) -> list[Pair]:
    counts: dict[tuple[int, int], int] = defaultdict(int)
    signed: dict[int, int] = defaultdict(int)
    for acts in done.values():
        approvers = {p for a, p in acts if a == APPROVED}
        for requester in {p for a, p in acts if a == FILED}:
            signed[requester] += bool(approvers)
            for approver in approvers:
                counts[requester, approver] += 1
    pairs = [
        Pair(people.get(one, "?"), people.get(other, "?"), n, round(100 * n / signed[one]))
        for (one, other), n in counts.items()
    ]
    return sorted(pairs, key=lambda pair: (-pair.cases, -pair.share, pair.requester))[:30]


def _held() -> list[tuple[str, str]]:
    """Active staff whose roles bring together what should not meet; administrators hold everything and are named once."""
    rights: dict[int, set[str]] = defaultdict(set)
    wanted = {right for _words, pair in COMBINATIONS for right in pair}
    codes = {right.partition(".")[2] for right in wanted}
    rows = User.objects.filter(is_active=True, groups__permissions__codename__in=codes).values_list(
        "pk", "groups__permissions__content_type__app_label", "groups__permissions__codename"
    )
    for pk, app, code in rows:
        rights[pk].add(f"{app}.{code}")
    for pk in User.objects.filter(is_active=True, is_superuser=True).values_list("pk", flat=True):
        rights[pk] = wanted
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=rights)}
    return [
        (people[pk], str(words)) for pk in sorted(rights) for words, pair in COMBINATIONS if set(pair) <= rights[pk]
    ]
