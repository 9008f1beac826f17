from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.triage.models.keyword_suggestion import Decision


class Replay(Noun):
    """A change of keywords, tried on past tickets before it is made (CLS-10).

    `changes` are the rows of the change as `services.changes` reads them. The tickets are read a batch at a time:
    `position` is where the next batch begins, `tally` what was found so far.
    """

    changes = models.JSONField()
    days = models.PositiveSmallIntegerField(_("days back"))
    until = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    position = models.CharField(max_length=40, blank=True)
    finished = models.BooleanField(_("finished"), default=False)
    tally = models.JSONField(default=dict)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.OPEN)
    decided_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("made by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("keyword replay")
        verbose_name_plural = _("keyword replays")
        ordering = ["-id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        words = "、".join(change["text"] for change in self.changes[:3])
        return f"{words} …" if len(self.changes) > 3 else words
