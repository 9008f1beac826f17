from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class Category(Noun):
    """What feedback is about (CLS-01): a tree that staff edit. `other` takes what nothing else fits."""

    slug = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("parent category"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    order = models.PositiveSmallIntegerField(
        _("position"),
        default=100,
        help_text=_("Smaller stands first, and wins when two categories have equal evidence."),
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return self.name
