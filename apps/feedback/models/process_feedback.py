from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun


class ProcessFeedback(Noun):
    """What slowed a handler down, said after closing (SUR-05). It is about process and tools, never about people."""

    class Obstacle(models.TextChoices):
        NOTHING = "nothing", _("Nothing, it went well")
        TOOL = "tool", _("A tool or the system")
        PROCESS = "process", _("A step of the process")
        INFORMATION = "information", _("Missing information")
        OTHER = "other", _("Something else")

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="process_feedback")
    round = models.PositiveSmallIntegerField(_("round"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+"
    )
    obstacle = models.CharField(_("what slowed me down"), max_length=12, choices=Obstacle)
    words = models.TextField(_("in words"), blank=True)
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("feedback on process and tools")
        verbose_name_plural = _("feedback on process and tools")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["ticket", "round", "author"], name="process_feedback_once")]
        indexes = [models.Index(fields=["at"], name="process_feedback_at")]

    def __str__(self) -> str:
        return str(self.get_obstacle_display())
