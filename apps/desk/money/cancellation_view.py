"""A voucher that is made void, or an account that is closed: what its page and the inbox show (VOI-09)."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.billing.models import Approval, Cancellation
from apps.billing.services import approvals, cancellations
from apps.billing.states import CancellationState
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.money import filers, signatures
from apps.desk.story import names_for, told
from apps.journal import selectors as journal

S = CancellationState
HIDDEN = tuple(f"customer__{name}" for name in ("name", "phone", "email", "address", "note"))
JOINED = ("customer", "ticket", "requested_by", "executed_by")


def address(case: Cancellation) -> str:
    return reverse("desk:cancellation", args=[case.number])


def gather(case: Cancellation, actor: Actor) -> dict[str, Any]:
    """With a fixed number of queries."""
    filers.name([case])
    history = list(Approval.objects.filter(case_id=case.pk).select_related("by", "for_whom"))
    standing = approvals.standing(case)
    own = case.requested_by_id is not None and case.requested_by_id == actor.user_id
    events = list(journal.timeline(case.pk, limit=100))
    names = names_for(events)
    checking = case.state == S.CHECKING
    return {
        "one": case,
        "standing": standing,
        "history": history,
        "checks": [
            {"check": c, "by_system": c.kind in cancellations.FILLERS} for c in case.checks.select_related("by")
        ],
        "why_not": why_not(case, actor, standing),
        "own": own,
        "may_check": checking and not own and actor.can("billing.verify_void"),
        "may_execute": checking and not own and actor.can("billing.execute_void"),
        "may_withdraw": case.state in (S.REVIEW, S.CHECKING)
        and actor.can("billing.request_void")
        and case.requested_by_id in (None, actor.user_id),
        "story": [told(event, names) for event in events],
    }


def why_not(case: Cancellation, actor: Actor, standing: approvals.Signing) -> str:
    """Why this actor can't sign it now; "" where they can."""
    if case.state != S.REVIEW:
        return _("This case waits for nobody's signature.")
    return signatures.why_not(case, actor, standing)


def perform(name: str, case: Cancellation, typed: Any, actor: Actor) -> str:
    """Do what a button of the page says and tell what was done. Raises DomainError of the services, `core.not_found`."""
    reason = typed.get("reason", "")
    if name in ("approve", "reject"):
        cancellations.decide(case, actor=actor, approve=name == "approve", reason=reason)
        return _("Signed.") if name == "approve" else _("Rejected; whoever filed it sees your reason.")
    if name == "refuse":
        cancellations.refuse(case, actor=actor, reason=reason)
        return _("Rejected; whoever filed it sees your reason.")
    if name == "withdraw":
        cancellations.withdraw(case, actor=actor, reason=reason)
        return _("Withdrawn.")
    if name == "check":
        passed, detail = typed.get("passed") == "yes", typed.get("detail", "")
        cancellations.record_check(case, typed.get("kind", ""), passed=passed, actor=actor, detail=detail)
        return _("The check is recorded.")
    if name == "execute":
        cancellations.execute(case, actor=actor, reference=typed.get("reference", ""))
        return _("Done; the case is closed.")
    raise DomainError("core.not_found")
