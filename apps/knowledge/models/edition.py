from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun


class Edition(Noun):
    """A text as it was published: never changed, so that what a customer once read can be shown (KB-01)."""

    article = models.ForeignKey("knowledge.Article", on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField(_("edition"))
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("answer"))
    published_at = models.DateTimeField(_("published"), default=clock.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("published by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    writer_ids = models.JSONField(default=list)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = ["-number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="edition_once")]

    def __str__(self) -> str:
        return f"{self.title} · {self.number}"


class Vote(models.Model):
    """Whether an article helped. One per reader and article; the last word counts. `reader` tells nobody who it was."""

    article = models.ForeignKey("knowledge.Article", on_delete=models.CASCADE, related_name="votes")
    reader = models.CharField(max_length=64)  # HMAC of a member of staff or of address and browser
    useful = models.BooleanField(_("helped"))
    words = models.TextField(_("what was missing"), blank=True)
    edition = models.PositiveIntegerField(_("edition"))
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["article", "reader"], name="vote_once")]

    def __str__(self) -> str:
        return "+" if self.useful else "−"
