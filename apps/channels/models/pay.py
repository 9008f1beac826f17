from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.models import Noun


class PayComplaint(Noun):
    """A consumer's complaint at WeChat Pay and the ticket that answers it (INT-14). Written by `services.pay`.

    Amounts are yuan. `remote_state` is what the provider says last; the ticket has its own state.
    """

    class RemoteState(models.TextChoices):
        PENDING = "PENDING", _("Waiting for our first answer")
        PROCESSING = "PROCESSING", _("Being handled")
        PROCESSED = "PROCESSED", pgettext_lazy("complaint", "Done")

    door = models.ForeignKey("channels.Door", on_delete=models.PROTECT, related_name="complaints")
    complaint_id = models.CharField(_("complaint number"), max_length=64)
    ticket = models.OneToOneField("feedback.Ticket", on_delete=models.PROTECT, related_name="pay_complaint")
    remote_state = models.CharField(_("state at the provider"), max_length=12, choices=RemoteState)
    complained_at = models.DateTimeField(_("complained"))
    problem_type = models.CharField(_("kind of problem"), max_length=30, blank=True)
    transaction_id = models.CharField(_("payment number"), max_length=64, blank=True)
    order_number = models.CharField(_("merchant's order number"), max_length=64, blank=True)
    amount = models.DecimalField(_("paid"), max_digits=14, decimal_places=2, null=True, blank=True)
    refund_asked = models.DecimalField(_("refund asked for"), max_digits=14, decimal_places=2, null=True, blank=True)
    fully_refunded = models.BooleanField(_("fully refunded"), default=False)
    times = models.PositiveSmallIntegerField(_("complaints of this user"), default=1)
    seen_logs = ArrayField(models.CharField(max_length=64), default=list, blank=True, editable=False)
    replied_at = models.DateTimeField(_("first answered there"), null=True, blank=True)
    completed_at = models.DateTimeField(_("reported as done"), null=True, blank=True)
    synced_at = models.DateTimeField(_("last asked"), default=clock.now)

    class Meta:
        verbose_name = _("payment complaint")
        verbose_name_plural = _("payment complaints")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["door", "complaint_id"], name="pay_complaint_once"),
            models.CheckConstraint(
                condition=Q(remote_state__in=["PENDING", "PROCESSING", "PROCESSED"]), name="pay_complaint_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.complaint_id


class PayStep(Noun):
    """Something we tell the provider: an answer to the user, or "done". Sent in order, each once, kept by its sender.

    Like a message on its way out it has no transition door: nobody decides about it.
    """

    class Kind(models.TextChoices):
        REPLY = "reply", _("Answer to the user")
        COMPLETE = "complete", _("Report as done")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")  # claimed until `next_try_at`; after that it counts as unknown
        UNKNOWN = "unknown", _("Outcome unknown")  # asked about before it is sent again
        DONE = "done", pgettext_lazy("complaint", "Done")
        FAILED = "failed", _("Refused")
        DROPPED = "dropped", _("Not needed any more")

    complaint = models.ForeignKey(PayComplaint, on_delete=models.PROTECT, related_name="steps")
    event = models.ForeignKey("journal.Event", on_delete=models.PROTECT, related_name="+")  # what it answers to
    part = models.PositiveSmallIntegerField(default=0)  # a long answer goes in parts of 200 characters
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    body = models.CharField(_("text"), max_length=200, blank=True)
    message = models.ForeignKey("feedback.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next attempt"), null=True, default=clock.now)
    first_sent_at = models.DateTimeField(_("first attempt"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("message to the provider")
        verbose_name_plural = _("messages to the provider")
        default_permissions = ("view",)
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "kind", "part"], name="pay_step_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "unknown", "done", "failed", "dropped"]),
                name="pay_step_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="pay_step_due", condition=Q(next_try_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.complaint_id}"
