"""The words of this room."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PriorityLevel(models.TextChoices):
    """How soon a ticket wants attention, from its score (CLS-05)."""

    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")
