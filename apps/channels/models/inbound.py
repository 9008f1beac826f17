from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun

if TYPE_CHECKING:
    from apps.core.models import Upload


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
    # When it is handled next; while a worker has it, until when. Nothing where nothing more happens by itself.
    next_try_at = models.DateTimeField(_("next try"), default=clock.now)
    error = models.TextField(_("error"), blank=True)
    ticket = models.ForeignKey("feedback.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey("feedback.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    is_new = False  # True on the instance that `inbound.keep` has just inserted
    uploads: "Sequence[Upload]" = ()  # what was brought from outside for the handler that runs now

    class Meta:
        verbose_name = _("incoming item")
        verbose_name_plural = _("incoming items")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(fields=["door", "external_id"], name="inbound_once"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "handled", "ignored", "failed"]), name="inbound_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["at"], name="inbound_waiting", condition=Q(state="received")),
            models.Index(fields=["door", "thread", "id"], name="inbound_thread"),
            models.Index(fields=["door"], name="inbound_failed", condition=Q(state="failed")),
            models.Index(fields=["-at", "-id"], name="inbound_newest"),
        ]

    def __str__(self) -> str:
        return self.external_id
