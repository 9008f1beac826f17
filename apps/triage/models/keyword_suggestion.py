from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class Decision(models.TextChoices):
    OPEN = "open", _("Undecided")
    ACCEPTED = "accepted", _("Taken over")
    DISMISSED = "dismissed", _("Dropped")


class KeywordSuggestion(Noun):
    """A word that would have led tickets to the category that people gave them (CLS-04).

    Open ones are found anew at each search; a decision is kept, so that nobody is asked twice.
    """

    text = models.CharField(_("keyword"), max_length=40, unique=True)
    category = models.ForeignKey(
        "triage.Category", verbose_name=_("category"), on_delete=models.CASCADE, related_name="+"
    )
    weight = models.DecimalField(_("weight"), max_digits=4, decimal_places=2)
    corrected = models.PositiveIntegerField(
        _("corrected tickets"), help_text=_("Holding it, and led elsewhere by the keywords.")
    )
    here = models.PositiveIntegerField(_("tickets of this category"), help_text=_("Holding it."))
    elsewhere = models.PositiveIntegerField(_("tickets of other categories"), help_text=_("Holding it."))
    strength = models.FloatField(_("strength"), help_text=_("How clearly it tells this category from the others."))
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.OPEN)
    decided_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("settled by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("keyword suggestion")
        verbose_name_plural = _("keyword suggestions")
        ordering = ["-strength", "text"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.text
