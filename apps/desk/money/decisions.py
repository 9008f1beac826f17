"""A ruling in words: void or red letter, by which article, and why the other is not possible (VOI-04, VOI-07)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.billing.models import VoidReason, VoidRequest, VoidRule
from apps.billing.rulings import Ruling
from apps.billing.services import invoices, month_end, verification
from apps.billing.states import Act, Fact, FormKind
from apps.core import clock


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that does not apply, and the fact that is otherwise than it wants."""

    act: str
    how: str
    basis: str
    fact: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`act` is empty while it is open; `missing` are the facts to find out. `until`: a void only up to this moment."""

    act: str
    rule: VoidRule | None
    missing: Sequence[str] = ()
    passed_over: Sequence[PassedOver] = ()
    why_not_other: Sequence[str] = ()
    until: datetime | None = None
    decided_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return str(Act(self.act).label) if self.act else ""

    @property
    def has_form(self) -> bool:
        return self.rule is not None and self.rule.form != FormKind.NONE


def of(request: VoidRequest) -> Decision:
    """The snapshot that was kept with the request, or how things stand while nothing is decided."""
    if request.rule_id is None:
        return as_things_stand(request)
    ruling: Ruling[VoidRule] = Ruling(
        request.rule, tuple(request.ruling.get("missing", ())),
        tuple((code, fact) for code, fact in request.ruling.get("passed_over", ())),
    )  # fmt: skip
    facts = request.ruling.get("facts", {})
    return _in_words(request, ruling, facts, decided_at=request.decided_at)


def as_things_stand(request: VoidRequest, ruling: "Ruling[VoidRule] | None" = None) -> Decision:
    """What the rule table says now; writes nothing."""
    now = clock.now()
    ruling = ruling or verification.look(request, now)
    return _in_words(request, ruling, invoices.facts_for_ruling(request.invoice, now))


def _in_words(
    request: VoidRequest, ruling: "Ruling[VoidRule]", facts: dict[str, Any], decided_at: datetime | None = None
) -> Decision:
    rule = ruling.rule
    return Decision(
        act=rule.act if rule else "",
        rule=rule,
        missing=[str(Fact(name).label) for name in ruling.missing],
        passed_over=_passed_over(ruling, facts),
        why_not_other=_why_not_other(request, rule),
        until=month_end.next_month(clock.now()) if _turns(request, rule) else None,
        decided_at=decided_at,
        facts={str(Fact(name).label): holds for name, holds in facts.items() if name in Fact.values},
    )


def _turns(request: VoidRequest, rule: VoidRule | None) -> bool:
    return rule is not None and rule.act == Act.VOID and request.executed_at is None


def _passed_over(ruling: "Ruling[VoidRule]", facts: dict[str, Any]) -> list[PassedOver]:
    if not ruling.passed_over:
        return []
    by_code: dict[str, VoidRule] = {}
    codes = [code for code, _fact in ruling.passed_over]
    for row in VoidRule.objects.filter(code__in=codes).order_by("effective_from"):
        by_code[row.code] = row
    return [
        PassedOver(
            str(by_code[code].get_act_display()),
            _how(by_code[code]),
            by_code[code].basis,
            str(Fact(fact).label),
            bool(facts.get(fact)),
        )
        for code, fact in ruling.passed_over
        if code in by_code
    ]


def _how(rule: VoidRule) -> str:
    """Who starts and by which form: what tells red letters of one regulation apart."""
    form = "" if rule.form == FormKind.NONE else str(rule.get_form_display())
    return " · ".join(filter(None, (str(rule.get_starter_display()), form)))


def _why_not_other(request: VoidRequest, rule: VoidRule | None) -> list[str]:
    """Where no rule was passed over, what else stands in the way of the other act."""
    if rule is None:
        return []
    if rule.act == Act.VOID:
        return [_("A red letter is not needed: the invoice can still be voided, and the first rule that fits decides.")]
    if not request.whole:
        return [_("Only a whole invoice can be voided; this request undoes a part of it.")]
    if not VoidRule.objects.filter(act=Act.VOID, kinds__contains=[request.invoice.kind]).exists():
        kind = request.invoice.get_kind_display()
        return [_("An invoice of the kind “%(kind)s” is never voided; it can only be red-lettered.") % {"kind": kind}]
    return []


def allowances(reason: VoidReason) -> list[tuple[bool, str]]:
    """What a reason code allows, as sentences with whether they hold (VOID-RULES)."""
    return [
        (reason.partial, _("a part of the invoice") if reason.partial else _("only the whole invoice")),
        (reason.quantity, _("the quantity may change") if reason.quantity else _("the quantity stays")),
        (reason.amount, _("the amount may change") if reason.amount else _("the amount stays")),
        (reason.goods_return, _("the goods must come back") if reason.goods_return else _("no goods come back")),
    ]
