"""The rules of money as people change them (ADM-05): dated rows get a new version, old cases keep the one of their day.

`affected` and `signed_otherwise` say beforehand which open cases a change would decide otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

from apps.billing import events, rulings, to_sign
from apps.billing.models import ApprovalRule, Refund, VoidReason, VoidRequest, VoidRule
from apps.billing.services import approvals, invoices
from apps.billing.services.approvals import Case
from apps.billing.states import Act, RefundState, VoidState
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal

D = TypeVar("D", VoidRule, VoidReason)
MOST = 500  # open cases looked at, the oldest first
DECIDED = (VoidState.VERIFICATION, VoidState.AWAITING_FORM, VoidState.READY)
_ENDS = {"effective_to", "note", "to_check"}  # what changes nothing that was decided


def add(row: "VoidRule | VoidReason | ApprovalRule", *, actor: Actor) -> None:
    """A rule for something new. Raises DomainError `core.not_allowed`, `rule.exists`, `rule.span`."""
    _allowed(actor)
    with transaction.atomic():
        _insert(row)
        _tell(row, None, _facts(row), actor)


def change(row: D, *, actor: Actor) -> D:
    """`row` holds the new values under the old id. Returns the version that holds from its `effective_from` on; the one
    before ends the day before. A row that is not in force yet, or one whose end or note alone changes, stays itself.

    Raises DomainError `core.not_allowed`, `rule.from_past`, `rule.exists`, `rule.span`.
    """
    _allowed(actor)
    today = clock.local(clock.now()).date()
    with transaction.atomic():
        old: D = locks.row(type(row), row.pk)
        before, after = _facts(old), _facts(row)
        changed = {name for name in after if after[name] != before[name]}
        if not changed:
            return old
        if changed <= _ENDS or old.effective_from > today:
            _save(row)
            _tell(row, before, after, actor)
            return row
        since = row.effective_from if "effective_from" in changed else today
        if since <= old.effective_from or since < today:
            raise DomainError("rule.from_past", field="effective_from", day=max(today, old.effective_from))
        new = type(old)(**{f.attname: getattr(row, f.attname) for f in old._meta.concrete_fields if not f.primary_key})
        new.effective_from, new.created_at = since, clock.now()
        old.effective_to = since - timedelta(days=1)
        _save(old)
        _insert(new)
        _tell(new, before, _facts(new), actor)
    return new


def change_approval(row: ApprovalRule, *, actor: Actor) -> ApprovalRule:
    """Who signs from which amount; it holds for every open case from now on. Raises DomainError `core.not_allowed`."""
    _allowed(actor)
    with transaction.atomic():
        before = _facts(locks.row(ApprovalRule, row.pk))
        _save(row)
        _tell(row, before, _facts(row), actor)
    return row


def _insert(row: models.Model) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise DomainError("rule.span" if "span" in str(error) else "rule.exists") from error


def _save(row: models.Model) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise DomainError("rule.span" if "span" in str(error) else "rule.exists") from error


def _tell(row: Any, before: dict[str, str] | None, after: dict[str, str], actor: Actor) -> None:
    if before != after:
        data = {"table": row._meta.model_name, "row": str(row), "before": before, "after": after}
        journal.record(events.RULES_CHANGED, subject=row, actor=actor, data=data)


def _facts(row: Any) -> dict[str, str]:
    left_out = ("id", "created_at")
    return {f.attname: str(getattr(row, f.attname)) for f in row._meta.concrete_fields if f.attname not in left_out}


def _allowed(actor: Actor) -> None:
    if not actor.can("billing.change_voidrule"):
        raise DomainError("core.not_allowed")


# What a change would mean -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Otherwise:
    """An open case that a change would decide otherwise; `before` and `after` are codes, steps, or empty for undecided."""

    case: Case
    before: str
    after: str


def affected(row: VoidRule) -> list[Otherwise]:
    """Open void requests whose ruling would be another one with this row instead of the one with its id, on the day that
    it comes into force (today at the earliest). Writes nothing; the number of queries doesn't grow with the cases.
    """
    day = max(row.effective_from, clock.local(clock.now()).date())
    kept = [rule for rule in VoidRule.objects.all() if rule.pk != row.pk]
    old = [*kept, *VoidRule.objects.filter(pk=row.pk)]
    requests = VoidRequest.objects.filter(state__in=DECIDED).select_related("invoice", "reason").order_by("id")
    found = []
    for request in requests.prefetch_related("invoice__facts")[:MOST]:
        before, after = _ruled(request, old, day), _ruled(request, [*kept, row], day)
        if before is not after and (before is None or after is None or _effect(before) != _effect(after)):
            found.append(Otherwise(request, _said(before), _said(after)))
    return found


def _ruled(request: VoidRequest, rules: Sequence[VoidRule], day: Any) -> VoidRule | None:
    facts = invoices.facts_for_ruling(request.invoice, clock.now())
    if not request.whole:
        rules = [rule for rule in rules if rule.act != Act.VOID and not rule.whole_only]
    return rulings.decide(request.invoice.kind, facts, rules, on=day).rule


def _effect(rule: VoidRule) -> tuple[Any, ...]:
    return rule.act, rule.starter, rule.form, rule.form_hours, rule.with_blue_data


def _said(rule: VoidRule | None) -> str:
    return "" if rule is None else f"{rule.get_act_display()} · {rule.code} · {rule.get_form_display()}"


def signed_otherwise(row: ApprovalRule) -> list[Otherwise]:
    """Cases that wait for a signature and would need other ones with this row instead of the one with its id."""
    kept = list(ApprovalRule.objects.filter(active=True).exclude(pk=row.pk))
    old = [*kept, *ApprovalRule.objects.filter(pk=row.pk, active=True)]
    new = [*kept, row] if row.active else kept
    cases: list[Case] = list(
        VoidRequest.objects.filter(state__in=to_sign.WAITING).select_related("reason").order_by("id")[:MOST]
    )
    cases += list(Refund.objects.filter(state=RefundState.CREATED).order_by("id")[:MOST])
    cases = [case for case in cases if case.subject == row.subject]
    standings, found = to_sign.standings(cases), []
    for case in cases:
        amount = standings[case.pk].amount
        before, after = (
            approvals.needed(case, amount, [rule for rule in rules if rule.subject == case.subject])
            for rules in (old, new)
        )
        if before != after:
            found.append(Otherwise(case, _steps(before), _steps(after)))
    return found


def _steps(steps: Sequence[Any]) -> str:
    return " → ".join(str(step.label) for step in steps)
