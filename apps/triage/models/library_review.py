from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class LibraryReview(Noun):
    """The monthly task to look the keyword library over (CLS-02): made once a month, done by whoever ticks it off.

    `month` is its first day in Shanghai; `figures` are what is to be looked at: what changed, which keywords were
    hardly met, which were most often wrong.
    """

    month = models.DateField(_("month"), unique=True)
    figures = models.JSONField(default=dict)
    done_at = models.DateTimeField(_("ticked off at"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("ticked off by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    note = models.TextField(_("result of the review"), blank=True)

    class Meta:
        verbose_name = _("keyword review")
        verbose_name_plural = _("keyword reviews")
        ordering = ["-month"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
