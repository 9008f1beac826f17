from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun
from apps.core.vocabulary import Language
from apps.feedback.states import SolutionType


class Plan(Noun):
    """The handling plan (处理方案, HND-02). A changed plan is a new row; the newest one holds."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="plans")
    steps = models.TextField(_("troubleshooting steps"), blank=True)
    measures = models.TextField(_("measures"), blank=True)
    promised_at = models.DateTimeField(_("done by"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("written at"), default=clock.now)

    class Meta:
        verbose_name = _("handling plan")
        verbose_name_plural = _("handling plans")
        ordering = ["-at", "-id"]

    @property
    def words(self) -> str:
        """All that was promised, as one text."""
        return f"{self.steps}\n{self.measures}"


class Solution(Noun):
    """What the customer gets (HND-05). One that costs money waits for somebody else's approval."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="solutions")
    type = models.CharField(_("solution"), max_length=14, choices=SolutionType)
    description = models.TextField(_("description"))
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, help_text=_("Yuan"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed at"), default=clock.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    approved = models.BooleanField(_("approved"), null=True, blank=True)
    decision_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("solution")
        verbose_name_plural = _("solutions")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(cost__gte=0), name="solution_cost_not_negative"),
            models.UniqueConstraint(
                fields=["ticket"], condition=models.Q(decided_at=None), name="solution_one_undecided_per_ticket"
            ),
        ]


class VaguePhrase(models.Model):
    """Wording that promises nothing ("尽快处理"), or a word that makes a sentence concrete. Edited by staff (HND-02)."""

    class Effect(models.TextChoices):
        VAGUE = "vague", _("Vague")
        CONCRETE = "concrete", _("Concrete measure")

    text = models.CharField(_("wording"), max_length=40, unique=True)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect, default=Effect.VAGUE)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("promise wording")
        verbose_name_plural = _("promise wordings")
        ordering = ["effect", "text"]

    def __str__(self) -> str:
        return self.text
