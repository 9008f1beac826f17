from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.triage.states import Factor, value_label


class ScoreWeight(Noun):
    """How many points a fact about a ticket is worth (CLS-05). What has no row is worth nothing."""

    factor = models.CharField(_("factor"), max_length=12, choices=Factor)
    value = models.CharField(
        _("value"), max_length=20,
        help_text=_("A code such as “vip”; for earlier feedback (at least) and tone (at or below) a number."),
    )  # fmt: skip
    points = models.SmallIntegerField(
        _("points"), validators=[MinValueValidator(-100), MaxValueValidator(100)],
        help_text=_("For levels: from how many points on."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("score weight")
        verbose_name_plural = _("score weights")
        ordering = ["factor", "-points", "value"]
        constraints = [
            models.UniqueConstraint(fields=["factor", "value"], name="score_weight_factor_value"),
            models.CheckConstraint(condition=Q(points__range=(-100, 100)), name="score_weight_points_range"),
        ]

    def __str__(self) -> str:
        return f"{self.get_factor_display()} {value_label(self.factor, self.value)}: {self.points}"
