from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class Tag(Noun):
    """A word that tickets are sorted by (CLS-08), kept as it is compared. Tickets hold the words themselves.

    One that `becomes` another stands for it from then on: whoever writes the old word gets the new one, and tickets
    that have the old one follow in batches (`services.tag_library`).
    """

    name = models.CharField(_("tag"), max_length=30, unique=True)
    category = models.ForeignKey(
        "triage.Category", verbose_name=_("suggest for category"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    suggested = models.BooleanField(
        _("suggested"), default=False, help_text=_("Offered first: for its category, or for all where none is given.")
    )
    uses = models.PositiveIntegerField(_("tickets"), default=0, editable=False)
    becomes = models.ForeignKey(
        "self", verbose_name=_("stands for"), null=True, blank=True, on_delete=models.PROTECT, related_name="former",
        editable=False,
    )  # fmt: skip
    pending = models.BooleanField(_("being replaced"), default=False, editable=False)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(becomes=F("id")), name="tag_becomes_another")]
        indexes = [models.Index(fields=["-uses"], name="tag_uses")]

    def __str__(self) -> str:
        return self.name
