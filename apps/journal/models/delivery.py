from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """One receiver's copy of one event, written with the event. Its effect and `done_at` commit together."""

    event = models.ForeignKey("journal.Event", on_delete=models.PROTECT, related_name="deliveries")
    receiver = models.CharField(_("receiver"), max_length=80)
    due_at = models.DateTimeField(_("due"), null=True, blank=True, help_text=_("Empty: given up; somebody must look."))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["event", "receiver"], name="delivery_event_receiver")]
        indexes = [
            models.Index(
                fields=["id"], name="delivery_given_up", condition=models.Q(done_at=None, due_at__isnull=True)
            ),
            models.Index(
                fields=["due_at", "id"], name="delivery_due", condition=models.Q(done_at=None, due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receiver} ← #{self.event_id}"
