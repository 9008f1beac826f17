"""Who has to sign a case, by which rule, and who has (VOI-02)."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.billing.models import Approval, ApprovalRule
from apps.billing.services import approvals
from apps.billing.services.approvals import Case, Signing
from apps.billing.states import Step
from apps.core.actors import Actor
from apps.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Place:
    """A signature of the case: by which rule it is asked for, and whose it is; `here` where it is the next one."""

    step: str
    label: str
    rule: str
    approval: Approval | None
    here: bool


def places(case: Case, standing: Signing) -> list[Place]:
    rules = {rule.step: rule for rule in ApprovalRule.objects.filter(subject=case.subject, active=True)}
    given = {approval.step: approval for approval in standing.signed}
    return [
        Place(step, str(step.label), _rule(case, step, rules.get(step)), given.get(step), step == standing.next)
        for step in standing.steps
    ]


def _rule(case: Case, step: Step, rule: ApprovalRule | None) -> str:
    by_reason = step == Step.MANAGEMENT and getattr(getattr(case, "reason", None), "management", False)
    if by_reason and (rule is None or rule.above > 0):
        return _("The reason %(reason)s always needs it.") % {"reason": case.reason}
    if rule is None or rule.above == 0:
        return _("Always.")
    return _("Above ¥%(amount)s.") % {"amount": f"{rule.above:,.2f}"}


def history(case: Case) -> list[Approval]:
    """Every signature and refusal, of all rounds, the oldest first."""
    return list(Approval.objects.filter(case_id=case.pk).select_related("by", "for_whom"))


def why_not(case: Case, actor: Actor, standing: Signing) -> str:
    """Why this actor can't sign now; empty where they can."""
    try:
        approvals.may_sign(case, actor, standing)
    except DomainError as error:
        return error.words
    return ""


def split_note(case: Case, standing: Signing) -> str:
    """Said where other requests count along, so that nobody wonders about the limit."""
    if standing.amount == case.amount:
        return ""
    words = _("¥%(amount)s count for the limits: splits of the same customer and document are added up.")
    return words % {"amount": f"{standing.amount:,.2f}"}
