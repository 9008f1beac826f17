"""Void requests from filing to approval (VOI-01, VOI-02). Verification, forms and execution have modules of their own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.billing import rulings
from apps.billing.models import Invoice, InvoiceLine, VoidLine, VoidReason, VoidRequest
from apps.billing.services import approvals, balance, form_withdrawals, verification
from apps.billing.services.balance import Ask, Portion
from apps.billing.states import DIGITAL, OPEN_VOIDS, InvoiceState, Step, VoidState
from apps.core import clock, locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import drills, words
from apps.journal import transitions
from apps.journal.events import ref
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric


@dataclass(frozen=True, slots=True)
class VoidDraft:
    """What is asked for. No `asks` means the whole invoice."""

    invoice: Invoice
    reason_code: str
    words: str = ""
    asks: Sequence[Ask] = field(default_factory=tuple)
    ticket: Ticket | None = None


def reasons_in_force() -> list[VoidReason]:
    """Today, for every kind of invoice."""
    return rulings.in_force(VoidReason.objects.order_by("code"), clock.local(clock.now()).date())


def reasons_for(invoice: Invoice, among: Sequence[VoidReason] | None = None) -> list[VoidReason]:
    """The reasons in force today for this kind of invoice; `among` are all of them, where they are at hand."""
    rows = reasons_in_force() if among is None else among
    return [reason for reason in rows if reason.digital == (invoice.kind in DIGITAL)]


def reason_of(invoice: Invoice, code: str, among: Sequence[VoidReason] | None = None) -> VoidReason:
    """Raises DomainError `void.reason_unknown`."""
    for reason in reasons_for(invoice, among):
        if reason.code == code:
            return reason
    raise DomainError("void.reason_unknown", field="reason", reason=code)


def file(draft: VoidDraft, *, actor: Actor) -> VoidRequest:
    """File a request and hand it to finance; what it undoes is held from now on.

    Raises DomainError `core.not_allowed`, `invoice.is_red`, `invoice.ended`, `void.…`, and those of the words.
    """
    if not actor.can("billing.request_void"):
        raise DomainError("core.not_allowed")
    drills.refuse_money(draft.ticket)
    text = words.checked(draft.words, "words")
    reason = reason_of(draft.invoice, draft.reason_code)
    with transaction.atomic():
        request = VoidRequest(
            invoice=draft.invoice, ticket=draft.ticket, reason=reason, words=text, whole=not draft.asks,
            requested_by_id=actor.user_id,
        )  # fmt: skip
        portions = portions_of(request, draft.asks)
        set_amounts(request, portions)
        if (refusal := verification.refused_part(request, clock.now())) is not None:
            raise refusal
        numbers.insert(request, "void", mark="V")
        _keep_lines(request, portions)
        return _submit(request, portions, actor)


def portions_of(request: VoidRequest, asks: Sequence[Ask]) -> list[Portion]:
    """What will be held, computed under the invoice's lock."""
    lines = {line.pk: line for line in balance.locked_lines(request.invoice)}
    invoice = Invoice.objects.get(pk=request.invoice_id)
    refuse_ended(invoice)
    balance.check_reason(request.reason, asks)
    if asks:
        return [balance.portion(Ask(lines[ask.line.pk], ask.quantity, ask.net)) for ask in asks]
    return everything_of(invoice, list(lines.values()), waiting([invoice]).exclude(pk=request.pk).first())


def refuse_ended(invoice: Invoice) -> None:
    """Raises DomainError `invoice.is_red`, `invoice.ended`."""
    if invoice.is_red:
        raise DomainError("invoice.is_red", field="invoice", number=str(invoice))
    if invoice.state in (InvoiceState.VOIDED, InvoiceState.FULLY_RED):
        state = invoice.get_state_display()
        raise DomainError("invoice.ended", field="invoice", number=str(invoice), state=state)


def waiting(of: Collection[Invoice]) -> QuerySet[VoidRequest]:
    """Requests about these invoices that are on their way, newest first."""
    on_their_way = [state for state in OPEN_VOIDS if state not in (VoidState.DRAFT, VoidState.DONE)]
    return VoidRequest.objects.filter(invoice__in=of, state__in=on_their_way)


def everything_of(invoice: Invoice, lines: Sequence[InvoiceLine], other: VoidRequest | None) -> list[Portion]:
    """What a request for the whole invoice would undo; `other` waits for it already.

    Raises DomainError `void.waiting`, `invoice.ended`.
    """
    if other is not None:
        raise DomainError("void.waiting", field="invoice", number=other.number)
    portions = balance.everything(lines)
    if not portions:
        raise DomainError("invoice.ended", field="invoice", number=str(invoice), state=invoice.get_state_display())
    return portions


def set_amounts(request: VoidRequest, portions: Sequence[Portion]) -> None:
    """The sums of the portions, on the unsaved request."""
    request.net = sum((part.net for part in portions), Decimal(0))
    request.tax = sum((part.tax for part in portions), Decimal(0))
    request.amount = request.net + request.tax
    request.whole = request.amount == request.invoice.gross  # a rest after partial reds can't be voided any more
    if request.amount <= 0:
        raise DomainError("void.lines_missing", field="lines")


def _keep_lines(request: VoidRequest, portions: Sequence[Portion]) -> None:
    VoidLine.objects.bulk_create(
        [VoidLine(request=request, line=p.line, quantity=p.quantity, net=p.net, tax=p.tax) for p in portions]
    )


def _submit(request: VoidRequest, portions: Sequence[Portion], actor: Actor) -> VoidRequest:
    balance.hold(portions)
    fresh = transitions.apply(request, "submit", actor=actor)
    department = fresh.ticket.department_id if fresh.ticket else None
    facts = Facts(kind="", urgency="", channel="", tier="", department_id=department)
    deadlines.start(fresh, [Metric.VOIDING], facts, at=clock.now())
    return fresh


def resubmit(request: VoidRequest, *, actor: Actor, words_: str, asks: Sequence[Ask] = ()) -> VoidRequest:
    """File a rejected request again, changed or not; the history stays (VOI-02)."""
    text = words.checked(words_, "words")
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state != VoidState.REJECTED:
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        portions = portions_of(fresh, asks)
        fresh.words = text
        set_amounts(fresh, portions)
        fresh.act, fresh.rule, fresh.form_kind, fresh.decided_at = "", None, "", None
        fresh.save()
        fresh.lines.all().delete()
        fresh.checks.all().delete()
        _keep_lines(fresh, portions)
        return _submit(fresh, portions, actor)


def withdraw(request: VoidRequest, *, actor: Actor, reason: str = "") -> VoidRequest:
    """Take the request back; what it held is free again."""
    return _give_up(request, "withdraw", actor=actor, reason=reason)


def reject_verified(request: VoidRequest, *, actor: Actor, reason: str) -> VoidRequest:
    """The verification, or what the tax platform says now, speaks against it. Never by whoever filed it.

    Raises DomainError `reason.missing`, `approval.own` and those of `transitions.apply`.
    """
    reason = words.checked(reason, "reason", required="reason.missing")
    if request.requested_by_id is not None and request.requested_by_id == actor.user_id:
        raise DomainError("approval.own")
    return _give_up(request, "fail_verification", actor=actor, reason=reason)


def decide(request: VoidRequest, *, actor: Actor, approve: bool, reason: str = "") -> VoidRequest:
    """Sign the request, or reject it with a reason (VOI-02).

    Raises the errors of `approvals.may_sign` and `transitions.apply`, and DomainError `reason.missing`.
    """
    reason = words.checked(reason, "reason", required=None if approve else "reason.missing")
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state not in (VoidState.FINANCE_REVIEW, VoidState.MANAGEMENT_REVIEW):
            raise DomainError("approval.not_waiting")
        standing = approvals.standing(fresh)
        for_whom = approvals.may_sign(fresh, actor, standing)
        row = approvals.signature(fresh, actor, standing, approved=approve, for_whom=for_whom, reason=reason)
        power = approvals.lent(actor, for_whom, fresh.subject)
        if not approve:
            name = "reject" if fresh.state == VoidState.FINANCE_REVIEW else "reject_as_management"
            return _give_up(fresh, name, actor=power, reason=reason, approval=row)
        signed = transitions.apply(fresh, _next(fresh, standing), actor=power, reason=reason, approval=row)
        if signed.state == VoidState.VERIFICATION:
            verification.begin(signed)
        return signed


def _next(request: VoidRequest, standing: approvals.Signing) -> str:
    """The transition that this signature takes."""
    remaining = [step for step in standing.steps if step not in {a.step for a in standing.signed}][1:]
    if request.state == VoidState.MANAGEMENT_REVIEW:
        return "approve_as_management"
    if not remaining:
        return "approve"
    return "pass_to_management" if remaining[0] == Step.MANAGEMENT else "sign"


def _give_up(request: VoidRequest, name: str, *, actor: Actor, reason: str, **data: Any) -> VoidRequest:
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        held = fresh.state not in (VoidState.DRAFT, VoidState.REJECTED)
        ended = transitions.apply(fresh, name, actor=actor, reason=reason, **data)
        if held:
            balance.locked_lines(ended.invoice)
            balance.release(list(ended.lines.select_related("line")))
        deadlines.cancel(ref(ended), None, at=clock.now())
        form_withdrawals.let_go(ended, actor=actor)
        return ended
