"""Reads over a ticket's money: what is open and who has it (LNK-01, LNK-03), and what has become of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.billing import awaited, to_sign
from apps.billing.models import Cancellation, RedForm, Refund, VoidRequest
from apps.billing.services.approvals import Signing
from apps.billing.states import (
    FORM_WAITS,
    OPEN_CANCELLATIONS,
    CancellationState,
    FormState,
    PayChannel,
    RefundState,
    Starter,
    Step,
    VoidState,
)
from apps.feedback.models import Ticket
from apps.sla import selectors as sla
from apps.sla.states import Metric, State

V, R, C = VoidState, RefundState, CancellationState
# What a ticket waits for. A void that is done only lacks its archive pack; a rejected one holds nothing until resubmitted.
WAITING_VOIDS = (
    V.DRAFT, V.FINANCE_REVIEW, V.MANAGEMENT_REVIEW, V.VERIFICATION, V.AWAITING_FORM, V.READY, V.EXECUTING, V.UNKNOWN,
)  # fmt: skip
WAITING_REFUNDS = (R.CREATED, R.APPROVED, R.PROCESSING, R.UNKNOWN, R.NEEDS_FALLBACK, R.BOUNCED)

_FINANCE, _MANAGEMENT = _("finance"), _("management")
WHO: dict[str, str | Promise] = {
    V.DRAFT: pgettext_lazy("who has it", "whoever filed it"),
    V.FINANCE_REVIEW: _FINANCE,
    V.MANAGEMENT_REVIEW: _MANAGEMENT,
    V.VERIFICATION: _FINANCE,
    V.AWAITING_FORM: pgettext_lazy("who has it", "the other side of the red form"),
    V.READY: _FINANCE,
    V.EXECUTING: pgettext_lazy("who has it", "the tax platform"),
    V.UNKNOWN: pgettext_lazy("who has it", "the tax platform, it is being asked"),
    R.CREATED: pgettext_lazy("who has it", "whoever signs next"),
    R.APPROVED: pgettext_lazy("who has it", "the system, as soon as its gates let it pass"),
    R.PROCESSING: pgettext_lazy("who has it", "the payment provider"),
    R.NEEDS_FALLBACK: pgettext_lazy("who has it", "finance, which chooses another way"),
    R.BOUNCED: _FINANCE,
    C.REVIEW: _FINANCE,
    C.CHECKING: _FINANCE,
}
_UNKNOWN_REFUND = pgettext_lazy("who has it", "the payment provider, it is being asked")
STEPS: dict[str, str | Promise] = {
    Step.FINANCE: _FINANCE, Step.SECOND: pgettext_lazy("who has it", "a second person of finance"), Step.MANAGEMENT: _MANAGEMENT
}  # fmt: skip
KINDS = {VoidRequest: _("Void request"), Refund: _("Refund"), Cancellation: _("Cancellation")}


def tickets_of(ticket: Ticket) -> list[UUID]:
    """The ticket and those it answers for: their money is its money (merging moves nothing)."""
    if "merged" in getattr(ticket, "_prefetched_objects_cache", {}):
        return [ticket.pk, *(each.pk for each in ticket.merged.all())]
    return [ticket.pk, *Ticket.objects.filter(merged_into=ticket).values_list("pk", flat=True)]


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not over, in words: what it is, how it stands, who has it."""

    what: str
    number: str
    state: str
    who: str

    def __str__(self) -> str:
        return f"{self.what} №{self.number} · {self.state} · {self.who}"


def open_cases(ticket: Ticket) -> list[OpenCase]:
    """What must be over before this ticket may end; one query."""
    ids = tickets_of(ticket)

    def rows(model: Any, states: Iterable[str], name: str) -> "QuerySet[Any]":
        found = model.objects.filter(ticket__in=ids, state__in=states).order_by()
        return found.values_list("number", "state").annotate(what=Value(name), nr=F("id"))

    voids = rows(VoidRequest, WAITING_VOIDS, "void")
    found = voids.union(
        rows(Refund, WAITING_REFUNDS, "refund"), rows(Cancellation, OPEN_CANCELLATIONS, "cancellation"), all=True
    )
    cases = sorted(found, key=lambda row: row[3])
    return [_open_case(what, number, state) for number, state, what, _id in cases]


def _open_case(what: str, number: str, state: str) -> OpenCase:
    kind, states = {
        "void": (KINDS[VoidRequest], VoidState), "refund": (KINDS[Refund], RefundState),
        "cancellation": (KINDS[Cancellation], CancellationState),
    }[what]  # fmt: skip
    return OpenCase(str(kind), number, str(states(state).label), who(what, state))


def who(what: str, state: str) -> str:
    return str(_UNKNOWN_REFUND if (what, state) == ("refund", R.UNKNOWN) else WHO.get(state, ""))


# The card on the ticket ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One case as the ticket shows it. `until` is when it is due; `case` is the void request, refund or cancellation;
    `awaits` says of one that waits for a red form what exactly is awaited.
    """

    case: Any
    what: str
    who: str
    until: datetime | None
    note: str = ""
    form: RedForm | None = None
    awaits: str = ""

    @property
    def is_open(self) -> bool:
        return self.case.state in (*WAITING_VOIDS, *WAITING_REFUNDS, *OPEN_CANCELLATIONS)

    @property
    def level(self) -> str:
        """Which of the four state colours it wears."""
        if self.case.state in (R.NEEDS_FALLBACK, R.BOUNCED, R.UNKNOWN, V.REJECTED):
            return "late"
        if self.case.state in (V.DONE, V.ARCHIVED, R.SUCCEEDED, C.DONE):
            return "done"
        return "soon" if self.is_open else "quiet"


def lines(ticket: Ticket) -> list[Line]:
    """All money cases of a ticket and of those merged into it, the oldest first; the number of queries is fixed."""
    if not case_ids(ticket):
        return []
    ids = tickets_of(ticket)
    voids = list(
        VoidRequest.objects.filter(ticket__in=ids)
        .select_related("invoice", "reason", "requested_by", "rule")
        .order_by("id")
    )
    refunds = list(Refund.objects.filter(ticket__in=ids).select_related("requested_by", "payment").order_by("id"))
    others = list(Cancellation.objects.filter(ticket__in=ids).select_related("requested_by").order_by("id"))
    signing = to_sign.standings([*voids, *refunds])
    due = sla.open_by_subject([case.pk for case in [*voids, *others]])
    forms = {
        form.request_id: form for form in RedForm.objects.filter(request__in=voids).order_by("entered_at", "id")
    }  # fmt: skip
    awaits = awaited.words(voids)
    found = [
        replace(
            _void_line(case, signing[case.pk], due.get(case.pk, ()), forms.get(case.pk)), awaits=awaits.get(case.pk, "")
        )
        for case in voids
    ]
    found += [_refund_line(case, signing[case.pk]) for case in refunds]
    found += [_line(case, "cancellation", due.get(case.pk, ())) for case in others]
    return sorted(found, key=lambda line: line.case.pk)


def _line(case: Any, what: str, due: Sequence[Any]) -> Line:
    label = case.get_kind_display() if what == "cancellation" else str(KINDS[type(case)])
    until = next((d.due_at for d in due if d.metric == Metric.VOIDING and d.state == State.OPEN), None)
    return Line(case, label, who(what, case.state), until)


def _void_line(case: VoidRequest, signing: Signing, due: Sequence[Any], form: RedForm | None) -> Line:
    plain = _line(case, "void", due)
    holder, until, note = plain.who, plain.until, ""
    if case.state in (V.FINANCE_REVIEW, V.MANAGEMENT_REVIEW) and signing.next is not None:
        holder = str(STEPS[signing.next])
    if case.state == V.AWAITING_FORM:
        holder = _form_holder(case, form)
        if form is not None and form.state in FORM_WAITS and form.confirm_by is not None:
            until = form.confirm_by
    if case.act:
        note = str(case.get_act_display())
    return Line(case, plain.what, holder, until, note, form)


def _form_holder(case: VoidRequest, form: RedForm | None) -> str:
    if form is None:
        buyer = case.rule is not None and case.rule.starter == Starter.BUYER
        return str(_("the buyer, who enters the red form")) if buyer else str(_("finance, which enters the red form"))
    if form.state == FormState.WAITS_FOR_BUYER:
        return str(_("the buyer, who confirms the red form"))
    if form.state == FormState.WAITS_FOR_SELLER:
        return str(_("finance, which confirms the red form"))
    return f"{_FINANCE} · {form.get_state_display()}"


def _refund_line(case: Refund, signing: Signing) -> Line:
    holder, note = who("refund", case.state), str(PayChannel(case.channel).label)
    if case.state == R.CREATED and signing.next is not None:
        holder = str(STEPS[signing.next])
    if case.state == R.APPROVED and case.held_because:
        holder = case.held_because
    return Line(case, str(case.get_kind_display()), holder, None, note)


def case_ids(ticket: Ticket) -> list[UUID]:
    """Ids of a ticket's money cases: what happened to them belongs to its story (LNK-03). One query."""
    ids = tickets_of(ticket)

    def keys(model: Any) -> "QuerySet[Any]":
        return model.objects.filter(ticket__in=ids).order_by().values_list("pk", flat=True)

    return list(keys(VoidRequest).union(keys(Refund), keys(Cancellation), all=True))


def refunded(found: Iterable[Line]) -> Decimal:
    """Yuan that have reached the customer."""
    return sum((line.case.amount for line in found if line.case.state == R.SUCCEEDED), Decimal("0.00"))
