from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.models import Noun


class RegulatorCase(Noun):
    """What an authority asks about a ticket, and what became of it (INT-13, LAW-02). Days are Shanghai's.

    Written only by `services.regulator_cases`. A regulator ticket can't be resolved before its outcome stands here.
    """

    class Procedure(models.TextChoices):
        ODR = "odr", _("12315 online settlement (ODR)")  # 在线消费纠纷解决
        COMPLAINT = "complaint", _("12315 complaint")  # 投诉
        REPORT = "report", _("12315 report of a violation")  # 举报
        LETTER = "letter", _("Letter from an authority")  # 函件

    class Method(models.TextChoices):
        """How it was settled with the consumer: what ODR wants to know."""

        ONLINE = "online", _("Online")
        PHONE = "phone", pgettext_lazy("settlement", "By phone")
        MEETING = "meeting", _("Meeting or on-site mediation")
        WRITING = "writing", _("Written answer")

    class Outcome(models.TextChoices):
        SETTLED = "settled", _("Settled")  # 达成和解
        REFUSED = "refused", _("No settlement")  # 未达成
        WITHDRAWN = "withdrawn", pgettext_lazy("regulator", "Withdrawn by the consumer")  # 撤回
        TERMINATED = "terminated", _("Terminated by the authority")  # 终止

    ticket = models.OneToOneField("feedback.Ticket", on_delete=models.PROTECT, related_name="regulator_case")
    procedure = models.CharField(_("procedure"), max_length=12, choices=Procedure, default=Procedure.ODR)
    authority = models.CharField(_("authority"), max_length=120)
    case_number = models.CharField(_("case number"), max_length=80, help_text=_("12315 number or letter number."))
    case_key = models.CharField(max_length=80, editable=False)  # letters and digits of the number, to find it again
    received_on = models.DateField(_("received on"))
    mediation = models.BooleanField(_("mediation accepted"), default=False)
    due_on = models.DateField(
        _("to be answered by"), null=True, blank=True,
        help_text=_("Where the authority names a day. Empty: the time that the law sets."),
    )  # fmt: skip
    method = models.CharField(_("way of settling"), max_length=12, choices=Method, blank=True)
    process = models.TextField(_("course of the settlement"), blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    outcome_on = models.DateField(_("date of the outcome"), null=True, blank=True)
    outcome_note = models.TextField(_("what was agreed or why not"), blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("regulator case")
        verbose_name_plural = _("regulator cases")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=("", "settled", "refused", "withdrawn", "terminated")), name="regulator_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", outcome_on=None) | (~Q(outcome="") & Q(outcome_on__isnull=False)),
                name="regulator_outcome_date",
            ),
        ]
        indexes = [models.Index(fields=["case_key"], name="regulator_case_key")]

    def __str__(self) -> str:
        return f"{self.authority} {self.case_number}"
