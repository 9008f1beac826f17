from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApprovalLimit
from apps.billing.states import Step
from apps.core import clock
from apps.core.models import Noun


class Approval(Noun):
    """A signature on a case, or its refusal; kept with the round it belongs to (VOI-02)."""

    case_type = models.CharField(max_length=40)  # as in journal.events.Ref
    case_id = models.UUIDField()
    round = models.PositiveSmallIntegerField(_("round"))
    step = models.CharField(_("step"), max_length=12, choices=Step)
    approved = models.BooleanField(_("approved"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    for_whom = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("on behalf of"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, help_text=_("Yuan, as it was signed."))
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case_type", "case_id", "round", "step"], name="approval_step_once"),
            models.UniqueConstraint(
                fields=["case_type", "case_id", "round", "by"], name="approval_person_once",
                condition=Q(approved=True),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["case_id", "at"], name="approval_case")]


class Delegation(Noun):
    """Somebody may sign for somebody else for some days, both included, by the calendar of Shanghai (VOI-02)."""

    subject = models.CharField(_("matter to approve"), max_length=20, choices=ApprovalLimit.Subject)
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("absent"), on_delete=models.PROTECT, related_name="delegations_given"
    )
    taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("signs instead"), on_delete=models.PROTECT,
        related_name="delegations_taken",
    )  # fmt: skip
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ["-first_day", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="delegation_span"),
            models.CheckConstraint(condition=~Q(giver=models.F("taker")), name="delegation_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker}"
