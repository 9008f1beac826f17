from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun


class Product(Noun):
    """Something we sell. `group` decides, together with the category, which department answers (CLS-07)."""

    sku = models.CharField(_("SKU"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    group = models.CharField(
        _("product group"), max_length=60, blank=True, db_index=True, help_text=_("As the routing rules name it.")
    )
    model = models.CharField(_("product model"), max_length=60, blank=True, db_index=True)
    active = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]

    def __str__(self) -> str:
        return f"{self.name} {self.model}".strip()
