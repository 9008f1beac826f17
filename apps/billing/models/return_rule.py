"""What a completed return starts by itself (LNK-02), and how much a complaint may cost (REF-09)."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.models.rule import Dated
from apps.core.models import Noun


class ReturnRule(Dated, Noun):
    """The first row, by position, whose reason and amount fit: voiding and refund are filed by the system.

    Where none fits, a person files them. Persons approve what the system filed; only up to `approve_up_to` does the
    system's own filing count as approved (LNK-02).
    """

    position = models.PositiveSmallIntegerField(_("position"), default=100)
    reason_code = models.CharField(
        _("reason code"), max_length=10, blank=True, help_text=_("Of the void request, e.g. 02; empty: any.")
    )
    up_to = models.DecimalField(
        _("up to"), max_digits=14, decimal_places=2, null=True, blank=True, help_text=_("Yuan; empty: any amount.")
    )
    approve_up_to = models.DecimalField(
        _("without a person's approval up to"), max_digits=14, decimal_places=2, default=0,
        help_text=_("Yuan. 0: a person always approves."), validators=[MinValueValidator(0)],
    )  # fmt: skip
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("rule for completed returns")
        verbose_name_plural = _("rules for completed returns")
        ordering = ["position", "id"]
        constraints = [
            Dated.span("return_rule_span"),
            models.CheckConstraint(
                condition=(Q(up_to=None) | Q(up_to__gt=0)) & Q(approve_up_to__gte=0), name="return_rule_amounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.reason_code}".strip()


class SettlementCap(Dated, Noun):
    """What a complaint may cost at most, measured by what was paid. Beyond it management signs as well (REF-09)."""

    percent = models.PositiveSmallIntegerField(
        _("percent of what was paid"), default=100, help_text=_("Refund and compensation of a complaint together.")
    )
    tolerance = models.DecimalField(
        _("beyond it without management"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan.")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("settlement cap")
        verbose_name_plural = _("settlement caps")
        ordering = ["-effective_from", "-id"]
        constraints = [
            Dated.span("settlement_cap_span"),
            models.CheckConstraint(condition=Q(tolerance__gte=0), name="settlement_cap_tolerance"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"
