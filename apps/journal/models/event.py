from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that happened: one append-only row (ARC-02). Written only by `journal.events`.

    The row is the timeline, the audit trail, the outbox and a leaf of the evidence log. `commitment` is
    SHA-256(salt ‖ canonical JSON of data and reason): the leaf holds only that, so the free part could be erased
    one day and the log would still prove the rest.
    """

    id = models.BigAutoField(_("event no."), primary_key=True)
    kind = models.CharField(_("what"), max_length=60)
    subject_type = models.CharField(_("about"), max_length=60)
    subject_id = models.UUIDField(_("record id"))
    actor_kind = models.CharField(_("acting as"), max_length=10)
    actor_label = models.CharField(_("who"), max_length=80)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("when"))
    reason = models.TextField(_("reason"), blank=True)
    data = models.JSONField(_("facts"), default=dict)
    salt = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [("verify_evidence", "Can verify the evidence log")]
        indexes = [
            models.Index(fields=["subject_id", "id"], name="event_subject"),
            models.Index(fields=["kind", "id"], name="event_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
