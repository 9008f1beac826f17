from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.core.vocabulary import Language
from apps.notifications.catalogue import codes
from apps.notifications.states import MessageChannel


class Template(Noun):
    """The words of one message in one channel and language (HND-07); shipped, then changed by staff (ADM-05)."""

    code = models.CharField(_("message"), max_length=40, choices=codes, editable=False)
    channel = models.CharField(_("channel"), max_length=10, choices=MessageChannel, editable=False)
    language = models.CharField(_("language"), max_length=10, choices=Language, editable=False)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("message text"))
    active = models.BooleanField(
        _("in use"),
        default=True,
        help_text=_(
            "Switched off, the message goes out in Simplified Chinese; with that one switched off too, not at all."
        ),
    )
    edited = models.BooleanField(
        _("edited"),
        default=False,
        editable=False,
        help_text=_("Once staff have changed a text, updates of the product leave it alone."),
    )
    changed_at = models.DateTimeField(_("changed at"), null=True, editable=False)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["code", "channel", "language"]
        default_permissions = ("change", "view")
        constraints = [
            models.UniqueConstraint(fields=["code", "channel", "language"], name="template_code_channel_language")
        ]

    def __str__(self) -> str:
        return f"{self.get_code_display()} · {self.get_channel_display()} · {self.get_language_display()}"
