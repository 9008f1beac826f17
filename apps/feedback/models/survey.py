from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun


class Survey(Noun):
    """The satisfaction survey of one round of a ticket (SUR-02); reopening starts another round."""

    class Score(models.IntegerChoices):
        VERY_SATISFIED = 5, _("Very satisfied")
        SATISFIED = 4, _("Satisfied")
        FAIR = 3, _("Fair")
        DISSATISFIED = 2, _("Dissatisfied")
        VERY_DISSATISFIED = 1, _("Very dissatisfied")

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="surveys")
    round = models.PositiveSmallIntegerField(_("round"))
    sent_at = models.DateTimeField(_("sent at"), default=clock.now)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    score = models.PositiveSmallIntegerField(_("score"), choices=Score, null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    followed_up_at = models.DateTimeField(_("followed up at"), null=True, blank=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "round"], name="survey_once_per_round"),
            models.CheckConstraint(condition=models.Q(score=None) | models.Q(score__range=(1, 5)), name="survey_score"),
        ]
        indexes = [
            models.Index(fields=["answered_at"], name="survey_answered", condition=models.Q(answered_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.round}"
