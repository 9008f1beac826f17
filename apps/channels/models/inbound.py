from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class Inbound(Noun):
    """Something that came through a door, kept as it came before anything is made of it.

    The sender's own id makes repeats one row (INT-14); a row that failed is tried again and never lost.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        HANDLED = "handled", _("Handled")
        IGNORED = "ignored", _("Nothing to do")
        FAILED = "failed", _("Failed")

    door = models.ForeignKey("channels.Door", on_delete=models.PROTECT, related_name="inbound")
    external_id = models.CharField(_("the sender's id"), max_length=120)
    thread = models.CharField(_("conversation"), max_length=120, blank=True)  # who at the other end, as an HMAC
    payload = EncryptedTextField(_("as it came"))
    at = models.DateTimeField(_("received"), default=clock.now)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    ticket = models.ForeignKey("feedback.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey("feedback.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("incoming item")
        verbose_name_plural = _("incoming items")
        constraints = [
            models.UniqueConstraint(fields=["door", "external_id"], name="inbound_once"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "handled", "ignored", "failed"]), name="inbound_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["at"], name="inbound_waiting", condition=Q(state="received")),
            models.Index(fields=["door", "thread", "id"], name="inbound_thread"),
        ]

    def __str__(self) -> str:
        return self.external_id
