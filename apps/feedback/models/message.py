from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun
from apps.core.vocabulary import Channel
from apps.feedback.states import MessageKind


class Message(Noun):
    """An entry of the ticket's story: the customer's words, a reply, a note, a call (HND-03)."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(_("kind"), max_length=12, choices=MessageKind)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    body = models.TextField(_("text"))
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, blank=True)
    at = models.DateTimeField(_("when"), default=clock.now)

    origin = ""  # on the story of another ticket: the number of the merged one it was written on
    files: "list[Attachment]" = []  # where `selectors.workspace.story` has read them
    quoted = ""  # of an e-mail: what it quoted, where `selectors.workspace.story` has read it

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [models.Index(fields=["ticket", "at"], name="message_ticket")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {clock.local(self.at):%m-%d %H:%M}"


class Attachment(Noun):
    """A received file that belongs to a ticket, and to one of its messages where it came with one."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="attachments")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments")
    regulator_case = models.ForeignKey(  # a document of the authority's, or to it (INT-13)
        "feedback.RegulatorCase", null=True, blank=True, on_delete=models.PROTECT, related_name="documents"
    )
    upload = models.ForeignKey("core.Upload", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.upload.name
