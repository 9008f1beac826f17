"""Several small cases signed in one go: each on its own, each looked at again by the rule that calls it small (VOI-02)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from apps.billing import to_sign
from apps.billing.models import ApprovalRule, Refund, VoidRequest
from apps.billing.services import approvals, refunds, voids
from apps.billing.services.approvals import Case
from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors


@dataclass(frozen=True, slots=True)
class Signed:
    """What became of one case; `error` is None where it was signed."""

    case: Case
    error: DomainError | None = None


def sign(cases: Iterable[Case], *, actor: Actor) -> list[Signed]:
    """Approve each case that its rule still calls small; one refusal leaves the others alone. Never rejects."""
    return [_sign(case, actor) for case in cases]


def _sign(case: Case, actor: Actor) -> Signed:
    try:
        with transaction.atomic():
            if isinstance(case, VoidRequest):
                _check(locks.row(VoidRequest, case.pk))
                voids.decide(case, actor=actor, approve=True)
            elif isinstance(case, Refund):
                _check(refunds.locked(case))
                refunds.decide(case, actor=actor, approve=True)
            else:
                raise DomainError("approval.one_by_one", amount=f"{case.amount:,.2f}")
    except DomainError as error:
        return Signed(case, error)
    except DomainErrors as errors:
        return Signed(case, errors.errors[0])
    return Signed(case)


def _check(fresh: Case) -> None:
    standing = approvals.standing(fresh)
    if standing.next is None:
        raise DomainError("approval.not_waiting")
    rules = ApprovalRule.objects.filter(subject=fresh.subject, active=True)
    if not to_sign.together(fresh, standing, rules):
        raise DomainError("approval.one_by_one", amount=f"{standing.amount:,.2f}")
