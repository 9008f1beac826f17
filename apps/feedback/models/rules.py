from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class DeskRules(models.Model):
    """The service desk's own rules: one row, edited in the admin (ADM-05). Read through `selectors.rules()`."""

    queue_minutes_per_point = models.PositiveSmallIntegerField(
        _("minutes a priority point is worth in the queue"), default=6,
        help_text=_("The queue is ordered by the next deadline moved forward by this many minutes for each point of priority."),
    )  # fmt: skip
    satisfied_from = models.PositiveSmallIntegerField(
        _("satisfied from score"), default=4, validators=[MinValueValidator(2), MaxValueValidator(5)]
    )
    supervisor_below = models.PositiveSmallIntegerField(
        _("supervisor calls back below score"), default=3, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    free_cost = models.DecimalField(
        _("cost without approval"), max_digits=14, decimal_places=2, default=0,
        help_text=_("Yuan. A solution that costs more waits for approval."),
    )  # fmt: skip
    reopen_days = models.PositiveSmallIntegerField(
        _("days in which a customer may reopen"), default=15, help_text=_("Counted from closing.")
    )
    repeat_days = models.PositiveSmallIntegerField(
        _("days in which feedback of one customer counts as repeated"), default=30
    )
    repeat_similarity = models.PositiveSmallIntegerField(
        _("likeness from which two texts say the same"), default=50,
        validators=[MinValueValidator(30), MaxValueValidator(100)],
        help_text=_("Percent. Feedback of one customer on the same order or machine counts as repeated without it."),
    )  # fmt: skip
    nudge_hours = models.PositiveSmallIntegerField(
        _("hours between two nudges of a customer"), default=4, help_text=_("0: as often as they like.")
    )
    nudge_heads_from = models.PositiveSmallIntegerField(
        _("nudges from which the heads of department are told"), default=3, validators=[MinValueValidator(1)]
    )
    due_soon_hours = models.PositiveSmallIntegerField(
        _("hours before a deadline in which it counts as due soon"), default=4, validators=[MinValueValidator(1)],
        help_text=_("The queue and the ticket page mark it then."),
    )  # fmt: skip

    hotline = models.CharField(
        _("hotline"), max_length=40, default="400-820-8210", help_text=_("Shown to customers in messages and pages.")
    )

    class Meta:
        verbose_name = _("service desk rules")
        verbose_name_plural = _("service desk rules")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="desk_rules_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
