"""Verification of a void request: a check-list the system fills where it can, and the ruling (VOI-03, VOI-04)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.billing import events, makers, rulings
from apps.billing.models import Invoice, VoidCheck, VoidRequest, VoidRule
from apps.billing.services import invoices
from apps.billing.states import Act, CheckKind, CheckResult, Fact, FormKind, Source, VoidState
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.crm.states import OrderState, ReturnState
from apps.feedback.services import words
from apps.journal import events as journal
from apps.journal import transitions

VERIFIER = system("verification")


@dataclass(frozen=True, slots=True)
class Finding:
    """What the system can say by itself. `source` tells where from."""

    result: CheckResult
    source: Source
    detail: str = ""


def begin(request: VoidRequest) -> None:
    """Put the check-list on an approved request and fill what can be filled. The caller holds its lock."""
    kinds = [kind for kind in CheckKind if _applies(kind, request)]
    VoidCheck.objects.bulk_create([VoidCheck(request=request, kind=kind) for kind in kinds], ignore_conflicts=True)
    refresh(request)


def refresh(request: VoidRequest) -> VoidRequest:
    """Ask the records again and decide. What a person confirmed stays, unless the system now knows better."""
    now = clock.now()
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        for check in fresh.checks.all():
            finding = FILLERS[CheckKind(check.kind)](fresh)
            told = check.by_id is not None or (check.source == Source.PERSON and check.result != CheckResult.OPEN)
            if finding.result == CheckResult.OPEN and told:  # by a person, or by a system that stands in for one
                continue
            _fill(check, finding, now)
        if fresh.state == VoidState.VERIFICATION:
            rule_on(fresh, now)
        return fresh


def refresh_all(invoice: Invoice) -> None:
    """What has become known of an invoice counts for every request of it that is being verified."""
    for request in VoidRequest.objects.filter(invoice=invoice, state=VoidState.VERIFICATION).order_by("pk"):
        refresh(request)


def _fill(check: VoidCheck, finding: Finding, now: datetime) -> None:
    check.result, check.source, check.detail, check.at = finding.result, finding.source, finding.detail, now
    check.by = None
    check.save()


def record_check(request: VoidRequest, kind: str, *, passed: bool, actor: Actor, detail: str) -> VoidCheck:
    """A person confirms, or denies, what the system can't know; with words on how they know. Where the system has found
    the same since the row was filled, its finding is kept.

    Raises DomainError `core.not_allowed`, `approval.own`, `void.check_by_system`, `transition.impossible`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    detail = words.checked(detail, "detail", required="core.required")[:300]
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state != VoidState.VERIFICATION:
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        if actor.user_id is not None and actor.user_id in {fresh.requested_by_id, *makers.of(fresh)}:
            raise DomainError("approval.own")
        check = fresh.checks.filter(kind=kind).first()
        if check is None:
            raise DomainError("core.invalid_choice", field="kind", value=kind)
        result = CheckResult.PASSED if passed else CheckResult.FAILED
        finding = FILLERS[CheckKind(kind)](fresh)
        if finding.result == result and check.result == CheckResult.OPEN:
            _fill(check, finding, clock.now())
            return check
        if finding.result != CheckResult.OPEN:
            raise DomainError("void.check_by_system")
        check.result = result
        check.source, check.detail, check.at, check.by_id = Source.PERSON, detail, clock.now(), actor.user_id
        check.save()
        data = {"check": kind, "passed": passed, "detail": journal.digest(detail, of=check)}
        journal.record(events.VOID_CHECKED, subject=fresh, actor=actor, data=data)
        return check


def rule_on(request: VoidRequest, now: datetime) -> rulings.Ruling[VoidRule]:
    """Decide void or red-letter on what is known at `now`, and keep the snapshot. The caller holds the lock."""
    ruling = look(request, now)
    rule = ruling.rule
    before = (request.act, request.rule_id)
    request.act = rule.act if rule else ""
    request.rule = rule
    request.form_kind = rule.form if rule else FormKind.NONE
    request.decided_at = now if rule else None
    facts = invoices.facts_for_ruling(request.invoice, now)
    request.ruling = {
        "facts": facts, "missing": list(ruling.missing), "passed_over": [list(pair) for pair in ruling.passed_over],
        "at": now.isoformat(),
    }  # fmt: skip
    request.save(update_fields=["act", "rule", "form_kind", "decided_at", "ruling"])
    if rule is not None and before != (request.act, rule.pk):
        data = {
            "act": request.act,
            "rule": rule.code,
            "since": rule.effective_from,
            "basis": rule.basis,
            "facts": facts,
        }
        journal.record(events.VOID_DECIDED, subject=request, actor=VERIFIER, data=data)
    return ruling


def look(request: VoidRequest, now: datetime, rules: Iterable[VoidRule] | None = None) -> rulings.Ruling[VoidRule]:
    """What the rule table says at `now`; changes nothing. Only a whole invoice can be voided: for a part, the void rules
    and those marked `whole_only` are not asked. Who looks at many requests reads the `rules` once.
    """
    table = VoidRule.objects.all() if rules is None else rules
    if not request.whole:
        table = [rule for rule in table if rule.act != Act.VOID and not rule.whole_only]
    facts = invoices.facts_for_ruling(request.invoice, now)
    return rulings.decide(request.invoice.kind, facts, table, on=clock.local(now).date())


def refused_part(request: VoidRequest, now: datetime) -> DomainError | None:
    """Why a part can't be undone where the whole could: only a rule for whole invoices fits what is known at `now`."""
    if request.whole or look(request, now).rule is not None:
        return None
    facts = invoices.facts_for_ruling(request.invoice, now)
    rules = VoidRule.objects.exclude(act=Act.VOID)
    rule = rulings.decide(request.invoice.kind, facts, rules, on=clock.local(now).date()).rule
    return DomainError("void.whole_only", field="lines", basis=rule.basis) if rule and rule.whole_only else None


def confirm(request: VoidRequest, *, actor: Actor) -> VoidRequest:
    """The verification is finished: the request is ready, or its form goes out first.

    Raises DomainError `void.checks_open`, `void.undecided`, `approval.own` and those of `transitions.apply`.
    """
    with transaction.atomic():
        fresh = refresh(request)
        if actor.user_id is not None and actor.user_id in {fresh.requested_by_id, *makers.of(fresh)}:
            raise DomainError("approval.own")
        if not fresh.act:
            raise _undecided(fresh)
        name = "confirm" if fresh.form_kind == FormKind.NONE else "confirm_with_form"
        return transitions.apply(fresh, name, actor=actor)


def _undecided(request: VoidRequest) -> DomainError:
    missing = request.ruling.get("missing", [])
    if not missing:
        return refused_part(request, clock.now()) or DomainError("void.no_rule")
    return DomainError("void.undecided", missing=", ".join(str(Fact(name).label) for name in missing))


# The fillers ---------------------------------------------------------------------------------------------------------


def _applies(kind: CheckKind, request: VoidRequest) -> bool:
    if kind == CheckKind.GOODS_BACK:
        return request.reason.goods_return
    if kind == CheckKind.COPIES:
        rules = VoidRule.objects.all()
        asked = rulings.needed_facts(request.invoice.kind, rules, on=clock.local(clock.now()).date())
        return Fact.COPIES_BACK in asked
    return True


def _genuine(request: VoidRequest) -> Finding:
    """The number that the customer named is the books', and the tax platform knows it with this amount and buyer."""
    claimed = request.ticket.invoice_number if request.ticket else ""
    if claimed and claimed != request.invoice.number:
        return Finding(CheckResult.FAILED, Source.BOOKS, f"{claimed} ≠ {request.invoice.number}")
    told = request.invoice.lookups.first()
    if told is None:
        return Finding(CheckResult.OPEN, Source.BOOKS)
    if told.known and not told.differences:
        return Finding(CheckResult.PASSED, Source.TAX, str(request.invoice))
    return Finding(CheckResult.FAILED, Source.TAX, ", ".join(told.differences) or str(request.invoice))


def _customer(request: VoidRequest) -> Finding:
    invoice, ticket = request.invoice, request.ticket
    owner = invoice.customer_id or (invoice.order.customer_id if invoice.order else None)
    if ticket is None or owner is None:
        return Finding(CheckResult.OPEN, Source.BOOKS)
    if ticket.customer_id == owner:
        return Finding(CheckResult.PASSED, Source.ORDER)
    return Finding(CheckResult.FAILED, Source.ORDER)


def _transaction(request: VoidRequest) -> Finding:
    invoice, ticket = request.invoice, request.ticket
    if invoice.order_id is None:
        return Finding(CheckResult.OPEN, Source.BOOKS)
    if ticket is not None and ticket.order_id is not None and ticket.order_id != invoice.order_id:
        return Finding(CheckResult.FAILED, Source.ORDER, f"{ticket.order_number} ≠ {invoice.order}")
    return Finding(CheckResult.PASSED, Source.ORDER, str(invoice.order))


def _goods_back(request: VoidRequest) -> Finding:
    order = request.invoice.order
    if order is None:
        return Finding(CheckResult.OPEN, Source.WAREHOUSE)
    if order.state == OrderState.RETURNED:
        return Finding(CheckResult.PASSED, Source.ORDER, order.number)
    back = order.returns.filter(state=ReturnState.COMPLETED).order_by("completed_at").first()
    if back is not None:
        return Finding(CheckResult.PASSED, Source.WAREHOUSE, back.number)
    return Finding(CheckResult.OPEN, Source.WAREHOUSE)


def _amount(request: VoidRequest) -> Finding:
    """Held on the lines since filing, and the database holds it within them."""
    return Finding(CheckResult.PASSED, Source.BOOKS, f"¥{request.amount:,.2f}")


def _deduction(request: VoidRequest) -> Finding:
    missing = look(request, clock.now()).missing
    wanted = [fact for fact in missing if fact != Fact.COPIES_BACK]
    if wanted:
        return Finding(CheckResult.OPEN, Source.TAX, ", ".join(wanted))
    return Finding(CheckResult.PASSED, Source.BOOKS)


def _copies(request: VoidRequest) -> Finding:
    """A person records it as a fact: back, or not to be had."""
    fact = invoices.known_facts(request.invoice).get(Fact.COPIES_BACK)
    if fact is None:
        return Finding(CheckResult.OPEN, Source.PERSON)
    return Finding(CheckResult.PASSED if fact.holds else CheckResult.NOT_NEEDED, Source(fact.source))


FILLERS: dict[CheckKind, Callable[[VoidRequest], Finding]] = {
    CheckKind.GENUINE: _genuine,
    CheckKind.CUSTOMER: _customer,
    CheckKind.TRANSACTION: _transaction,
    CheckKind.GOODS_BACK: _goods_back,
    CheckKind.AMOUNT: _amount,
    CheckKind.DEDUCTION: _deduction,
    CheckKind.COPIES: _copies,
}
