"""May money leave before the red invoice exists (VOI-13)? Rules by reason and amount, and recorded exceptions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.models.rule import Dated
from apps.core import clock
from apps.core.models import Noun


class RefundGate(Dated, Noun):
    """The first row, by position, whose reason and amount fit decides; where none fits the red invoice comes first."""

    position = models.PositiveSmallIntegerField(_("position"), default=100)
    reason_code = models.CharField(
        _("reason code"), max_length=10, blank=True, help_text=_("Of the void request, e.g. 02; empty: any.")
    )
    up_to = models.DecimalField(
        _("up to"), max_digits=14, decimal_places=2, null=True, blank=True, help_text=_("Yuan; empty: any amount.")
    )
    before_red = models.BooleanField(_("money may leave before the red invoice"), default=False)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("refund gate")
        verbose_name_plural = _("refund gates")
        ordering = ["position", "id"]
        constraints = [
            Dated.span("refund_gate_span"),
            models.CheckConstraint(condition=Q(up_to=None) | Q(up_to__gt=0), name="refund_gate_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.reason_code}".strip()


class GateException(Noun):
    """A person let one refund through before its red invoice: who, when and why stay on record (VOI-13)."""

    refund = models.OneToOneField("billing.Refund", on_delete=models.PROTECT, related_name="gate_exception")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("exception from the refund gate")
        verbose_name_plural = _("exceptions from the refund gate")
        permissions = [("except_refund_gate", "Can let a refund leave before its red invoice")]
