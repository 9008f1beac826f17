from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.casework.states import Tone
from apps.core.models import Noun
from apps.core.vocabulary import Channel, Language


class ReplyTemplate(Noun):
    """Words for replies (话术, HND-06) with placeholders; once inserted they are the writer's own to change."""

    code = models.SlugField(max_length=40, unique=True, null=True, editable=False)  # of the shipped ones
    title = models.CharField(_("title"), max_length=60)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    category = models.ForeignKey(
        "triage.Category", verbose_name=_("category"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, blank=True)
    tone = models.CharField(_("tone"), max_length=10, choices=Tone, default=Tone.PLAIN)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["position", "title"]
        constraints = [models.UniqueConstraint(fields=["title", "language"], name="reply_template_title")]

    def __str__(self) -> str:
        return self.title


class ToneGuide(Noun):
    """Advice beside the composer when the customer is upset (情绪管理, HND-06). The angriest that fits is shown."""

    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    at_most = models.DecimalField(
        _("from this sentiment down"), max_digits=3, decimal_places=2,
        validators=[MinValueValidator(Decimal(-1)), MaxValueValidator(Decimal(0))],
        help_text=_("From -1 (furious) to 0. The classifier's judgement of the customer's words."),
    )  # fmt: skip
    text = models.TextField(_("advice"), help_text=_("One piece of advice a line; three to five are read."))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("tone guide")
        verbose_name_plural = _("tone guides")
        ordering = ["language", "at_most"]
        constraints = [models.UniqueConstraint(fields=["language", "at_most"], name="tone_guide_level")]

    def __str__(self) -> str:
        return f"{self.get_language_display()} ≤ {self.at_most}"
