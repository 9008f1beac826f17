from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.core.vocabulary import Language


class Topic(Noun):
    """Where readers look for an article. `categories` are the tickets' categories whose staff are shown its articles."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_hant = models.CharField(_("name in traditional Chinese"), max_length=60, blank=True)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    categories = ArrayField(
        models.CharField(max_length=40), verbose_name=_("ticket categories"), default=list, blank=True,
        help_text=_("Codes, separated by commas: tickets of these are shown the articles of this topic first."),
    )  # fmt: skip
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["order", "code"]

    def __str__(self) -> str:
        """In the reader's language where there is such a name."""
        names = {Language.ZH_HANT.value: self.name_hant, Language.EN.value: self.name_en}
        return names.get(get_language() or "", "") or self.name
