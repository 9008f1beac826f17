from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class Survey(Noun):
    """The satisfaction survey of one round of a ticket (SUR-02); reopening starts another round."""

    class Score(models.IntegerChoices):
        VERY_SATISFIED = 5, _("Very satisfied")
        SATISFIED = 4, _("Satisfied")
        FAIR = 3, _("Fair")
        DISSATISFIED = 2, _("Dissatisfied")
        VERY_DISSATISFIED = 1, _("Very dissatisfied")

    class Way(models.TextChoices):
        LINK = "link", _("Link")
        SMS = "sms", _("SMS reply")
        CALL = "call", _("Phone call")

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="surveys")
    round = models.PositiveSmallIntegerField(_("round"))
    sent_at = models.DateTimeField(_("sent at"), default=clock.now)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    score = models.PositiveSmallIntegerField(_("score"), choices=Score, null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    # How it was handled, asked apart from what came out of it (LAW-06); neither stands in for the other.
    process_score = models.PositiveSmallIntegerField(
        _("satisfaction with the handling"), choices=Score, null=True, blank=True
    )
    answered_by = models.CharField(_("answered by"), max_length=4, choices=Way, blank=True)
    # The words of the comment that contradict a good score (HND-12); such a score is nobody's satisfaction.
    contradiction = models.CharField(_("contradiction"), max_length=200, blank=True)
    helped_at = models.DateTimeField(null=True, blank=True, editable=False)  # an unclear reply was answered, once
    followed_up_at = models.DateTimeField(_("followed up at"), null=True, blank=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "round"], name="survey_once_per_round"),
            models.CheckConstraint(condition=models.Q(score=None) | models.Q(score__range=(1, 5)), name="survey_score"),
            models.CheckConstraint(
                condition=models.Q(process_score=None) | models.Q(process_score__range=(1, 5)),
                name="survey_process_score",
            ),
        ]
        indexes = [
            models.Index(fields=["answered_at"], name="survey_answered", condition=models.Q(answered_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.round}"


class SmsReply(Noun):
    """A text message that a customer sent to our number, with what became of it (SUR-02). Nothing is thrown away."""

    class Verdict(models.TextChoices):
        ANSWERED = "answered", _("Survey answered")
        MESSAGE = "message", _("Kept as a message on the ticket")
        REOPENED = "reopened", _("Ticket taken up again")
        STOPPED = "stopped", _("Wants no more survey messages")
        RESUMED = "resumed", _("Wants survey messages again")
        UNKNOWN = "unknown", _("No ticket of this number")

    external_id = models.CharField(_("the gateway's id"), max_length=120, unique=True)
    sender = EncryptedTextField(_("sender"))
    sender_masked = models.CharField(_("sender"), max_length=40, blank=True)
    sender_index = models.CharField(max_length=64)
    text = EncryptedTextField(_("text"), blank=True)
    at = models.DateTimeField(_("received"), default=clock.now)
    verdict = models.CharField(_("what became of it"), max_length=10, choices=Verdict)
    ticket = models.ForeignKey("feedback.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("SMS reply")
        verbose_name_plural = _("SMS replies")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["answered", "message", "reopened", "stopped", "resumed", "unknown"]),
                name="sms_reply_verdict_known",
            )
        ]
        indexes = [models.Index(fields=["sender_index"], name="sms_reply_sender")]

    def __str__(self) -> str:
        return f"{self.sender_masked} {clock.local(self.at):%m-%d %H:%M}"


class SurveyRefusal(Noun):
    """A phone number that wants no survey messages (it answered STOP); its tickets are handled as before."""

    sender_index = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = _("refusal of survey messages")
        verbose_name_plural = _("refusals of survey messages")
        default_permissions = ()
