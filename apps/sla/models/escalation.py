from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Noun
from apps.sla.states import RANK, Level, OverdueUnit, metrics


class EscalationStep(Noun):
    """Who hears of an overdue obligation, and how long after its due time (SLA-04).

    Steps for a metric replace the general ladder (steps without a metric) for it. Overdue time is measured in the
    clock of the deadline's policy: working time for working-time policies.
    """

    metric = models.CharField(
        pgettext_lazy("deadline", "for"), max_length=40, choices=metrics, blank=True,
        help_text=_("Empty: the general ladder, for everything that has none of its own."),
    )  # fmt: skip
    level = models.CharField(_("goes to"), max_length=20, choices=Level)
    after = models.PositiveIntegerField(_("overdue by"), help_text=_("0 means: as soon as it is overdue."))
    unit = models.CharField(_("unit"), max_length=10, choices=OverdueUnit, default=OverdueUnit.PERCENT)

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation ladder")
        ordering = ["metric", "after"]
        constraints = [
            models.UniqueConstraint(fields=["metric", "level"], name="escalation_step_once"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="escalation_step_level"),
            models.CheckConstraint(condition=Q(unit__in=OverdueUnit.values), name="escalation_step_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display() or _('General')}: {self.get_level_display()}"

    @property
    def rank(self) -> int:
        return RANK[self.level]
