"""What looks as if somebody should look (ARC-06): computed, never judged by the system."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.audit_states import FlagKind
from apps.core import clock
from apps.core.models import Noun


class RedFlagRule(Noun):
    """The thresholds of one kind of flag; `apps.billing.audit.red_flags` says which figures a kind reads."""

    kind = models.CharField(_("kind"), max_length=12, choices=FlagKind, unique=True)
    active = models.BooleanField(_("active"), default=True)
    days = models.PositiveSmallIntegerField(_("days looked at"), default=30)
    count = models.PositiveSmallIntegerField(_("from how many cases"), default=2, help_text=_("Fewer raise no flag."))
    percent = models.PositiveSmallIntegerField(
        _("percent"), default=0,
        help_text=_("Same two people: their share of a requester's cases. Others: not used."),
    )  # fmt: skip
    amount = models.DecimalField(
        _("from how much"),
        max_digits=14,
        decimal_places=2,
        default=0,
        help_text=_("Yuan; smaller cases raise no flag."),
    )
    seconds = models.PositiveIntegerField(
        _("seconds"), default=0, help_text=_("Signed within seconds: from filing, or the last signature, to the next.")
    )
    from_hour = models.PositiveSmallIntegerField(
        _("night from"), default=0, help_text=_("Hour in Shanghai, 0 to 23; only for signatures at night.")
    )
    to_hour = models.PositiveSmallIntegerField(_("night until"), default=0)

    class Meta:
        verbose_name = _("red flag rule")
        verbose_name_plural = _("red flag rules")
        ordering = ["kind"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_hour__lte=23, to_hour__lte=23, percent__lte=100), name="red_flag_rule_range"
            ),
            models.CheckConstraint(condition=Q(days__range=(1, 400)), name="red_flag_rule_days"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class RedFlag(Noun):
    """Raised once per key, whatever is computed again; cleared by somebody of the audit, with a reason."""

    kind = models.CharField(_("kind"), max_length=12, choices=FlagKind)
    key = models.CharField(max_length=160)
    figures = models.JSONField(_("figures"), default=dict)  # what the sentence is made of; no personal data
    subjects = models.JSONField(_("evidence"), default=list)  # [{"type", "id", "number"}]
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan."))
    happened_at = models.DateTimeField(_("happened"))
    raised_at = models.DateTimeField(_("raised"), default=clock.now)
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("cleared by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("red flag")
        verbose_name_plural = _("red flags")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("clear_redflag", "Can clear red flags")]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="red_flag_once")]
        indexes = [
            models.Index(fields=["-id"], name="red_flag_open", condition=Q(cleared_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None
