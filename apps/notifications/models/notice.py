from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.notifications.catalogue import codes


class Notice(Noun):
    """A line for a colleague inside the desk, in their language (INT-07, SLA-04). No customer's clear name is in it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("colleague"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    event = models.ForeignKey(
        "journal.Event",
        verbose_name=_("because of"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    kind = models.CharField(_("message"), max_length=40, choices=codes)
    text = models.TextField(_("message text"))
    link = models.CharField(_("leads to"), max_length=500, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["event", "user", "kind"], name="notice_once_per_event")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.text.split("\n", 1)[0]
