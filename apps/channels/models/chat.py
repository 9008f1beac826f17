from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun

HERE = timedelta(seconds=45)  # an open widget reports itself at least every 20 s


class Chat(Noun):
    """A conversation in the website's widget (INT-01): the customer's end of one ticket. Written by `services.chat`."""

    door = models.ForeignKey("channels.Door", on_delete=models.PROTECT, related_name="chats")
    ticket = models.OneToOneField("feedback.Ticket", on_delete=models.PROTECT, related_name="chat")
    page = models.CharField(_("page it began on"), max_length=300, blank=True)  # without query: it may name people
    consent = models.CharField(_("consented to"), max_length=400)  # the very words that stood beside the box
    consented_at = models.DateTimeField(_("consented at"), default=clock.now)
    seen_at = models.DateTimeField(_("customer last there"), default=clock.now)

    class Meta:
        verbose_name = _("website chat")
        verbose_name_plural = _("website chats")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.ticket)

    @property
    def is_here(self) -> bool:
        """Whether the customer has the chat before their eyes now, as far as one can know."""
        return clock.now() - self.seen_at < HERE
