from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class LibraryVersion(Noun):
    """A state of categories, keywords, points and routing rules (CLS-02). Each change makes the next one.

    Processes compare the newest row's id with the one they have loaded, so a change works everywhere within a second.
    """

    number = models.PositiveBigIntegerField(_("version"), unique=True)
    change = models.CharField(_("change"), max_length=60)
    what = models.CharField(_("changed entry"), max_length=200)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("changed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    actor_label = models.CharField(_("who"), max_length=80)

    class Meta:
        verbose_name = _("library version")
        verbose_name_plural = _("library versions")
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)
