from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock, vocabulary
from apps.core.models import Noun
from apps.triage.states import PriorityLevel


class DrillStep(models.TextChoices):
    """What is looked for in a drill ticket's history (TRN-01)."""

    ACCEPT = "accept", _("Accepted")
    REPLY = "reply", _("Customer answered")
    PLAN = "plan", _("Handling plan written")
    ASK = "ask", _("Customer asked for what is missing")
    SUPERVISOR = "supervisor", _("Supervisor called in")
    SOLUTION = "solution", _("Solution proposed")
    RESOLVE = "resolve", _("Result given")


class DrillScenario(Noun):
    """A rehearsed case: what comes in, and what a good desk makes of it. Editable rows."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("what the customer says"))
    kind = models.CharField(_("kind"), max_length=12, choices=vocabulary.Kind, default=vocabulary.Kind.COMPLAINT)
    channel = models.CharField(
        _("channel"), max_length=12, choices=vocabulary.Channel, default=vocabulary.Channel.ONLINE
    )
    urgency = models.CharField(
        _("urgency"), max_length=10, choices=vocabulary.Urgency, default=vocabulary.Urgency.NORMAL
    )
    product = models.CharField(_("product or model"), max_length=120, blank=True)
    expected_category = models.ForeignKey(
        "triage.Category", verbose_name=_("expected category"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    expected_priority = models.CharField(_("expected priority"), max_length=10, choices=PriorityLevel, blank=True)
    expected_steps = ArrayField(
        models.CharField(max_length=12, choices=DrillStep), verbose_name=_("expected steps"), default=list, blank=True
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("drill scenario")
        verbose_name_plural = _("drill scenarios")
        ordering = ["code"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name


class Drill(Noun):
    """One exercise with its tickets; running until `ended_at` (TRN-01)."""

    name = models.CharField(_("name"), max_length=80)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(_("started"), default=clock.now)
    ended_at = models.DateTimeField(_("over since"), null=True, blank=True)

    class Meta:
        verbose_name = _("drill")
        verbose_name_plural = _("drills")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("run_drill", "Can run drills")]

    def __str__(self) -> str:
        return self.name


class DrillCase(Noun):
    """A ticket of a drill with the scenario it plays. `outcome` is kept when the drill ends, so that it stays."""

    drill = models.ForeignKey(Drill, on_delete=models.PROTECT, related_name="cases")
    scenario = models.ForeignKey(DrillScenario, on_delete=models.PROTECT, related_name="cases")
    ticket = models.OneToOneField("feedback.Ticket", on_delete=models.PROTECT, related_name="drill_case")
    outcome = models.JSONField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("drill ticket")
        verbose_name_plural = _("drill tickets")
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.drill} · {self.scenario}"
