from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class Watch(Noun):
    """A colleague follows a ticket that is not theirs and hears of its changes."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="watches")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="watch_once")]
