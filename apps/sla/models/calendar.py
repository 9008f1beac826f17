from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Noun
from apps.sla.states import DayKind, Weekday


class Calendar(Noun):
    """The working hours of a department, or of all departments that have no calendar of their own (SLA-02)."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)
    department = models.OneToOneField(
        "accounts.Department", verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="calendar", help_text=_("Empty: for every department without a calendar of its own."),
    )  # fmt: skip
    official_days = models.BooleanField(
        _("keeps public holidays and make-up days"), default=True,
        help_text=_("Switch off for departments that work the same hours on holidays, such as a hotline."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["department"],
                condition=Q(department=None),
                nulls_distinct=False,
                name="calendar_one_default",
                violation_error_message=_("There is a default calendar already. Choose a department for this one."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class WorkingPeriod(models.Model):
    """Hours of one weekday, Shanghai time. An end of 00:00 is the midnight at which the day ends."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="periods")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    start = models.TimeField(pgettext_lazy("working hours", "from"))
    end = models.TimeField(pgettext_lazy("working hours", "until"))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "start"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "start"], name="working_period_start"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="working_period_weekday"),
            models.CheckConstraint(condition=Q(start__lt=F("end")) | Q(end=time(0)), name="working_period_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class CalendarDay(Noun):
    """A day that differs from its weekday. A calendar's own entry goes before the official one of the same date."""

    calendar = models.ForeignKey(
        Calendar, verbose_name=_("calendar"), null=True, blank=True, on_delete=models.CASCADE, related_name="days",
        help_text=_("Empty: an official day, for every calendar that keeps public holidays."),
    )  # fmt: skip
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=20, choices=DayKind)
    name = models.CharField(_("name"), max_length=60, blank=True)
    provisional = models.BooleanField(
        _("provisional"), default=False,
        help_text=_("Expected, but not yet announced by the State Council."),
    )  # fmt: skip
    by_hand = models.BooleanField(_("entered by staff"), default=False, editable=False)  # loading leaves it alone

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "date"], nulls_distinct=False, name="calendar_day_once"),
            models.CheckConstraint(condition=Q(kind__in=DayKind.values), name="calendar_day_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.name or self.get_kind_display()}"
