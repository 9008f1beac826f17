from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.casework.states import activities
from apps.core import clock
from apps.core.models import Noun


class TimeEntry(Noun):
    """Minutes somebody worked on a ticket. Never changed: a correction is an entry that takes the minutes back."""

    ticket = models.ForeignKey("feedback.Ticket", verbose_name=_("ticket"), on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="+"
    )
    minutes = models.IntegerField(_("minutes"))
    activity = models.CharField(_("activity"), max_length=20, choices=activities)
    note = models.CharField(_("note"), max_length=200, blank=True)
    worked_on = models.DateField(_("day"), help_text=_("Calendar day in Shanghai."))
    at = models.DateTimeField(_("entered at"), default=clock.now)
    corrects = models.OneToOneField(
        "self", verbose_name=_("corrects"), null=True, on_delete=models.PROTECT, related_name="correction"
    )

    class Meta:
        verbose_name = _("time entry")
        verbose_name_plural = _("time entries")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(corrects=None, minutes__gt=0) | Q(corrects__isnull=False, minutes__lt=0),
                name="time_entry_sign",
            )
        ]
        indexes = [models.Index(fields=["user", "worked_on"], name="time_entry_person_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.worked_on} {self.minutes}"
