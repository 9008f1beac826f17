from datetime import date
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Noun
from apps.sla.states import Unit, metrics


class LegalRule(Noun):
    """A duty that the law sets, with the words that found it (LAW-01 … LAW-03). A row is a version; none is edited.

    One that sets a time has a policy of its own version behind it, so a clock keeps the law that held when it started.
    Dates are days in Shanghai.
    """

    code = models.SlugField(_("code"), max_length=40, help_text=_("The same for all versions of a rule."))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    name = models.CharField(_("name"), max_length=80)
    source = models.CharField(_("law or regulation"), max_length=120)
    article = models.CharField(_("article"), max_length=60, blank=True)
    duty = models.TextField(_("what it demands"))
    consequence = models.TextField(_("what happens otherwise"), blank=True)
    starts = models.CharField(_("counted from"), max_length=120, blank=True)
    metric = models.CharField(pgettext_lazy("legal rule", "what it starts"), max_length=40, choices=metrics, blank=True)
    target = models.DecimalField(
        _("target"), max_digits=9, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )  # fmt: skip
    unit = models.CharField(_("unit"), max_length=20, choices=Unit, blank=True)
    effective_from = models.DateField(_("in force from"))
    effective_to = models.DateField(
        _("in force until"), null=True, blank=True, editable=False, help_text=_("The first day it no longer holds.")
    )

    class Meta:
        verbose_name = _("legal rule")
        verbose_name_plural = _("legal rules")
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="legal_rule_version"),
            models.UniqueConstraint(fields=["code"], condition=Q(effective_to=None), name="legal_rule_one_current"),
            models.CheckConstraint(
                condition=Q(metric="", target=None, unit="") | (~Q(metric="") & Q(target__gt=0, unit__in=Unit.values)),
                name="legal_rule_clock",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_from__lt=F("effective_to")), name="legal_rule_window"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def citation(self) -> str:
        """Where it is written, e.g. `《中华人民共和国消费者权益保护法》第二十五条`."""
        return f"{self.source}{self.article}"

    @property
    def is_current(self) -> bool:
        return self.effective_to is None

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)
