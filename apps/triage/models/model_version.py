from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.triage.learning.targets import Target


class Origin(models.TextChoices):
    SHIPPED = "shipped", _("Shipped with the product")
    TICKETS = "tickets", _("This site’s tickets")


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def light(self) -> "ModelVersionQuerySet":
        """Without the weights, which are some hundred kilobytes a row."""
        return self.defer("weights")


class ModelVersion(Noun):
    """A trained model with the figures it was judged by (CLS-03). Rows are kept; one per question works.

    `figures` come from texts the model had not been trained on when it answered; their part `compared` says how it did
    beside the version that was active when it was made, on texts that neither had been trained on.
    """

    number = models.PositiveIntegerField(_("version"), unique=True)
    target = models.CharField(_("question"), max_length=10, choices=Target)
    origin = models.CharField(_("trained on"), max_length=10, choices=Origin)
    active = models.BooleanField(_("active"), default=False)
    texts = models.PositiveIntegerField(_("texts"))
    corrections = models.PositiveIntegerField(_("decided by people"))
    accuracy = models.FloatField(_("accuracy"))
    macro_f1 = models.FloatField(_("macro-F1"))
    figures = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    weights = models.BinaryField()
    actor_label = models.CharField(_("who"), max_length=80)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("learned model")
        verbose_name_plural = _("learned models")
        ordering = ["-number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["target"], condition=Q(active=True), name="model_version_one_active"),
            models.CheckConstraint(condition=Q(target__in=Target.values), name="model_version_target_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_target_display()} {self.number}"
