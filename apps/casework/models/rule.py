from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import vocabulary
from apps.core.models import Noun


class TicketRule(Noun):
    """Which tickets a rule is about; an empty condition is met by all. A category stands for those under it too."""

    CONDITIONS = ("kind", "demand", "risk", "urgency")

    kind = models.CharField(_("kind"), max_length=12, choices=vocabulary.Kind, blank=True)
    category = models.ForeignKey(
        "triage.Category", verbose_name=_("category"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    demand = models.CharField(_("demand"), max_length=10, choices=vocabulary.Demand, blank=True)
    risk = models.CharField(_("risk"), max_length=10, choices=vocabulary.Risk, blank=True)
    urgency = models.CharField(_("urgency"), max_length=10, choices=vocabulary.Urgency, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        abstract = True
