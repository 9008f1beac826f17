from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import ApprovalLimit
from apps.billing import events
from apps.billing.models.void_request import own_or
from apps.billing.states import (
    CancellationCheckKind,
    CancellationKind,
    CancellationState,
    CheckResult,
    Source,
)
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.journal.transitions import condition

S = CancellationState


@condition("cancellation.checks_open")
def all_checked(case: Cancellation) -> bool:
    done = [CheckResult.PASSED, CheckResult.NOT_NEEDED]
    return case.checks.exists() and not case.checks.exclude(result__in=done).exists()


class CancellationQuerySet(models.QuerySet["Cancellation"]):
    def visible_to(self, actor: Actor) -> CancellationQuerySet:
        """Who sees void requests sees all; others what they filed themselves (ADM-02)."""
        if actor.can("billing.view_voidrequest"):
            return self
        if actor.user_id and actor.can("billing.request_void"):
            return self.filter(requested_by_id=actor.user_id)
        return self.none()


class Cancellation(Noun):
    """Voiding a voucher (兑换券作废) or closing an account (账户注销): approved, checked, then done by a person (VOI-09).

    It is signed like a void request (`approvals`, subject "void"). `amount` is what the voucher is worth or the account
    still holds, in yuan. `subject_number` is the voucher's or account's number at the shop.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=12, choices=S.choices, default=S.REVIEW, protected=True)
    kind = models.CharField(_("kind"), max_length=10, choices=CancellationKind)
    subject_number = models.CharField(_("number of the voucher or account"), max_length=60)
    customer = models.ForeignKey("crm.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey(
        "feedback.Ticket", verbose_name=_("ticket"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="cancellations",
    )  # fmt: skip
    amount = models.DecimalField(_("face value"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan."))
    words = models.TextField(_("why"), blank=True)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("filed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    executed_at = models.DateTimeField(_("executed"), null=True, blank=True)
    executed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("executed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    reference = models.CharField(_("reference at the shop system"), max_length=60, blank=True)

    objects = CancellationQuerySet.as_manager()

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="cancellation_state_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cancellation_amount"),
            models.UniqueConstraint(
                fields=["kind", "subject_number"], name="cancellation_once",
                condition=Q(state__in=[S.REVIEW.value, S.CHECKING.value, S.DONE.value]),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["state", "id"], name="cancellation_state"),
            models.Index(fields=["customer"], name="cancellation_customer"),
            models.Index(fields=["ticket"], name="cancellation_ticket"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """Which approval rules and limits count: those of voiding."""
        return ApprovalLimit.Subject.VOID

    @transition(
        field=state, source=S.REVIEW, target=S.REVIEW, permission="billing.approve_void_finance",
        custom={"event": events.CANCELLATION_SIGNED, "label": _("Sign; another person follows")},
    )  # fmt: skip
    def sign(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.REVIEW, target=S.CHECKING,
        permission=lambda case, actor: actor.can("billing.approve_void_finance")
        or actor.can("billing.approve_void_management"),
        custom={"event": events.CANCELLATION_APPROVED, "label": _("Approve")},
    )  # fmt: skip
    def approve(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=[S.REVIEW, S.CHECKING], target=S.REJECTED,
        permission=lambda case, actor: any(
            actor.can(f"billing.{right}")
            for right in ("approve_void_finance", "approve_void_management", "verify_void")
        ),
        custom={"event": events.CANCELLATION_REJECTED, "label": _("Reject")},
    )  # fmt: skip
    def reject(self: Any) -> None: ...

    @transition(
        field=state, source=[S.REVIEW, S.CHECKING], target=S.WITHDRAWN, permission=own_or("billing.request_void"),
        custom={"event": events.CANCELLATION_WITHDRAWN, "label": _("Withdraw")},
    )  # fmt: skip
    def withdraw(self: Any) -> None: ...

    @transition(
        field=state, source=S.CHECKING, target=S.DONE, conditions=[all_checked], permission="billing.execute_void",
        custom={"event": events.CANCELLATION_DONE, "label": _("Done")},
    )  # fmt: skip
    def finish(self: Any, *, reference: str, by: int | None) -> dict[str, Any]:
        self.executed_at, self.executed_by_id, self.reference = clock.now(), by, reference
        return {"reference": reference, "kind": self.kind}


class CancellationCheck(Noun):
    """One point of the check-list: filled by the system where it can, by a person where it can't (VOI-09)."""

    case = models.ForeignKey(Cancellation, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(_("check"), max_length=14, choices=CancellationCheckKind)
    result = models.CharField(_("result"), max_length=12, choices=CheckResult, default=CheckResult.OPEN)
    source = models.CharField(_("source"), max_length=10, choices=Source, blank=True)
    detail = models.CharField(_("what was found"), max_length=300, blank=True)
    at = models.DateTimeField(_("checked"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("check before a cancellation")
        verbose_name_plural = _("checks before a cancellation")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["case", "kind"], name="cancellation_check_once")]
