from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.core.vocabulary import Demand, Risk


class Keyword(Noun):
    """One entry of the keyword library (CLS-02).

    `text` is kept as it is compared: narrow letters, lower case, simplified characters (`folding.fold`). An entry may
    carry a category with a weight, a demand, a risk, a tone, or nothing at all: then it only keeps shorter entries
    inside it from being found, because the longest entry wins.
    """

    text = models.CharField(_("keyword"), max_length=40, unique=True)
    category = models.ForeignKey(
        "triage.Category", verbose_name=_("category"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="keywords",
    )  # fmt: skip
    weight = models.DecimalField(
        _("weight"), max_digits=4, decimal_places=2, default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(10)],
        help_text=_("0 to 10: how clearly this word speaks for the category. 1 is a hint, 3 is clear."),
    )  # fmt: skip
    demand = models.CharField(
        _("demand"), max_length=10, choices=Demand, default=Demand.NONE, help_text=_("What the customer asks for.")
    )
    risk = models.CharField(_("risk"), max_length=10, choices=Risk, default=Risk.NONE)
    sentiment = models.DecimalField(
        _("tone"), max_digits=3, decimal_places=2, default=Decimal(0),
        validators=[MinValueValidator(-1), MaxValueValidator(1)],
        help_text=_("−1 angry, 0 neutral, 1 praise."),
    )  # fmt: skip
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Takes the lead when this word decides the category, whatever the routing rules say."),
    )  # fmt: skip
    note = models.CharField(_("note"), max_length=200, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("keyword")
        verbose_name_plural = _("keywords")
        ordering = ["text"]
        constraints = [
            models.CheckConstraint(condition=Q(weight__range=(0, 10)), name="keyword_weight_range"),
            models.CheckConstraint(condition=Q(sentiment__range=(-1, 1)), name="keyword_sentiment_range"),
        ]

    def __str__(self) -> str:
        return self.text
