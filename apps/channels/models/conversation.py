from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class Conversation(Noun):
    """Who writes to us through a door and which ticket that belongs to now: a door and a thread (INT-01).

    Written by `services.conversations`, under its row's lock, so that two messages of one person never open two tickets.
    """

    door = models.ForeignKey("channels.Door", on_delete=models.PROTECT, related_name="conversations")
    thread = models.CharField(max_length=120)  # as in Inbound
    peer = EncryptedTextField()  # their id at the platform, which our answers are addressed to
    ticket = models.ForeignKey("feedback.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    heard_at = models.DateTimeField(default=clock.now)  # their last word or event: the platform's window counts from it

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["door", "thread"], name="conversation_once")]

    def __str__(self) -> str:
        return str(self.door)


class Alarm(Noun):
    """A door, mailbox or gateway that is unwell, and that staff were told so. Gone when it is well again."""

    about = models.CharField(max_length=80, unique=True)  # door:<id>, mailbox:<id> or sms
    since = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        default_permissions = ()

    def __str__(self) -> str:
        return self.about
