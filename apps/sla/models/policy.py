from datetime import datetime
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Noun
from apps.core.vocabulary import Channel, Kind, Tier, Urgency
from apps.sla.states import TIMERS, Purpose, Unit, metrics, purpose_of

CONDITIONS = ("kind", "urgency", "channel", "tier")


class Policy(Noun):
    """How long something may take, in which cases (SLA-01). A row is never edited: a change is a new version.

    Deadlines keep the row they were computed with, so an old promise can always be explained (SLA-08).
    """

    code = models.SlugField(_("code"), max_length=60, help_text=_("The same for all versions of a policy."))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    name = models.CharField(_("name"), max_length=80)
    metric = models.CharField(pgettext_lazy("deadline", "for"), max_length=40, choices=metrics)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, blank=True, help_text=_("Empty means any."))
    urgency = models.CharField(
        _("urgency"), max_length=20, choices=Urgency, blank=True, help_text=_("Empty means any.")
    )
    channel = models.CharField(
        _("channel"), max_length=20, choices=Channel, blank=True, help_text=_("Empty means any.")
    )
    tier = models.CharField(
        _("customer tier"), max_length=20, choices=Tier, blank=True, help_text=_("Empty means any.")
    )
    target = models.DecimalField(
        _("target"), max_digits=9, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    unit = models.CharField(_("unit"), max_length=20, choices=Unit)
    warn_percent = models.PositiveSmallIntegerField(
        _("warn at (%)"), default=80, null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
        help_text=_("Percent of the time used when a warning goes out. Empty: no warning."),
    )  # fmt: skip
    pausable = models.BooleanField(_("pauses while waiting for the customer"), default=False)
    priority = models.SmallIntegerField(
        pgettext_lazy("of policies", "rank"),
        default=0,
        help_text=_("Decides between policies that are equally specific; the higher one wins."),
    )
    extension_days = models.PositiveSmallIntegerField(
        _("extension at most (working days)"), default=3, validators=[MaxValueValidator(365)],
        help_text=_("What a head of department may grant; 0: no extension at all. Management may grant more."),
    )  # fmt: skip
    legal_rule = models.ForeignKey(
        "sla.LegalRule", verbose_name=_("legal rule"), null=True, blank=True, editable=False, on_delete=models.PROTECT,
        related_name="policies",
    )  # fmt: skip
    effective_from = models.DateTimeField(
        _("in force from"), null=True, blank=True, editable=False, help_text=_("Empty: from the beginning.")
    )
    effective_to = models.DateTimeField(_("in force until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("time limit policy")
        verbose_name_plural = _("time limit policies")
        ordering = ["metric", "code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="policy_version"),
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(effective_to=None),
                name="policy_one_current",
                violation_error_message=_("There is a policy with this code already."),
            ),
            models.CheckConstraint(condition=Q(target__gt=0), name="policy_target"),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="policy_unit"),
            models.CheckConstraint(
                condition=Q(warn_percent=None) | Q(warn_percent__range=(1, 99)), name="policy_warn_percent"
            ),
            models.CheckConstraint(
                condition=~Q(metric__in=sorted(TIMERS)) | Q(warn_percent=None, pausable=False),
                name="policy_timer",
                violation_error_message=_("A timer has no warning and no pause."),
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_from=None) | Q(effective_from__lte=F("effective_to")),
                name="policy_window",
            ),
            models.CheckConstraint(
                condition=Q(legal_rule=None) | Q(extension_days=0, pausable=False), name="policy_of_law"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def purpose(self) -> Purpose:
        return purpose_of(self.metric)

    @property
    def specificity(self) -> int:
        return sum(bool(getattr(self, condition)) for condition in CONDITIONS)

    @property
    def is_current(self) -> bool:
        return self.effective_to is None

    def in_force(self, moment: datetime) -> bool:
        return (self.effective_from is None or self.effective_from <= moment) and (
            self.effective_to is None or moment < self.effective_to
        )
